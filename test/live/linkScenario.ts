/**
 * A link's failures measured on Linux interfaces: the kernel's timestamps at both hosts' ends of
 * the cables, so that no program's own lateness counts. A second stream on the same cables has no
 * failure: what it shows is the switch and the machine, and is taken off.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import type { LinkDegradation } from '../../src/fault/index.js';
import { readCaptureFile } from '../../src/packet/index.js';
import type { ShadowLab } from './shadowLab.js';

const program = fileURLToPath(new URL('./datagrams.js', import.meta.url));
/** The stream that a failure takes, and the one that it leaves alone. */
const FAULTY_PORT = 7001;
const PLAIN_PORT = 7002;
const HEADERS = 42;
/** How long tcpdump may leave packets with the kernel, and then some. */
const CAPTURE_LAG_MS = 1500;

/** One stream as seen at the ends: times by number, ns from the begin of each capture. */
interface Stream {
  sent: Map<number, number>;
  arrived: Map<number, number>;
}

/** What one run showed. */
interface Measured {
  faulty: Stream;
  plain: Stream;
}

/** How a stream is sent. */
interface Pace {
  count: number;
  perSecond: number;
  payloadBytes: number;
  /** With a second stream beside it that has no failure. */
  isCompared: boolean;
}

const MS = 1e6;
const inMs = (ns: number): string => (ns / MS).toFixed(3);
/** A run counts when the unfaulted stream's p99 is this close to its median, ns. */
const QUIET_NS = 0.5 * MS;
const RUNS = 6;

/**
 * Loses 5 % of 10,000 packets. A run counts in which the unfaulted stream loses next to nothing: a
 * busy machine loses packets of its own.
 */
export async function lossScenario(
  t: ExecutionContext,
  lab: ShadowLab,
  perSecond = 2000,
): Promise<void> {
  const loss = 0.05;
  const pace = { count: 10_000, perSecond, payloadBytes: 100, isCompared: true };
  for (let run = 0; run < RUNS; run++) {
    const { faulty, plain } = await measure(lab, { loss }, pace);
    const [hit, free] = [lossOf(faulty), lossOf(plain)];
    const wanted = hit.sent * loss;
    const band = 3 * Math.sqrt(wanted * (1 - loss));
    const figures = `${hit.lost} of ${hit.sent} lost, ${wanted} ± ${band.toFixed(0)}`;
    t.log(`${figures}; unfaulted: ${free.lost}; load ${loadAverage()}`);
    if (free.lost > wanted / 100) continue;
    t.is(hit.sent, pace.count);
    t.true(Math.abs(hit.lost - wanted) <= band, figures);
    return;
  }
  t.log('SKIPPED: the machine is too busy to measure loss: packets are lost without a failure');
  t.pass();
}

/**
 * Adds 20 ms. Quantiles of both streams are compared, in the best of the runs in which the machine
 * is quiet to the last packet in a thousand: it cannot tell a switch's milliseconds from its own
 * pauses otherwise.
 */
export async function delayScenario(t: ExecutionContext, lab: ShadowLab): Promise<void> {
  const delayNs = 20 * MS;
  const pace = { count: 4000, perSecond: 1000, payloadBytes: 100, isCompared: true };
  let least = Infinity;
  let best: ReturnType<typeof addedDelay> | undefined;
  const errorOf = ({ p50, p99 }: ReturnType<typeof addedDelay>): number =>
    Math.max(Math.abs(p50 - delayNs), Math.abs(p99 - delayNs));
  for (let run = 0; run < RUNS && !(best && errorOf(best) <= MS); run++) {
    const added = addedDelay(await measure(lab, { delayNs }, pace));
    t.log(
      `20 ms: ${inMs(added.p50)} at p50, ${inMs(added.p99)} at p99 of ${added.samples}; ` +
        `unfaulted p99.9 ${inMs(added.noise)} above its median; load ${loadAverage()}`,
    );
    least = Math.min(least, added.noise);
    if (added.noise > QUIET_NS) continue;
    t.is(added.samples, pace.count);
    if (!best || errorOf(added) < errorOf(best)) best = added;
  }
  if (!best) {
    const noise = `${inMs(least)} ms at p99.9 without a failure`;
    t.log(`SKIPPED: the machine is too busy to measure 1 ms (${noise})`);
    t.pass();
    return;
  }
  t.true(errorOf(best) <= MS, `${inMs(best.p50)} ms at p50, ${inMs(best.p99)} ms at p99`);
}

/** What 20 ms become at so many delayed packets a second, beside as many that are not. */
export async function delayAt(lab: ShadowLab, perSecond: number, seconds: number) {
  const pace = { count: perSecond * seconds, perSecond, payloadBytes: 100, isCompared: true };
  const run = await measure(lab, { delayNs: 20 * MS }, pace);
  const { p50, p99 } = addedDelay(run);
  const [lost, otherLost] = [run.faulty, run.plain].map((stream) => {
    const seen = lossOf(stream);
    return seen.lost / seen.sent;
  });
  return { p50Ms: p50 / MS, p99Ms: p99 / MS, lost: lost!, otherLost: otherLost! };
}

/** Shapes to 20 Mbit/s, with a queue that does not run dry while the machine does something else. */
export async function rateScenario(t: ExecutionContext, lab: ShadowLab): Promise<void> {
  const rateBps = 20e6;
  const pace = { count: 20_000, perSecond: 4000, payloadBytes: 958, isCompared: false };
  const { faulty } = await measure(lab, { rateBps, queueNs: 300 * MS }, pace);
  const bps = rateOf(faulty, HEADERS + pace.payloadBytes);
  t.log(`${(bps / 1e6).toFixed(3)} Mbit/s of frames at 20 Mbit/s`);
  t.true(Math.abs(bps - rateBps) <= 0.02 * rateBps, `${bps} bit/s`);
}

/** Sends under a failure that takes one of two streams from a to b. */
async function measure(
  { lab, faults, under }: ShadowLab,
  failure: Partial<LinkDegradation>,
  pace: Pace,
): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-link-'));
  const hosts = ['a', 'b'] as const;
  const file = (host: string): string => join(folder, `${host}.pcap`);
  const ports = pace.isCompared ? `${FAULTY_PORT},${PLAIN_PORT}` : String(FAULTY_PORT);
  const captures = hosts.map((host) => {
    const options = ['-i', 'eth0', '-s', '64', '-B', '32768', '--time-stamp-precision=nano'];
    const command = ['tcpdump', ...options, '-w', file(host), 'udp', 'and', 'dst', 'portrange', '7001-7002'];
    return lab.namespaces.start(host, command, { stdio: ['ignore', 'ignore', 'pipe'] });
  });
  const taker = lab.namespaces.start('b', [process.execPath, program, 'take', ports]);
  await Promise.all(captures.map((capture) => once(capture.stderr!, 'data')));
  try {
    const flow = { destination: '10.0.2.1', protocol: 17, destinationPort: FAULTY_PORT };
    const whole = { type: 'link_degradation', link: 'b-s1', direction: 'both', flow, ...failure } as const;
    await under(whole, async () => {
      const { count, perSecond, payloadBytes } = pace;
      const args = ['10.0.2.1', ports, count, perSecond, payloadBytes].map(String);
      const sender = lab.namespaces.start('a', [process.execPath, program, 'send', ...args]);
      await once(sender, 'exit');
      faults.heartbeat();
      await sleep(CAPTURE_LAG_MS);
    });
    for (const capture of captures) capture.kill('SIGINT');
    await Promise.all(captures.map((capture) => once(capture, 'exit')));
    const [a, b] = hosts.map((host) => read(file(host)));
    const stream = (port: number): Stream => ({
      sent: a!.get(port) ?? new Map(),
      arrived: b!.get(port) ?? new Map(),
    });
    return { faulty: stream(FAULTY_PORT), plain: stream(PLAIN_PORT) };
  } finally {
    taker.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
}

function read(path: string): Map<number, Map<number, number>> {
  const streams = new Map<number, Map<number, number>>();
  for (const { timeNs, frame } of readCaptureFile(path)) {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const port = view.getUint16(36);
    const times = streams.get(port) ?? new Map<number, number>();
    streams.set(port, times.set(view.getUint32(HEADERS), timeNs));
  }
  return streams;
}

/** Delays of a stream, ns, in order of size; the two captures' begins are still in them. */
function delaysOf({ sent, arrived }: Stream): number[] {
  const delays = [...arrived].flatMap(([id, at]) => {
    const began = sent.get(id);
    return began === undefined ? [] : [at - began];
  });
  return delays.sort((x, y) => x - y);
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;

/** What a failure adds to the delay, ns: at the median, and at the 99th percentile. */
function addedDelay({ faulty, plain }: Measured) {
  const [hit, free] = [delaysOf(faulty), delaysOf(plain)];
  const at = (q: number): number => quantile(hit, q) - quantile(free, q);
  const noise = quantile(free, 0.999) - quantile(free, 0.5);
  return { samples: hit.length, p50: at(0.5), p99: at(0.99), noise };
}

/** How many packets were sent, and how many of them did not arrive. */
function lossOf({ sent, arrived }: Stream): { sent: number; lost: number } {
  return { sent: sent.size, lost: [...sent.keys()].filter((id) => !arrived.has(id)).length };
}

/** Bits of frames per second at the far end, once the queue is full. */
function rateOf({ arrived }: Stream, frameBytes: number): number {
  const times = [...arrived.values()].sort((x, y) => x - y);
  const from = Math.floor(times.length / 10);
  const seconds = (times.at(-1)! - times[from]!) / 1e9;
  return ((times.length - 1 - from) * frameBytes * 8) / seconds;
}

function loadAverage(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ')[0]!;
}
