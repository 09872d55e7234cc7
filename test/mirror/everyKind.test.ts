/** Invariant I4, and copies that equal what they are copies of, for frames of every kind. */
import test from 'ava';
import { shippedProgram } from '../../src/app/index.js';
import { Prng } from '../../src/base/prng.js';
import { isMirroring, isRouting, planRoutes } from '../../src/control/index.js';
import { ProductionDevice, ShadowDevice } from '../../src/device/index.js';
import {
  MIRROR_PORT,
  MirrorCollector,
  planMirror,
  readMirrorRules,
  tagFrame,
  taggedLength,
  type EnteredFrame,
} from '../../src/mirror/index.js';
import { P4RuntimeServer } from '../../src/p4runtime/index.js';
import { PacketPool, wirePool } from '../../src/packet/index.js';
import { EmbeddedSwitch } from '../../src/switch/index.js';
import { frameOf, makers } from './everyKind.js';
import { mirrored } from './mirrorLab.js';

const FRAMES = 100_000;
const KEPT_BYTES = 100;

/** A switch of which every packet that leaves is seen. */
function openSwitch(seed: number) {
  const pool = new PacketPool(wirePool);
  const left: { port: number; frame: Uint8Array }[] = [];
  const device = new EmbeddedSwitch({
    deviceId: 1n,
    pool,
    seed,
    now: () => 1e9,
    attachment: {
      transmit(port, packet) {
        left.push({ port, frame: pool.view(packet).slice() });
        pool.free(packet);
      },
      wakeAt() {},
    },
  });
  const channel = new P4RuntimeServer([device]).inProcess();
  /** What leaves when a frame comes in. */
  const send = (port: number, frame: Uint8Array, wireLength = frame.length) => {
    left.length = 0;
    device.receive(port, pool.allocFrom(frame, wireLength), 1e9);
    return left;
  };
  return { channel, send };
}

const hasTag = (frame: Uint8Array): boolean => frame[12] === 0x88 && frame[13] === 0xb5;
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

test(`${FRAMES} frames of every kind: copies equal, the tag stays in the shadow`, async (t) => {
  const access = { name: 's1', deviceId: 1n };
  const inside = openSwitch(1);
  const outside = openSwitch(2);
  const production = await ProductionDevice.open({
    ...access,
    channel: inside.channel,
    config: shippedProgram('production'),
  });
  const rules = readMirrorRules(
    [{ name: 'heads', protocol: 'tcp', priority: 20, truncateBytes: KEPT_BYTES }, { name: 'rest' }],
    mirrored,
  );
  const { schema } = production;
  await production.reconcile(planRoutes(mirrored, () => schema).get('s1')!, isRouting(schema));
  await production.reconcile(planMirror(mirrored, 's1', rules, schema), isMirroring(schema));
  const shadow = await ShadowDevice.open({
    ...access,
    channel: outside.channel,
    config: shippedProgram('shadow'),
  });
  const routes = planRoutes(mirrored, () => shadow.schema).get('s1')!;
  await shadow.reconcile(routes, isRouting(shadow.schema));

  const copies: EnteredFrame[] = [];
  const collector = new MirrorCollector(mirrored, { rules }, (entered) => void copies.push(entered));
  const random = new Prng(11);
  const wrong = new Map<string, number>();
  const note = (what: string): void => void wrong.set(what, (wrong.get(what) ?? 0) + 1);
  const counts = { sent: 0, copied: 0, cut: 0, malformed: 0, forwarded: 0, inShadow: 0, tagged: 0 };
  for (let i = 0; i < FRAMES; i++) {
    const { kind, frame } = frameOf(i, random);
    const port = 1 + (i % 2);
    counts.sent++;
    copies.length = 0;
    for (const { port: to, frame: out } of inside.send(port, frame)) {
      if (to === MIRROR_PORT) collector.take(out, out.length, i);
      else counts.forwarded++;
      if (to !== MIRROR_PORT && hasTag(out)) note(`${kind}: a tag at a production port`);
    }
    const isBad = kind.startsWith('bad');
    if (copies.length !== (isBad ? 0 : 1)) note(`${kind}: ${copies.length} copies`);
    if (isBad) counts.malformed++;
    for (const copy of copies) {
      counts.copied++;
      if (copy.frame.length < frame.length) counts.cut++;
      const kept = copy.rule === 0 ? KEPT_BYTES : frame.length;
      if (!same(copy.frame, frame.subarray(0, kept))) note(`${kind}: not equal`);
      if (copy.wireLength !== frame.length) note(`${kind}: of another length`);
      if (copy.device !== 's1' || copy.port !== port) note(`${kind}: at ${copy.port}`);
      const tagged = tagFrame(copy.frame);
      for (const { frame: out } of outside.send(port, tagged, taggedLength(copy.wireLength))) {
        counts.inShadow++;
        if (!hasTag(out)) note(`${kind}: left the shadow's switch without the tag`);
      }
      if (i % 4 !== 0) continue;
      counts.tagged++;
      if (inside.send(port, tagged).length > 0) note(`${kind}: tagged, and let in`);
    }
  }
  t.log(Object.entries(counts).map(([what, count]) => `${count} ${what}`).join(', '));
  t.log(`${Object.keys(makers).length} kinds`);
  t.deepEqual([...wrong], []);
  t.is(counts.copied + counts.malformed, FRAMES);
  t.deepEqual([...collector.strangers], []);
  t.true(counts.forwarded > FRAMES / 5 && counts.inShadow > FRAMES / 5 && counts.cut > 1000);
  const dropped = async (counter: string): Promise<number> =>
    (await production.readCounter(counter)).reduce((sum, { packets }) => sum + packets, 0);
  t.is(await dropped('shadow_tag_drops'), counts.tagged);
  t.is(await dropped('malformed'), counts.malformed);
  t.is(await dropped('mirror.selected'), counts.copied);
});
