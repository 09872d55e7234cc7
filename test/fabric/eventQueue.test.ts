import test from 'ava';
import { Arena } from '../../src/base/arena.js';
import { Prng } from '../../src/base/prng.js';
import { EventQueue } from '../../src/fabric/eventQueue.js';

const SOURCES = 40;
const PARTS = 5;

function makeQueue(): { queue: EventQueue; partOf: Int32Array } {
  const partOf = Int32Array.from({ length: SOURCES }, (_, source) => source % PARTS);
  return { queue: new EventQueue(new Arena(1 << 16), partOf), partOf };
}

test('events come in the order of time, then of sources, through moves and cancels', (t) => {
  const { queue, partOf } = makeQueue();
  const prng = new Prng(7);
  const due = new Map<number, number>();
  let taken = 0;
  for (let step = 0; step < 20_000; step++) {
    const source = prng.below(SOURCES);
    const draw = prng.unit();
    if (draw < 0.55) {
      const time = prng.below(1000);
      queue.schedule(source, time);
      due.set(source, time);
    } else if (draw < 0.7) {
      queue.cancel(source);
      due.delete(source);
    } else if (due.size > 0) {
      const first = Math.min(...due.values());
      t.is(queue.nextNs, first);
      const part = queue.begin();
      const next = part.take();
      queue.end();
      t.is(due.get(next), first);
      const equals = [...due].filter(([, time]) => time === first).map(([other]) => other);
      const ofPart = equals.filter((other) => partOf[other] === partOf[next]);
      t.is(next, Math.min(...ofPart));
      due.delete(next);
      taken++;
    }
    t.is(queue.isQueued(source), due.has(source));
  }
  t.true(taken > 1000);
});

test('while a part runs, the next time is that of the others', (t) => {
  const { queue } = makeQueue();
  queue.schedule(0, 10);
  queue.schedule(PARTS, 20);
  queue.schedule(1, 30);
  const part = queue.begin();
  t.is(part.take(), 0);
  t.is(part.nextNs, 20);
  t.is(queue.nextNs, 30);
  queue.schedule(2, 25);
  t.is(queue.nextNs, 25);
  queue.cancel(PARTS);
  t.is(part.nextNs, Infinity);
  queue.end();
  t.is(queue.nextNs, 25);
});
