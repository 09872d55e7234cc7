/** Baselines of a production that is mirrored, and of shadows that are like it or not. */
import test from 'ava';
import { probeBaseline, Shadow } from '../../src/app/index.js';
import { MIRROR_PORT, MirrorCollector, ProfileLearner } from '../../src/mirror/index.js';
import type { Topology, TrafficFlow } from '../../src/topology/index.js';
import { mirrored, openMirror } from '../mirror/mirrorLab.js';

const flow: TrafficFlow = {
  kind: 'http',
  name: 'web',
  client: 'a',
  server: 'b',
  port: 80,
  requestsPerSecond: 50,
  requestBytes: 300,
  responseBytes: 4000,
  serviceNs: 5e6,
};

/** What the mirror teaches of some seconds of production. */
async function observe() {
  const lab = await openMirror([{ name: 'all' }]);
  const learner = new ProfileLearner();
  const { rules } = lab;
  const collector = new MirrorCollector(mirrored, { rules }, ({ frame, timeNs, wireLength }) =>
    learner.observe(frame, timeNs, wireLength),
  );
  const { fabric } = lab.network;
  fabric.tap('s1', MIRROR_PORT, (packet, wireLength, nowNs) =>
    collector.take(packet, wireLength, nowNs),
  );
  fabric.start([flow], 3);
  fabric.runUntil(10e9);
  return { lab, learner };
}

/** The shadow of that production, its topology as somebody believes it to be. */
async function shadowOf(production: Awaited<ReturnType<typeof observe>>['lab'], as: Topology) {
  const shadow = await Shadow.build(as, 1, await production.production.views());
  await shadow.sync.compare(true);
  return shadow.image();
}

test('a faithful shadow is close, and one with wrong delays, or without routes, is not', async (t) => {
  const { lab, learner } = await observe();
  const always = (): boolean => true;
  const faithful = await probeBaseline(await shadowOf(lab, mirrored), learner, always);
  t.is(faithful!.conversations, 1);
  t.true(faithful!.closeness > 0.97, JSON.stringify(faithful));
  const far = mirrored.links.map((link) => ({ ...link, delayNs: 10e6 }));
  const slow = await probeBaseline(await shadowOf(lab, { ...mirrored, links: far }), learner, always);
  // 40 ms there and back, for about none in production: 1 / 41, and less for the response.
  t.true(slow!.closeness < 0.05, JSON.stringify(slow));
  t.true(slow!.worst.handshake! < 0.1 && slow!.worst.loss > 0.99);
  const image = await shadowOf(lab, mirrored);
  const dead = await probeBaseline({ ...image, entities: [] }, learner, always);
  t.is(dead!.closeness, 0);
  t.is(await probeBaseline(image, new ProfileLearner(), always), undefined);
});
