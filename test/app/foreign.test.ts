/** A production that runs a program of somebody else: cloned by reading, and broken by the stage. */
import test from 'ava';
import { buildNetwork, loadProgram, Shadow } from '../../src/app/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { ProductionDevice, ProductionView } from '../../src/device/index.js';
import { foldChecksum, sumWords, wirePool } from '../../src/packet/index.js';
import { ruleEntity } from '../../src/p4runtime/index.js';
import { Update_Type } from '../../src/proto/index.js';
import { frameOf, segment, segmentOf } from '../fault/segment.js';
import { datagram } from '../fault/tap.js';
import { pair } from '../laboratory.js';

const program = 'test/programs/build/router';
const config = loadProgram({
  json: shippedFile(`${program}.json`),
  p4info: shippedFile(`${program}.p4info.txtpb`),
});
const MS = 1e6;
/** A port without a cable, where a tap sees what leaves. */
const TAPPED = 7;

async function build() {
  const network = buildNetwork(pair, 1);
  const { channel } = network;
  const production = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config });
  const routes = Array.from({ length: 50 }, (_, i) =>
    ruleEntity(production.schema, {
      table: 'routes',
      match: { 'hdr.ipv4.destination': `10.0.${i}.0/24` },
      action: 'forward',
      params: { next_hop: `00:00:00:00:00:${(i + 16).toString(16)}`, port: String(TAPPED) },
    }),
  );
  await production.write(routes.map((entity) => ({ type: Update_Type.INSERT, entity })));
  const view = await ProductionView.open('s1', channel, 1n);
  const before = await view.readState();
  const shadow = await Shadow.build(pair, 1, [view]);
  const first = await shadow.sync.compare(true);
  const after = await shadow.sync.compare(false);
  return { network, shadow, view, before, first, after };
}

test('any program is cloned whole, and both forward alike', async (t) => {
  const { network, shadow, view, before, first, after } = await build();
  t.true(first.equal < first.entities);
  t.is(after.equal, after.entities);
  t.is(after.fidelity, 1);
  t.deepEqual(await view.readState(), before);
  const seen = [network.fabric, shadow.network.fabric].map((fabric) => {
    const frames: string[] = [];
    fabric.tap('s1', TAPPED, (frame) => frames.push(Buffer.from(frame).toString('hex')));
    for (let i = 0; i < 1000; i++) {
      const frame = datagram(i);
      frame.set([10, 0, i % 60], 30);
      frame.fill(0, 24, 26);
      new DataView(frame.buffer).setUint16(24, foldChecksum(sumWords(frame, 14, 20)));
      fabric.inject('s1', 1, frame, frame.length);
    }
    fabric.runUntil(fabric.nowNs + 100 * MS);
    return frames;
  });
  // 60 destinations, routes for 50 of them.
  t.is(seen[0]!.length, 840);
  t.deepEqual(seen[1], seen[0]);
});

test('faults act on a program that knows nothing of them, on the shadow alone', async (t) => {
  const { network, shadow } = await build();
  const count = (fabric: typeof network.fabric, port: number): (() => number) => {
    let frames = 0;
    fabric.tap('s1', port, () => frames++);
    return () => {
      frames = 0;
      for (let i = 0; i < 100; i++) fabric.inject('s1', 1, datagram(i), datagram(i).length);
      fabric.runUntil(fabric.nowNs + 10 * MS);
      return frames;
    };
  };
  const inShadow = count(shadow.network.fabric, TAPPED);
  const inProduction = count(network.fabric, TAPPED);
  t.is(inShadow(), 100);
  const outage = { type: 'device_failure', device: 's1', mode: 'outage' } as const;
  const fault = await shadow.faults.inject(outage, 60e6);
  t.is(inShadow(), 0);
  t.is(inProduction(), 100);
  await shadow.faults.clear(fault.id);
  t.is(inShadow(), 100);
  const slow = { ...outage, mode: 'graceful', delayNs: 20 * MS } as const;
  await shadow.faults.inject(slow, 60e6);
  t.is(inShadow(), 0);
  shadow.network.fabric.runUntil(shadow.network.fabric.nowNs + 20 * MS);
  t.is((await shadow.sync.compare(false)).fidelity, 1);
});

test("a server's answers are rewritten in front of a program that knows no HTTP", async (t) => {
  const { shadow } = await build();
  const { fabric } = shadow.network;
  const seen: string[] = [];
  fabric.tap('s1', TAPPED, (frame) => seen.push(segmentOf(frame).payload));
  const answer = segment({ payload: 'HTTP/1.1 200 OK\r\n\r\nbody', options: 12 });
  const send = (): void => {
    fabric.inject('s1', 2, frameOf(answer));
    fabric.runUntil(fabric.nowNs + 10 * MS);
  };
  send();
  const failure = { type: 'app_error', host: 'b', port: 80, mode: 'status', status: 500 } as const;
  const fault = await shadow.faults.inject(failure, 60e6);
  send();
  await shadow.faults.clear(fault.id);
  send();
  const changed = answer.payload.replace('200', '500');
  t.deepEqual(seen, [answer.payload, changed, answer.payload]);
});

test('frames of any length pass a shadow that takes real ones; what finds no room is counted', async (t) => {
  const { channel } = buildNetwork(pair, 1);
  const production = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config });
  const route = ruleEntity(production.schema, {
    table: 'routes',
    match: { 'hdr.ipv4.destination': '10.0.2.0/24' },
    action: 'forward',
    params: { next_hop: '00:00:00:00:00:01', port: String(TAPPED) },
  });
  await production.write([{ type: Update_Type.INSERT, entity: route }]);
  const views = [await ProductionView.open('s1', channel, 1n)];
  const shadow = await Shadow.build(pair, 1, views, { pool: wirePool });
  await shadow.sync.compare(true);
  const { fabric } = shadow.network;
  const lengths: number[] = [];
  fabric.tap('s1', TAPPED, (frame) => lengths.push(frame.length));
  for (const payload of [100, 1400, 8958]) fabric.inject('s1', 1, datagram(1, payload));
  fabric.runUntil(fabric.nowNs + 100 * MS);
  t.deepEqual(lengths, [142, 1442, 9000]);
  t.false(fabric.inject('s1', 1, datagram(1, 20_000)));
  t.is(fabric.refusedFrames, 1);
});
