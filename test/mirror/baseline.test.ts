import test from 'ava';
import {
  compareBaselines,
  emptyConversation,
  ProfileLearner,
  type Conversation,
  type Moments,
} from '../../src/mirror/index.js';
import { TcpFlag } from '../../src/packet/index.js';
import { tcpFrame } from '../packet/frames.js';

const MS = 1e6;

/** So many equal times. */
function times(count: number, ms: number): Moments {
  return { count, sum: count * ms * MS, squares: count * (ms * MS) ** 2 };
}

function conversation(parts: Partial<Conversation> = {}): Conversation {
  const empty = emptyConversation('10.0.1.1', '10.0.2.1', 80);
  return { ...empty, handshakes: times(10, 1), responses: times(10, 9), segments: 100, ...parts };
}

/** The closeness of one production conversation to a shadow one. */
function closeness(production: Partial<Conversation>, shadow?: Partial<Conversation>) {
  const held = shadow ? [conversation(shadow)] : [];
  return compareBaselines([conversation(production)], held, () => true)?.closeness;
}

const none = times(0, 0);
const cases: [what: string, Partial<Conversation>, Partial<Conversation> | undefined, number][] = [
  ['equal', {}, {}, 1],
  // (3 - 1) / (3 + 1)
  ['a handshake of 3 ms for 1 ms', {}, { handshakes: times(10, 3) }, 0.5],
  ['and the other way round', { handshakes: times(10, 3) }, {}, 0.5],
  // (19 - 9) / (19 + 1)
  ['a response of 19 ms for 9 ms', {}, { responses: times(10, 19) }, 0.5],
  ['both', {}, { handshakes: times(10, 3), responses: times(10, 19) }, 0.25],
  ['below what is resolved', { handshakes: times(9, 0.01) }, { handshakes: times(9, 0.03) }, 0.98],
  ['only one is known', { responses: none }, { handshakes: times(9, 3), responses: none }, 0.5],
  ['the shadow never answers', {}, { responses: none }, 0],
  ['the shadow does not hold it', {}, undefined, 0],
  ['so lossy that nothing is in common', {}, { segments: 1e6, repeated: 3e5 }, 0],
];

for (const [what, production, shadow, expected] of cases) {
  test(`closeness: ${what}`, (t) => {
    const found = closeness(production, shadow)!;
    t.true(Math.abs(found - expected) <= 0.005, `${found}`);
    t.true(found >= 0 && found <= 1);
  });
}

test('loss: points apart, on a scale of ten', (t) => {
  const share = (repeated: number): Partial<Conversation> => ({ segments: 1e8, repeated });
  t.true(Math.abs(closeness(share(1e6), share(3e6))! - 0.8) < 0.01);
  t.is(closeness(share(0), share(2e7)), 0);
});

test('what chance explains is no gap', (t) => {
  const spread = (ms: number): Moments => ({ count: 10, sum: 10 * ms * MS, squares: 2e4 * MS ** 2 });
  t.is(closeness({ responses: spread(30) }, { responses: spread(35) }), 1);
  t.true(closeness({ responses: spread(5) }, { responses: spread(44) })! < 0.9);
});

test('weights are segments, the worst is named, the gap is the rest', (t) => {
  const of = (client: string, parts: Partial<Conversation>) => ({ ...conversation(parts), client });
  const production = [of('a', { segments: 300 }), of('b', { segments: 100 })];
  const shadow = [of('a', {}), of('b', { handshakes: times(10, 3) })];
  const found = compareBaselines(production, shadow, () => true)!;
  t.like(found, { closeness: 0.875, gap: 0.125, conversations: 2 });
  t.like(found.worst, { client: 'b', handshake: 0.5, response: 1, loss: 1, closeness: 0.5 });
});

test('nothing measured yet: no conversations, too few samples, none that was asked for', (t) => {
  t.is(compareBaselines([], [], () => true), undefined);
  t.is(closeness({ handshakes: times(4, 1), responses: times(4, 1) }, {}), undefined);
  t.is(compareBaselines([conversation()], [conversation()], () => false), undefined);
});

test('the learner measures handshakes, responses and repeated segments', (t) => {
  const learner = new ProfileLearner();
  const there = { from: '10.0.1.1', to: '10.0.2.1', fromPort: 4000, toPort: 80 };
  const back = { from: '10.0.2.1', to: '10.0.1.1', fromPort: 80, toPort: 4000 };
  const { SYN, ACK } = TcpFlag;
  const at = (ms: number, frame: Uint8Array): void => learner.observe(frame, ms * MS);
  at(0, tcpFrame(there, SYN, 100));
  at(1, tcpFrame(there, SYN, 100));
  at(3, tcpFrame(back, SYN | ACK, 500));
  at(4, tcpFrame(there, ACK, 101, 10));
  at(5, tcpFrame(there, ACK, 101, 10));
  at(14, tcpFrame(back, ACK, 501, 1000));
  at(15, tcpFrame(back, ACK, 1501, 1000));
  at(16, tcpFrame(back, ACK, 501, 1000));
  const [found] = [...learner.conversations];
  t.deepEqual(found!.handshakes, times(1, 2));
  t.deepEqual(found!.responses, times(1, 10));
  t.deepEqual([found!.segments, found!.repeated], [7, 3]);
});
