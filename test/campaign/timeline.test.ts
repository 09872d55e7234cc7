import test from 'ava';
import { occurrencesOf, type TimedFailure } from '../../src/campaign/index.js';

const loss = { type: 'link_degradation', link: 'l', direction: 'both', loss: 0.1 } as const;
const timed = (id: string, more: Partial<TimedFailure> = {}): TimedFailure => ({
  id,
  failure: loss,
  startNs: 0,
  durationNs: 100,
  ...more,
});
const spans = (failures: TimedFailure[]): [string, number, number][] =>
  occurrencesOf(failures, 1000).map(({ id, beginNs, endNs }) => [id, beginNs, endNs]);

test('a failure begins after the steady phase, again and again, and after another one', (t) => {
  t.deepEqual(spans([timed('a', { startNs: 5 })]), [['a', 1005, 1105]]);
  t.deepEqual(spans([timed('a', { repeat: { times: 3, everyNs: 200 } })]), [
    ['a', 1000, 1100],
    ['a', 1200, 1300],
    ['a', 1400, 1500],
  ]);
  const chain = [
    timed('c', { after: { id: 'b', edge: 'start' }, startNs: 7 }),
    timed('a', { repeat: { times: 2, everyNs: 150 } }),
    timed('b', { after: { id: 'a', edge: 'end' }, startNs: 10 }),
  ];
  t.deepEqual(spans(chain), [
    ['a', 1000, 1100],
    ['a', 1150, 1250],
    ['b', 1260, 1360],
    ['c', 1267, 1367],
  ]);
});

test('what cannot be is refused by name', (t) => {
  const refused = (failures: TimedFailure[], message: RegExp): void => {
    t.throws(() => spans(failures), { message });
  };
  refused([timed('a'), timed('a')], /two failures have the id 'a'/);
  refused([timed('a', { after: { id: 'x', edge: 'end' } })], /'a' comes after 'x', which is not/);
  refused(
    [
      timed('a', { after: { id: 'b', edge: 'end' } }),
      timed('b', { after: { id: 'a', edge: 'end' } }),
    ],
    /'a' comes after itself/,
  );
  refused([timed('a', { repeat: { times: 2, everyNs: 50 } })], /'a' comes again before/);
  refused([timed('a', { repeat: { times: 20_000, everyNs: 200 } })], /20000 occurrences/);
});
