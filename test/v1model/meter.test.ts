/** Colours of meters, packet by packet, against RFC 2698 and RFC 2697. */
import test from 'ava';
import { MeterArray } from '../../src/v1model/meter.js';
import type { MeterRates } from '../../src/v1model/index.js';

const colours = ['green', 'yellow', 'red'];

/** The colours of packets of 100 bytes, the n-th at `times[n]` seconds. */
function run(rates: MeterRates | undefined, times: readonly number[]): string {
  let nowNs = 0;
  const meter = new MeterArray('m', 1, 'bytes', () => nowNs);
  meter.set(0, rates);
  return times
    .map((seconds) => {
      nowNs = seconds * 1e9;
      return colours[meter.execute(0, 100)];
    })
    .join(' ');
}

const two = { committedRate: 100, committedBurst: 100, peakRate: 200, peakBurst: 300 };
const one = { committedRate: 100, committedBurst: 200, peakRate: 100, peakBurst: 200 };

const cases: [string, MeterRates | undefined, number[], string][] = [
  ['without rates all is green', undefined, [0, 0], 'green green'],
  ['committed, then peak, then red', two, [0, 0, 0, 0], 'green yellow yellow red'],
  ['both buckets fill at their rates', two, [0, 0, 0, 0.5, 1], 'green yellow yellow yellow green'],
  ['one rate, no excess: two colours', one, [0, 0, 0, 1], 'green green red green'],
  ['one rate with an excess burst', { ...one, excessBurst: 100 }, [0, 0, 0, 0],
    'green green yellow red'],
  ['the excess fills when the committed is full', { ...one, excessBurst: 100 },
    [0, 0, 0, 3, 3, 3, 3], 'green green yellow green green yellow red'],
  ['and only then', { ...one, excessBurst: 100 }, [0, 0, 0, 2, 2, 2],
    'green green yellow green green red'],
];

for (const [title, rates, times, expected] of cases) {
  test(title, (t) => t.is(run(rates, times), expected));
}

test('each colour is counted', (t) => {
  const meter = new MeterArray('m', 2, 'packets', () => 0);
  meter.set(1, { committedRate: 1, committedBurst: 1, peakRate: 1, peakBurst: 2 });
  for (let i = 0; i < 4; i++) meter.execute(1, 50);
  const of = (packets: number) => ({ packets, bytes: 50 * packets });
  t.deepEqual(meter.counts(1), { green: of(1), yellow: of(1), red: of(2) });
  const saved = meter.save();
  meter.resetCounts(1);
  t.deepEqual(meter.counts(1), { green: of(0), yellow: of(0), red: of(0) });
  meter.load(saved);
  t.is(meter.counts(1).red.packets, 2);
  t.is(meter.counts(0).green.packets, 0);
});
