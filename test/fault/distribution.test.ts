/** What was asked is what a tap measures, for every parameter of a link's degradation. */
import test from 'ava';
import { datagram, idOf, Tap, udpChecksum, type Seen } from './tap.js';

const MS = 1e6;
const US = 1e3;

/** Half of the 99.7 % band of a share of `count` draws. */
const band = (count: number, share: number): number => 3 * Math.sqrt(count * share * (1 - share));

const lostIds = (count: number, seen: readonly Seen[]): number[] => {
  const there = new Set(seen.map(idOf));
  return Array.from({ length: count }, (_, i) => i).filter((i) => !there.has(i));
};

test('loss: independent, in the 99.7 % band', async (t) => {
  for (const loss of [0.001, 0.05, 0.5]) {
    const tap = await Tap.open();
    await tap.inject({ loss });
    const count = 100_000;
    const lost = count - tap.send(count, 10 * US).length;
    t.true(Math.abs(lost - count * loss) <= band(count, loss), `${lost} of ${count} at ${loss}`);
  }
});

test('burst loss: burst lengths are geometric by chi-square, and so is the share', async (t) => {
  const tap = await Tap.open();
  const [enter, leave] = [0.02, 0.25];
  await tap.inject({ burstLoss: { enter, leave } });
  const count = 300_000;
  const lost = new Set(lostIds(count, tap.send(count, 10 * US)));
  const bins = new Array<number>(13).fill(0);
  let bursts = 0;
  for (let i = 0; i < count; i++) {
    if (!lost.has(i) || lost.has(i - 1)) continue;
    let length = 1;
    while (lost.has(i + length)) length++;
    bins[Math.min(length, bins.length) - 1]!++;
    bursts++;
  }
  const chiSquare = bins.reduce((sum, seen, i) => {
    const tail = (1 - leave) ** i;
    const expected = bursts * (i === bins.length - 1 ? tail : tail * leave);
    return sum + (seen - expected) ** 2 / expected;
  }, 0);
  // 12 degrees of freedom: 99.9 % lie below 32.9.
  t.true(chiSquare < 32.9, `chi-square ${chiSquare} over ${bursts} bursts`);
  const share = enter / (enter + leave);
  t.true(Math.abs(lost.size / count - share) < 0.005, `${lost.size / count}, ${share} expected`);
});

test('exact loss: n of every m, whatever window is looked at', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ exactLoss: { packets: 3, of: 7 } });
  const count = 7000;
  const lost = new Set(lostIds(count, tap.send(count, 10 * US)));
  for (let from = 0; from + 7 <= count; from++) {
    let inWindow = 0;
    for (let i = from; i < from + 7; i++) if (lost.has(i)) inWindow++;
    if (inWindow !== 3) t.fail(`${inWindow} lost of the 7 from ${from}`);
  }
  t.is(lost.size, 3000);
});

test('flap: down for the first part of every period, to the microsecond', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ flap: { periodNs: 10 * MS, downNs: 3 * MS } });
  const count = 20_000;
  const lost = new Set(lostIds(count, tap.send(count, 50 * US)));
  for (let i = 0; i < count; i++) {
    const isDown = (i * 50) % 10_000 < 3000;
    if (lost.has(i) !== isDown) t.fail(`packet ${i}: ${lost.has(i)}`);
  }
  t.is(lost.size, 6000);
});

test('corrupt: one bit of a share of packets, checksum left wrong or put right', async (t) => {
  for (const corruptRepaired of [false, true]) {
    const tap = await Tap.open();
    await tap.inject({ corrupt: 0.1, corruptRepaired });
    const count = 20_000;
    const seen = tap.send(count, 10 * US);
    t.is(seen.length, count);
    let touched = 0;
    const positions = new Set<number>();
    seen.forEach(({ frame }, i) => {
      const sent = datagram(i);
      // MACs, TTL and the IPv4 checksum change on the way.
      let bits = 0;
      for (let at = 42; at < frame.length; at++) {
        const turned = frame[at]! ^ sent[at]!;
        for (let bit = 0; bit < 8; bit++) {
          if ((turned >> bit) & 1) {
            bits++;
            positions.add(at * 8 + bit);
          }
        }
      }
      const stored = (frame[40]! << 8) | frame[41]!;
      const isRight = stored === udpChecksum(frame);
      if (bits > 1) t.fail(`${bits} bits turned in packet ${i}`);
      if (bits === 1) touched++;
      if (isRight !== (bits === 0 || corruptRepaired)) t.fail(`checksum of packet ${i}`);
    });
    t.true(Math.abs(touched - count * 0.1) <= band(count, 0.1), `${touched} touched`);
    t.is(positions.size, 128);
  }
});

test('duplicate: a share leaves twice, and the copies are equal', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ duplicate: 0.2 });
  const count = 50_000;
  const seen = tap.send(count, 10 * US);
  const extra = seen.length - count;
  t.true(Math.abs(extra - count * 0.2) <= band(count, 0.2), `${extra} copies`);
  const first = new Map<number, string>();
  for (const one of seen) {
    const text = Buffer.from(one.frame).toString('hex');
    const before = first.get(idOf(one));
    if (before !== undefined && before !== text) t.fail('a copy differs');
    first.set(idOf(one), text);
  }
  t.is(first.size, count);
});

test('rate: shaped within 0.5 %, and the queue has its bound in bytes', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ rateBps: 10e6, queueBytes: 20_000 });
  const frame = datagram(0, 958).length;
  const seen = tap.send(20_000, 400 * US, 958);
  const late = seen.filter(({ timeNs }) => timeNs > 1.5e9);
  const seconds = (late.at(-1)!.timeNs - late[0]!.timeNs) / 1e9;
  const bps = ((late.length - 1) * frame * 8) / seconds;
  t.true(Math.abs(bps - 10e6) <= 0.005 * 10e6, `${bps} bit/s`);
  const waits = late.map((one) => one.timeNs - 1e9 - idOf(one) * 400 * US);
  const bound = ((20_000 + frame) * 8e9) / 10e6;
  t.true(Math.max(...waits) <= bound + US, `${Math.max(...waits)} ns, bound ${bound}`);
});

test('police: the rate within 0.5 % and the burst at once; nothing waits', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ policeBps: 10e6, burstBytes: 50_000 });
  const frame = datagram(0, 958).length;
  const seen = [...tap.send(20_000, 400 * US, 958)];
  t.true(seen.every((one) => one.timeNs === 1e9 + idOf(one) * 400 * US));
  const late = seen.filter(({ timeNs }) => timeNs > 2e9);
  const seconds = (late.at(-1)!.timeNs - late[0]!.timeNs) / 1e9;
  const bps = ((late.length - 1) * frame * 8) / seconds;
  t.true(Math.abs(bps - 10e6) <= 0.005 * 10e6, `${bps} bit/s`);
  tap.advance(1e9);
  const burst = tap.send(200, 0, 958).length;
  t.is(burst, Math.floor(50_000 / frame) + 1);
});

test('reorder: a share is overtaken', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ reorder: 0.1, reorderNs: 0.5 * MS });
  const count = 50_000;
  const seen = [...tap.send(count, 100 * US)];
  tap.advance(MS);
  t.is(tap.seen.length, count);
  let overtaken = 0;
  let highest = -1;
  for (const one of seen) {
    const id = idOf(one);
    if (id < highest) overtaken++;
    highest = Math.max(highest, id);
  }
  t.true(Math.abs(overtaken - count * 0.1) <= band(count, 0.1) + 5, `${overtaken} overtaken`);
});

/** The largest distance of the sample's distribution function from `expected`. */
function kolmogorovSmirnov(sample: number[], expected: (x: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted.reduce((worst, x, i) => {
    const p = expected(x);
    return Math.max(worst, p - i / sorted.length, (i + 1) / sorted.length - p);
  }, 0);
}

const normal = (x: number): number => {
  // Simpson's rule: independent of how the quantiles were made.
  const steps = 400;
  const from = -8;
  if (x <= from) return 0;
  const h = (x - from) / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((from + i * h) ** 2) / 2);
  }
  return (sum * h) / 3 / Math.sqrt(2 * Math.PI);
};

/** Pareto of shape 3 with the mean 20 ms and the deviation 2 ms. */
const pareto = (ms: number): number => {
  const unit = 1.5 + ((ms - 20) * Math.sqrt(0.75)) / 2;
  return unit < 1 ? 0 : 1 - unit ** -3;
};

const table = [1, 2, 2.5, 4, 8, 9].map((ms) => ms * MS);
const piecewise = (ms: number): number => {
  const at = table.findIndex((x) => x / MS > ms);
  if (at < 0) return 1;
  if (at === 0) return 0;
  const [low, high] = [table[at - 1]! / MS, table[at]! / MS];
  return (at - 1 + (ms - low) / (high - low)) / (table.length - 1);
};

const shapes: [string, object, (ms: number) => number][] = [
  ['uniform', { delayNs: 5 * MS, jitterNs: 4 * MS }, (ms) => Math.min(1, Math.max(0, (ms - 5) / 4))],
  [
    'normal',
    { delayNs: 20 * MS, jitterNs: 2 * MS, jitterShape: 'normal' },
    (ms) => normal((ms - 20) / 2),
  ],
  ['pareto', { delayNs: 20 * MS, jitterNs: 2 * MS, jitterShape: 'pareto' }, pareto],
  ['a measured table', { delayTableNs: table }, piecewise],
];

for (const [name, failure, expected] of shapes) {
  test(`delay: ${name}, by Kolmogorov-Smirnov`, async (t) => {
    const tap = await Tap.open();
    await tap.inject(failure);
    const count = 50_000;
    tap.send(count, 20 * US);
    tap.advance(1e9);
    t.is(tap.seen.length, count);
    const delays = tap.seen.map((one) => (one.timeNs - 1e9 - idOf(one) * 20 * US) / MS);
    const distance = kolmogorovSmirnov(delays, expected);
    // 99.9 % of samples of this size lie below 1.95 / sqrt(n).
    const limit = 1.95 / Math.sqrt(count);
    t.true(distance < limit, `distance ${distance}, limit ${limit}`);
  });
}

test('delay: exact for every packet', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ delayNs: 20 * MS });
  tap.send(1000, 37 * US);
  tap.advance(1e9);
  t.is(tap.seen.length, 1000);
  t.true(tap.seen.every((one) => one.timeNs === 1e9 + idOf(one) * 37 * US + 20 * MS));
});

test('a fault of some flows leaves the others alone, and stages compose', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ loss: 1, flow: { destination: '10.0.2.0/24', destinationPort: 4001 } });
  t.is(tap.send(100, 10 * US).length, 100);
  await tap.inject({ loss: 1, flow: { protocol: 17, destinationPort: 4000 } });
  t.is(tap.send(100, 10 * US).length, 0);
  await tap.faults.clearAll();
  await tap.inject({ delayNs: MS });
  await tap.inject({ exactLoss: { packets: 1, of: 2 } });
  tap.send(100, 10 * US);
  tap.advance(10 * MS);
  t.is(tap.seen.length, 50);
  await t.throwsAsync(tap.inject({ flow: { protocol: 17 }, delayNs: 1 }), { code: 'CONFLICT' });
});
