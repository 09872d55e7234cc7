import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { readProgram } from '../../src/bmv2/index.js';
import { readCapture, wirePool, PacketPool, writeCapture } from '../../src/packet/index.js';
import { V1Switch } from '../../src/v1model/index.js';
import { startProcess, umbraSwitch } from '../vethLab.js';

const folder = mkdtempSync(join(tmpdir(), 'umbra-files-'));
test.after.always(() => rmSync(folder, { recursive: true }));

/** Stamps a random number and the time into every packet; its entries are constant. */
const program = shippedFile('test/programs/build/stamp.json');
const DEADLINE_MS = 30_000;

interface Sent {
  port: number;
  timeNs: number;
  frame: Uint8Array;
}

/** Packets of two ports, in the order of their time; port 2 begins first. */
const traffic: Sent[] = Array.from({ length: 500 }, (_, i) => ({
  port: i % 3 === 0 ? 2 : 1,
  timeNs: 999_999_000 + i * 12_345,
  frame: Uint8Array.from({ length: 60 + (i % 200) }, (_byte, k) => (i * 7 + k) & 255),
}));

const captureOf = (packets: readonly Sent[]): Uint8Array =>
  writeCapture(packets.map((packet) => ({ ...packet, wireLength: packet.frame.length })));

/** What leaves an embedded switch in this process. */
function inProcess(seed: number): Sent[] {
  const pool = new PacketPool(wirePool);
  const out: Sent[] = [];
  let now = 0;
  const v1 = new V1Switch(readProgram(readFileSync(program, 'utf8'), 'stamp.json'), {
    pool,
    seed,
    attachment: {
      transmit(port, packet) {
        out.push({ port, timeNs: now, frame: pool.view(packet).slice() });
        pool.free(packet);
      },
      wakeAt() {},
    },
  });
  for (const { port, timeNs, frame } of traffic) {
    now = timeNs;
    v1.receive(port, pool.allocFrom(frame), timeNs);
  }
  return out;
}

/** What a daemon writes into the files of its ports. */
async function onFiles(name: string, ...flags: string[]): Promise<Record<number, Buffer>> {
  const base = join(folder, name);
  for (const port of [1, 2]) {
    const packets = traffic.filter((packet) => packet.port === port);
    writeFileSync(`${base}${port}_in.pcap`, captureOf(packets));
  }
  const running = startProcess(umbraSwitch.command, [
    ...umbraSwitch.before,
    ...['--use-files', '0', '-i', `1@${base}1`, '-i', `2@${base}2`, program, ...flags],
    ...['--', '--grpc-server-addr', '127.0.0.1:0'],
  ]);
  const end = performance.now() + DEADLINE_MS;
  while (!/packets in/.test(running.output()) && performance.now() < end) await sleep(20);
  running.process.kill('SIGTERM');
  await running.ended;
  return { 1: readFileSync(`${base}1_out.pcap`), 2: readFileSync(`${base}2_out.pcap`) };
}

const packetsOf = (files: Record<number, Buffer>): Sent[] =>
  [1, 2].flatMap((port) =>
    [...readCapture(files[port]!, 'out', 0)].map(({ timeNs, frame }) => ({
      port,
      timeNs,
      frame: Uint8Array.from(frame),
    })),
  );

test('the same program, packets and seed: the same bytes in process and on files', async (t) => {
  const files = await onFiles('a', '--seed', '7');
  const expected = inProcess(7).sort((a, b) => a.port - b.port || a.timeNs - b.timeNs);
  t.is(expected.length, traffic.length);
  t.deepEqual(packetsOf(files), expected);
});

test('a second run writes the same files, another seed others', async (t) => {
  const runs = [onFiles('b'), onFiles('c'), onFiles('d', '--seed', '2')];
  const [first, again, other] = await Promise.all(runs);
  t.deepEqual(again, first);
  t.notDeepEqual(other, first);
});

test('a capture that is cut off ends the run with its name, and what came before is there', async (t) => {
  const base = join(folder, 'cut');
  const whole = captureOf(traffic.filter(({ port }) => port === 1));
  writeFileSync(`${base}_in.pcap`, whole.subarray(0, whole.length - 5));
  const running = startProcess(umbraSwitch.command, [
    ...umbraSwitch.before,
    ...['--use-files', '0', '-i', `1@${base}`, program, '--', '--grpc-server-addr', '127.0.0.1:0'],
  ]);
  const end = performance.now() + DEADLINE_MS;
  while (!/packets in/.test(running.output()) && performance.now() < end) await sleep(20);
  running.process.kill('SIGTERM');
  t.is(await running.ended, 0);
  t.regex(running.output(), /cut_in\.pcap: byte \d+: truncated packet/);
  const ones = traffic.filter(({ port }) => port === 1).length;
  t.regex(running.output(), new RegExp(`files: ${ones - 1} packets in`));
});
