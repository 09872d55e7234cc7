import test from 'ava';
import { namesByAddress, ProfileLearner, type ProfileLimits } from '../../src/mirror/index.js';
import { TcpFlag } from '../../src/packet/index.js';
import type { TrafficFlow } from '../../src/topology/index.js';
import { echoFrame, insert, tcpFrame, udpFrame, type Ends } from '../packet/frames.js';

const { SYN, ACK, FIN, PSH, RST } = TcpFlag;
const MS = 1e6;
const ab: Ends = { from: '10.0.0.1', to: '10.0.0.2', fromPort: 40000, toPort: 80 };
const back = ({ from, to, fromPort, toPort }: Ends): Ends => {
  return { from: to, to: from, fromPort: toPort, toPort: fromPort };
};

/** A frame at a time in ms. */
type Step = [ms: number, frame: Uint8Array];

/** A whole connection: handshake of 1 ms, one request, its answer in pieces of 1,000 bytes. */
function exchange(
  startMs: number,
  ends: Ends,
  request: number | string,
  answer: number,
  serviceMs: number,
): Step[] {
  const bytes = typeof request === 'string' ? request.length : request;
  const [client, server] = [0xffffff00, 7000];
  const steps: Step[] = [
    [startMs, tcpFrame(ends, SYN, client)],
    [startMs + 1, tcpFrame(back(ends), SYN | ACK, server)],
    [startMs + 2, tcpFrame(ends, ACK | PSH, client + 1, request)],
  ];
  for (let sent = 0; sent < answer; sent += 1000) {
    const part = Math.min(1000, answer - sent);
    steps.push([startMs + 3 + serviceMs, tcpFrame(back(ends), ACK, server + 1 + sent, part)]);
  }
  steps.push([startMs + 4 + serviceMs, tcpFrame(back(ends), FIN | ACK, server + 1 + answer)]);
  steps.push([startMs + 4 + serviceMs, tcpFrame(ends, FIN | ACK, (client + 1 + bytes) >>> 0)]);
  return steps;
}

const names = namesByAddress([
  { name: 'a', ip: '10.0.0.1', ip6: '2001:db8:0::1' },
  { name: 'b', ip: '10.0.0.2', ip6: '2001:db8::2' },
]);

/** What is learned from steps of one second, by names a and b. */
function learn(steps: Step[], limits?: ProfileLimits): TrafficFlow[] {
  return learnerOf(steps, limits).flows(names);
}

function learnerOf(steps: Step[], limits?: ProfileLimits): ProfileLearner {
  const learner = new ProfileLearner(limits);
  const ticks: Step[] = [
    [0, strangers],
    [1000, strangers],
  ];
  for (const [ms, frame] of [...ticks, ...steps].sort((x, y) => x[0] - y[0])) {
    learner.observe(frame, ms * MS);
  }
  return learner;
}

/** Of hosts without names: marks the ends of the observation. */
const strangers = udpFrame({ from: '10.9.9.1', to: '10.9.9.2' }, 1);

test('requests: rates, sizes and the time of the server', (t) => {
  const get = 'GET /index HTTP/1.1\r\n\r\n';
  const flows = learn([
    ...exchange(10, ab, get, 2500, 4),
    ...exchange(300, { ...ab, fromPort: 40001 }, get, 500, 8),
  ]);
  t.deepEqual(flows, [
    {
      kind: 'http',
      name: 'http a-b:80',
      client: 'a',
      server: 'b',
      port: 80,
      requestsPerSecond: 2,
      requestBytes: get.length,
      responseBytes: 1500,
      serviceNs: 6 * MS,
    },
  ]);
});

test('several exchanges in one connection; what is sent again counts once', (t) => {
  const db: Ends = { ...ab, toPort: 5432 };
  const steps: Step[] = [
    [1, tcpFrame(db, SYN, 100)],
    [2, tcpFrame(back(db), SYN | ACK, 900)],
    [3, tcpFrame(db, ACK, 101, 10)],
    [4, tcpFrame(db, ACK, 101, 10)],
    [5, tcpFrame(back(db), ACK, 901, 100)],
    [6, tcpFrame(back(db), ACK, 901, 100)],
    [7, tcpFrame(db, ACK, 111, 10)],
    [8, tcpFrame(db, ACK, 111, 30)],
    [10, tcpFrame(back(db), ACK, 1001, 200)],
  ];
  t.like(learn(steps)[0], {
    name: 'tcp a-b:5432',
    requestsPerSecond: 2,
    requestBytes: 20,
    responseBytes: 150,
    serviceNs: 1 * MS,
  });
});

test('a SYN sent again does not make the way longer; a new one is a new connection', (t) => {
  const steps = exchange(500, ab, 100, 100, 4);
  t.like(learn([[1, tcpFrame(ab, SYN, 0xffffff00)], ...steps])[0], { serviceNs: 4 * MS });
  const again = learn([[1, tcpFrame(ab, SYN, 5)], ...steps]);
  t.like(again[0], { serviceNs: 4 * MS, requestsPerSecond: 1 });
});

test('copies out of order are one exchange', (t) => {
  const [syn, accept, request, ...rest] = exchange(10, ab, 'GET / HTTP/1.1', 2500, 4);
  const expected = { requestsPerSecond: 1, requestBytes: 14, responseBytes: 2500 };
  for (const order of [
    [request, syn, accept],
    [accept, syn, request],
    [syn, request, accept],
  ]) {
    t.like(learn(order.map((step, i): Step => [i, step![1]]).concat(rest)), {
      0: { name: 'http a-b:80', ...expected },
      length: 1,
    });
  }
  const [first, second] = rest;
  const swapped: Step[] = [syn!, accept!, request!, [17, second![1]], [18, first![1]]];
  t.like(learn([...swapped, ...rest.slice(2)])[0], expected);
});

test('connections older than the observation: the lower port serves', (t) => {
  const steps: Step[] = [
    [5, tcpFrame(back(ab), ACK, 1, 300)],
    [6, tcpFrame(ab, ACK, 50, 20)],
    [9, tcpFrame(back(ab), ACK, 301, 300)],
  ];
  t.like(learn(steps)[0], { name: 'tcp a-b:80', requestBytes: 20, responseBytes: 600 });
});

test('transfers: to the server, from the server, and never answered', (t) => {
  const up = learn(
    exchange(1, { ...ab, toPort: 5001 }, 60_000, 100, 1).concat(
      exchange(9, { ...ab, toPort: 5001, fromPort: 2 }, 50_000, 100, 1),
    ),
  );
  t.like(up[0], { kind: 'bulk', transferBytes: 55_000, transfersPerSecond: 2 });
  const down = learn(exchange(1, ab, 'GET /film HTTP/1.1', 1_500_000, 1));
  t.deepEqual(down, [
    {
      kind: 'bulk',
      name: 'download b-a:80',
      client: 'b',
      server: 'a',
      port: 80,
      transferBytes: 1_500_000,
      transfersPerSecond: 1,
    },
  ]);
  const log = learn([[1, tcpFrame({ ...ab, toPort: 514 }, ACK, 1, 50)]]);
  t.like(log[0], { kind: 'bulk', transferBytes: 50 });
});

test('an upload by HTTP stays requests', (t) => {
  t.like(learn(exchange(1, ab, `POST /${'x'.repeat(60_000)}`, 10, 1))[0], { kind: 'http' });
});

test('datagrams: answers are one stream, whatever port they go to', (t) => {
  const steps: Step[] = [];
  for (let i = 0; i < 10; i++) {
    const dns = { ...ab, fromPort: 5000 + i, toPort: 53 };
    steps.push([i, udpFrame(dns, 30)], [i + 0.5, udpFrame(back(dns), 90)]);
  }
  t.deepEqual(learn(steps), [
    {
      kind: 'udp',
      name: 'udp a-b:53',
      client: 'a',
      server: 'b',
      port: 53,
      packetsPerSecond: 10,
      payloadBytes: 30,
    },
    {
      kind: 'udp',
      name: 'udp b-a:53',
      client: 'b',
      server: 'a',
      port: 53,
      packetsPerSecond: 10,
      payloadBytes: 90,
    },
  ]);
});

test('pings, and IPv6 like IPv4', (t) => {
  const v6: Ends = { from: '2001:db8::1', to: '2001:db8::2', fromPort: 9, toPort: 53 };
  const steps = [1, 2, 3, 4].flatMap((ms): Step[] => [
    [ms, echoFrame(ab, ms)],
    [ms, echoFrame(back(ab), ms, 0)],
    [ms, echoFrame(v6, ms)],
    [ms, udpFrame(v6, 12)],
  ]);
  t.deepEqual(learn(steps.filter(([, frame]) => frame[12] === 8)), [
    { kind: 'ping', name: 'ping a-b', client: 'a', server: 'b', intervalNs: 250 * MS },
  ]);
  t.like(learn(steps), { 0: { kind: 'udp', payloadBytes: 12 }, length: 3 });
});

const nothing: [string, Step[]][] = [
  ['a handshake alone', exchange(1, ab, 0, 0, 1)],
  [
    'a refused connection',
    [
      [1, tcpFrame(ab, SYN, 1)],
      [2, tcpFrame(back(ab), RST | ACK, 0)],
    ],
  ],
  ['frames of the shadow', [[1, insert(udpFrame(ab, 9), 12, [0x88, 0xb5])]]],
  ['frames that are not IP', [[1, insert(udpFrame(ab, 9), 12, [0x08, 0x06])]]],
  ['a frame cut in its headers', [[1, udpFrame(ab, 9).subarray(0, 36)]]],
  ['a host to itself', [[1, udpFrame({ from: '10.0.0.1', to: '10.0.0.1' }, 9)]]],
];

for (const [name, steps] of nothing) {
  test(`teaches nothing: ${name}`, (t) => t.deepEqual(learn(steps), []));
}

test('cut copies count in full', (t) => {
  const whole = exchange(1, ab, 700, 3000, 1);
  t.deepEqual(learn(whole.map(([ms, frame]) => [ms, frame.subarray(0, 64)])), learn(whole));
});

test('an observation of no time has no rates, unless a least time is set', (t) => {
  const once = (limits?: ProfileLimits): TrafficFlow[] => {
    const learner = new ProfileLearner(limits);
    learner.observe(udpFrame(ab, 9), 5 * MS);
    return learner.flows(names);
  };
  t.deepEqual(once(), []);
  t.like(once({ leastWindowNs: 500 * MS })[0], { packetsPerSecond: 2 });
});

test('the memory is bounded, and what did not fit is counted', (t) => {
  const many: Step[] = [1, 2, 3, 4, 5].map((i) => [i, udpFrame({ ...ab, toPort: 100 + i }, 9)]);
  const full = learnerOf(many, { flows: 3 });
  t.is(full.flows(names).length, 2);
  t.is(full.untracked, 3);
  const open = [1, 2, 3].map((i): Step => [i, tcpFrame({ ...ab, fromPort: 100 + i }, SYN, 1)]);
  t.is(learnerOf(open, { connections: 2 }).forgotten, 1);
  const closed = [1, 2, 3].flatMap((i) => exchange(50 * i, { ...ab, fromPort: i }, 10, 10, 1));
  const small = learnerOf(closed, { connections: 1 });
  t.is(small.forgotten, 0);
  t.like(small.flows(names)[0], { requestsPerSecond: 3 });
});
