import { readFileSync } from 'node:fs';
import test from 'ava';
import { Prng } from '../../src/base/prng.js';
import { shippedFile } from '../../src/base/paths.js';
import { readProgram } from '../../src/bmv2/index.js';
import { PacketPool, wirePool } from '../../src/packet/index.js';
import { V1Switch } from '../../src/v1model/index.js';
import { FrameMaker } from '../fuzz/frames.js';

const text = readFileSync(shippedFile('p4/build/shadow.json'), 'utf8');
const program = readProgram(text, 'shadow.json');
const PACKETS = 20_000;
const LOSS = 'SwitchEgress.link_fault.loss';
/** A port that no packet leaves by. */
const UNUSED = Uint8Array.of(0, 77);

interface Rig {
  v1: V1Switch;
  send(port: number, frame: Uint8Array, nowNs: number): string[];
}

/** A switch that forwards everything to port 2 and mirrors all of port 1. */
function build(): Rig {
  const pool = new PacketPool({ ...wirePool, slots: 64 });
  let out: string[] = [];
  const v1 = new V1Switch(program, {
    pool,
    seed: 1,
    attachment: {
      transmit(port, packet) {
        out.push(`${port} ${Buffer.from(pool.view(packet)).toString('hex')}`);
        pool.free(packet);
      },
      wakeAt() {},
    },
  });
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
  const params = [mac, mac, Uint8Array.of(0, 2)];
  const action = 'SwitchIngress.routing.forward';
  const member = v1.profiles.get('SwitchIngress.routing.ecmp')!.addMember({ action, params });
  const any = { value: new Uint8Array(4), prefixLength: 0 };
  v1.tables.get('SwitchIngress.routing.ipv4_lpm')!.insert([any], 0, { member });
  return {
    v1,
    send(port, frame, nowNs) {
      out = [];
      v1.receive(port, pool.allocFrom(frame), nowNs);
      return out;
    },
  };
}

/** An entry that no packet meets: the table is not empty any more. */
function makeLoud({ v1 }: Rig): () => void {
  const table = v1.tables.get(LOSS)!;
  const port = { value: UNUSED, mask: Uint8Array.of(1, 255) };
  const match = table.key.map((_, i) => (i === 0 ? port : null));
  const params = [Uint8Array.of(255, 255, 255, 255), new Uint8Array(6)];
  const handle = table.insert(match, 1, { action: 'SwitchEgress.link_fault.lose', params });
  return () => table.remove(handle);
}

/** Counters of every default entry. */
function counted({ v1 }: Rig): string[] {
  return [...v1.tables.values()].map((table) => `${table.name} ${table.readCounter(0).packets}`);
}

test('code that leaves empty tables out does what the whole code does', (t) => {
  const [quiet, loud] = [build(), build()];
  const makeQuiet = makeLoud(loud);
  const frames = new FrameMaker(text, new Prng(5));
  let left = 0;
  for (let i = 0; i < PACKETS; i++) {
    // Now and then the other switch goes over, too.
    if (i === PACKETS / 2) makeQuiet();
    if (i === (PACKETS * 3) / 4) makeLoud(quiet);
    const frame = frames.next();
    const one = quiet.send(i % 4, frame, i * 1000);
    t.deepEqual(loud.send(i % 4, frame, i * 1000), one);
    left += one.length;
  }
  t.deepEqual(counted(loud), counted(quiet));
  t.deepEqual(loud.v1.drops, quiet.v1.drops);
  t.true(left > 500, `${left} packets left`);
});

test('an entry acts on the next packet, and its removal too; a restored state as well', (t) => {
  const rig = build();
  const frame = Uint8Array.from(
    Buffer.from(
      '000000000100000000000a0108004500002e00004000400623c80a0001010a000202' +
        '04d2005000000000000000005000000000000000000000000000',
      'hex',
    ),
  );
  const table = rig.v1.tables.get(LOSS)!;
  const lossy = table.key.map(() => null);
  const params = [Uint8Array.of(255, 255, 255, 255), new Uint8Array(6)];
  const action = 'SwitchEgress.link_fault.lose';
  const hits = (): number => table.readCounter(handle).packets;
  t.is(rig.send(1, frame, 1000).length, 1);
  const empty = rig.v1.save();
  const handle = table.insert(lossy, 1, { action, params });
  rig.send(1, frame, 2000);
  t.is(hits(), 1);
  const filled = rig.v1.save();
  rig.v1.load(empty);
  rig.send(1, frame, 3000);
  t.is(table.readCounter(0).packets, 2);
  rig.v1.load(filled);
  rig.send(1, frame, 4000);
  t.is(hits(), 2);
  table.setDefault({ action, params });
  t.is(rig.send(1, frame, 5000).length, 1);
});
