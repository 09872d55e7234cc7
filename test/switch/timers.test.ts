/** Digests and idle timeouts on a clock that stands still unless it is moved, and forks of both. */
import test from 'ava';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { EmbeddedSwitch } from '../../src/switch/index.js';
import { entryFromRule, Schema } from '../../src/p4runtime/index.js';
import { Update_Type, type DigestList, type Entity } from '../../src/proto/index.js';
import { byA, entityOf } from '../conformance/entities.js';
import { paths, probeBytes } from '../conformance/packets.js';
import { programConfig } from '../conformance/world.js';

const MS = 1e6;
const config = programConfig('conformance');
const schema = new Schema(config.p4info!);

interface Bench {
  device: EmbeddedSwitch;
  /** What the switch told its controller, with the time in ms. */
  heard: string[];
  /** The time that it wants to be woken at, ns. */
  wakeNs: number;
  nowNs: number;
  send(path: keyof typeof paths, a: number): void;
  insert(entity: Entity): void;
  /** Wakes the switch whenever it wants, up to a time. */
  runTo(timeMs: number): void;
}

function bench(): Bench {
  const pool = new PacketPool(fabricPool);
  const device = new EmbeddedSwitch({
    deviceId: 1n,
    pool,
    seed: 1,
    now: () => self.nowNs,
    attachment: {
      transmit: (_, packet) => pool.free(packet),
      wakeAt: (timeNs) => (self.wakeNs = timeNs),
    },
  });
  const note = (what: string): unknown => self.heard.push(`${self.nowNs / MS} ${what}`);
  device.listen({
    packetIn() {},
    digest: ({ listId, data }: DigestList) => note(`list ${listId} of ${data.length}`),
    idleTimeout: ({ tableEntry }) => note(`${tableEntry.length} idle`),
  });
  const self: Bench = {
    device,
    heard: [],
    wakeNs: Infinity,
    nowNs: 0,
    send: (path, a) => device.packetOut(probeBytes(schema, paths[path], { a })),
    insert: (entity) => device.write({ type: Update_Type.INSERT, entity }),
    runTo(timeMs) {
      while (self.wakeNs <= timeMs * MS) {
        self.nowNs = Math.max(self.nowNs, self.wakeNs);
        self.wakeNs = Infinity;
        device.wake(self.nowNs);
      }
      self.nowNs = timeMs * MS;
    },
  };
  device.commit(config);
  return self;
}

const timed = (a: number, ttlMs: number): Entity =>
  entityOf('tableEntry', {
    ...entryFromRule(schema, byA('timeout_table', a)),
    idleTimeoutNs: BigInt(ttlMs * MS),
  });
const digest = (maxListSize: number, maxTimeoutMs: number, ackTimeoutMs: number): Entity =>
  entityOf('digestEntry', {
    digestId: schema.digests.all[0]!.id,
    config: {
      maxListSize,
      maxTimeoutNs: BigInt(maxTimeoutMs * MS),
      ackTimeoutNs: BigInt(ackTimeoutMs * MS),
    },
  });

test('an idle entry is reported at its time to live, again and again, until it is hit', (t) => {
  const b = bench();
  b.insert(timed(1, 100));
  b.insert(timed(2, 100));
  b.insert(timed(3, 250));
  b.runTo(50);
  b.send('timeout', 2);
  b.runTo(300);
  t.deepEqual(b.heard, ['100 1 idle', '150 1 idle', '200 1 idle', '250 2 idle', '300 1 idle']);
});

test('a time to live of 0, a deletion and another pipeline end it', (t) => {
  const b = bench();
  b.insert(timed(1, 100));
  b.insert(timed(2, 100));
  b.device.write({ type: Update_Type.MODIFY, entity: { ...timed(1, 0) } });
  b.device.write({ type: Update_Type.DELETE, entity: timed(2, 0) });
  t.is(b.wakeNs, Infinity);
  b.insert(timed(3, 100));
  t.is(b.wakeNs, 100 * MS);
  b.device.commit(config);
  t.is(b.wakeNs, Infinity);
  b.runTo(1000);
  t.deepEqual(b.heard, []);
});

test('a scan late at most, however short the time to live', (t) => {
  const b = bench();
  b.runTo(3);
  b.insert(entityOf('tableEntry', {
    ...entryFromRule(schema, byA('timeout_table', 1)),
    idleTimeoutNs: 1n,
  }));
  b.runTo(35);
  t.deepEqual(b.heard, ['10 1 idle', '20 1 idle', '30 1 idle']);
});

test('wake-ups are asked for an hour ahead at most', (t) => {
  const b = bench();
  b.insert(entityOf('tableEntry', {
    ...entryFromRule(schema, byA('timeout_table', 1)),
    idleTimeoutNs: 9_223_372_036_854_775_807n,
  }));
  t.is(b.wakeNs, 3600e9);
});

test('digests wait for their time, and are sent again when an ack does not come', (t) => {
  const b = bench();
  b.insert(digest(3, 20, 100));
  for (const a of [1, 2, 2, 3]) b.send('digest', a);
  b.runTo(10);
  b.send('digest', 4);
  b.send('digest', 1);
  b.runTo(99);
  b.send('digest', 1);
  b.runTo(100);
  b.send('digest', 1);
  b.runTo(200);
  t.deepEqual(b.heard, ['0 list 1 of 3', '30 list 2 of 1', '120 list 3 of 1']);
});

test('a fork goes on with the digests, timers and ports of its snapshot', (t) => {
  const b = bench();
  b.insert(digest(5, 40, 1000));
  b.insert(timed(1, 100));
  for (const a of [1, 2]) b.send('digest', a);
  b.runTo(20);
  b.device.setPortState(3, false);
  const saved = b.device.save();
  const wakeNs = b.wakeNs;
  const go = (): string[] => {
    b.send('digest', 2);
    b.send('digest', 3);
    b.runTo(250);
    return b.heard.splice(0);
  };
  const first = go();
  b.device.setPortState(3, true);
  b.insert(timed(2, 100));
  b.device.load(saved);
  b.nowNs = 20 * MS;
  b.wakeNs = wakeNs;
  t.deepEqual(first, ['40 list 1 of 3', '100 1 idle', '200 1 idle']);
  t.deepEqual(go(), first);
});
