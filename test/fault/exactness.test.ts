import test from 'ava';
import type { LinkDegradation } from '../../src/fault/index.js';
import { metricsOf } from '../../src/telemetry/index.js';
import { buildLaboratory, udpFlow } from '../laboratory.js';

const onLink = { type: 'link_degradation', link: 'b-s1', direction: 'both' } as const;

test('5 % loss drops 5 % of 200,000 packets within the 99.7 % band', async (t) => {
  const laboratory = await buildLaboratory();
  const { fabric } = laboratory.network;
  fabric.start([udpFlow(100_000)], 1);
  laboratory.run(10e6);
  await laboratory.faults.inject({ ...onLink, loss: 0.05 }, 60e6);
  const [before] = fabric.flowStats();
  laboratory.run(2e9);
  const [after] = fabric.flowStats();
  const sent = after!.sentPackets - before!.sentPackets;
  const lost = sent - (after!.deliveredPackets - before!.deliveredPackets);
  t.true(sent >= 100_000);
  const band = 3 * Math.sqrt(sent * 0.05 * 0.95);
  t.true(Math.abs(lost - sent * 0.05) <= band, `${lost} of ${sent} lost, band ${band}`);
  const dropped = await laboratory.device.readCounter('link_fault.dropped', 2);
  t.true(Math.abs(dropped[0]!.packets - lost) <= 2);
});

test('20 ms of delay adds exactly 20 ms', async (t) => {
  const laboratory = await buildLaboratory();
  const { fabric } = laboratory.network;
  const arrivals = async (failure: LinkDegradation | undefined): Promise<number[]> => {
    const warm = fabric.save();
    if (failure) await laboratory.faults.inject(failure, 60e6);
    const times: number[] = [];
    let seen = fabric.flowStats()[0]!.completed;
    const begin = fabric.nowNs;
    while (fabric.nowNs - begin < 1e9) {
      fabric.runUntil(fabric.nextEventNs);
      const { completed } = fabric.flowStats()[0]!;
      if (completed > seen) times.push(fabric.nowNs - begin);
      seen = completed;
    }
    fabric.load(warm);
    laboratory.faults.forget();
    return times;
  };
  // Both ends know their neighbours before it counts.
  const flow = { kind: 'ping', name: 'p', client: 'a', server: 'b', intervalNs: 50e6 } as const;
  fabric.start([flow], 1);
  laboratory.run(200e6);
  const plain = await arrivals(undefined);
  const delayed = await arrivals({ ...onLink, delayNs: 20e6 });
  t.true(plain.length >= 18);
  const common = Math.min(plain.length, delayed.length);
  const added = Array.from({ length: common }, (_, i) => delayed[i]! - plain[i]!);
  t.deepEqual([...new Set(added)], [20e6]);
});

test('jitter stays below its bound and varies', async (t) => {
  const laboratory = await buildLaboratory();
  const { fabric } = laboratory.network;
  fabric.start([udpFlow(1000)], 1);
  laboratory.run(10e6);
  await laboratory.faults.inject({ ...onLink, delayNs: 5e6, jitterNs: 4e6 }, 60e6);
  const [before] = fabric.flowStats();
  laboratory.run(3e9);
  const m = metricsOf(before, fabric.flowStats()[0]!, 3e9);
  t.true(m.p50Ms > 6.8 && m.p50Ms < 7.2, `median ${m.p50Ms}`);
  t.true(m.p99Ms > 8.8 && m.p99Ms < 9.1, `p99 ${m.p99Ms}`);
});

test('a 10 Mbit/s limit passes 10 Mbit/s within 1 %', async (t) => {
  const laboratory = await buildLaboratory();
  const { fabric } = laboratory.network;
  fabric.start([udpFlow(5000, 958)], 1);
  laboratory.run(10e6);
  await laboratory.faults.inject({ ...onLink, rateBps: 10e6 }, 60e6);
  laboratory.run(500e6);
  const before = fabric.linkCounters('b-s1')[1];
  laboratory.run(4e9);
  const after = fabric.linkCounters('b-s1')[1];
  const bps = ((after.bytes - before.bytes) * 8) / 4;
  t.true(Math.abs(bps - 10e6) < 0.1e6, `${bps} bit/s`);
});

test('a fault ends with its expiry', async (t) => {
  const laboratory = await buildLaboratory();
  const { fabric } = laboratory.network;
  fabric.start([udpFlow(1000)], 1);
  laboratory.run(100e6);
  await laboratory.faults.inject({ ...onLink, loss: 1 }, 1e6);
  const delivered = (): number => fabric.flowStats()[0]!.deliveredPackets;
  const atStart = delivered();
  laboratory.run(990e6);
  t.true(delivered() - atStart <= 2);
  laboratory.run(1010e6);
  t.true(delivered() - atStart >= 990);
  t.is(laboratory.faults.list()[0]!.state, 'expired');
});

test('a fault ends with the heartbeat: nothing acts longer than the lease', async (t) => {
  const laboratory = await buildLaboratory();
  const { fabric } = laboratory.network;
  fabric.start([udpFlow(1000)], 1);
  laboratory.run(100e6);
  await laboratory.faults.inject({ ...onLink, loss: 1 }, 3600e6);
  const delivered = (): number => fabric.flowStats()[0]!.deliveredPackets;
  const atStart = delivered();
  // The controller is dead from here on.
  fabric.runUntil(fabric.nowNs + 9.9e9);
  t.true(delivered() - atStart <= 2);
  fabric.runUntil(fabric.nowNs + 1.1e9);
  t.true(delivered() - atStart >= 900);
});

test('outage and graceful failure of a switch', async (t) => {
  const laboratory = await buildLaboratory();
  const { fabric } = laboratory.network;
  fabric.start([udpFlow(1000)], 1);
  laboratory.run(100e6);
  const outage = { type: 'device_failure', device: 's1', mode: 'outage' } as const;
  const fault = await laboratory.faults.inject(outage, 60e6);
  const before = fabric.flowStats()[0]!;
  laboratory.run(1e9);
  t.true(metricsOf(before, fabric.flowStats()[0]!, 1e9).lossRate > 0.99);
  await laboratory.faults.clear(fault.id);
  const graceful = { ...outage, mode: 'graceful', share: 0, delayNs: 3e6 } as const;
  await laboratory.faults.inject(graceful, 60e6);
  const late = fabric.flowStats()[0]!;
  laboratory.run(1e9);
  const m = metricsOf(late, fabric.flowStats()[0]!, 1e9);
  t.true(m.p50Ms > 2.9 && m.p50Ms < 3.1, `median ${m.p50Ms}`);
});

test('what cannot be is refused with a name, and nothing is left', async (t) => {
  const { faults, device } = await buildLaboratory();
  const wrong: [unknown, RegExp][] = [
    [{ ...onLink, link: 'x' }, /no link 'x'/],
    [{ ...onLink, loss: 2 }, /loss is 2; 0 to 1/],
    [onLink, /changes nothing/],
    [{ ...onLink, link: 'b-s1', direction: 'a-to-b', loss: 1 }, /no switch sends/],
    [{ type: 'device_failure', device: 'x', mode: 'outage' }, /no switch or host 'x'/],
  ];
  for (const [failure, message] of wrong) {
    await t.throwsAsync(faults.inject(failure as LinkDegradation, 1e6), { message });
  }
  await t.throwsAsync(faults.inject({ ...onLink, loss: 1 }, 0), { message: /duration/ });
  await faults.inject({ ...onLink, loss: 0.5 }, 60e6);
  await t.throwsAsync(faults.inject({ ...onLink, loss: 0.1 }, 60e6), { code: 'CONFLICT' });
  t.is((await device.rules('link_fault.loss')).length, 1);
  t.is(await faults.clearAll(), 1);
  t.is((await device.rules('link_fault.loss')).length, 0);
});
