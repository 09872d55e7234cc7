/** Errors of applications, segment by segment: what a switch makes of a server's answers. */
import test from 'ava';
import type { AppError } from '../../src/fault/index.js';
import { Flag, frameOf, segment, segmentOf, type Segment } from './segment.js';
import { Tap } from './tap.js';

const MS = 1e6;
const SERVER_PORT = 2;
const CLIENT_PORT = 1;

const band = (count: number, share: number): number => 3 * Math.sqrt(count * share * (1 - share));

const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n';
const answer = `${head}${'body '.repeat(200)}`;

async function open(failure: Partial<AppError>): Promise<Tap> {
  const tap = await Tap.open();
  await tap.inject({
    ...{ type: 'app_error', host: 'b', port: 80, link: undefined, direction: undefined },
    ...failure,
  });
  return tap;
}

/** What comes out of the client's port for a segment of the server: one packet or none. */
function toClient(tap: Tap, one: Segment): Segment | undefined {
  const seen = tap.put(one.from === 'server' ? SERVER_PORT : CLIENT_PORT, frameOf(one));
  if (seen.length > 1) throw new Error(`${seen.length} packets came out`);
  if (seen.length === 0) return undefined;
  if (seen[0]!.port !== CLIENT_PORT) throw new Error(`left by port ${seen[0]!.port}`);
  return segmentOf(seen[0]!.frame);
}

/** What goes back to the server. */
function toServer(tap: Tap, one: Segment): Segment {
  const [seen, ...more] = tap.put(SERVER_PORT, frameOf(one));
  if (!seen || more.length > 0 || seen.port !== SERVER_PORT) throw new Error('nothing goes back');
  return segmentOf(seen.frame);
}

test('status: three digits change, with and without TCP options, and nothing else', async (t) => {
  const tap = await open({ mode: 'status', status: 503 });
  for (const options of [0, 12, 40]) {
    for (const length of [16, 17, 1000, answer.length]) {
      const one = segment({ options, payload: answer.slice(0, length) });
      const wanted = one.payload.replace('200', '503');
      t.deepEqual(toClient(tap, one), { ...one, payload: wanted });
    }
  }
});

test('status: only heads with a success, unless asked', async (t) => {
  const rewritten = async (failure: Partial<AppError>, first: string): Promise<string> => {
    const tap = await open({ mode: 'status', ...failure });
    const one = segment({ payload: `${first} and a reason\r\n` });
    return toClient(tap, one)!.payload.slice(0, first.length);
  };
  t.is(await rewritten({}, 'HTTP/1.0 302'), 'HTTP/1.0 503');
  t.is(await rewritten({ status: 404 }, 'HTTP/1.1 204'), 'HTTP/1.1 404');
  t.is(await rewritten({}, 'HTTP/1.1 404'), 'HTTP/1.1 404');
  t.is(await rewritten({ anyStatus: true }, 'HTTP/1.1 404'), 'HTTP/1.1 503');
  t.is(await rewritten({}, 'HTTQ/1.1 200'), 'HTTQ/1.1 200');
  t.is(await rewritten({}, 'HTTP/2.0 200'), 'HTTP/2.0 200');
});

test('status: bodies, requests and other connections pass as they are', async (t) => {
  const tap = await open({ mode: 'status' });
  const untouched = [
    segment({ payload: 'body HTTP/1.1 200 OK and so on' }),
    segment({ payload: 'HTTP/1.1 200 O' }),
    segment({ serverPort: 81, payload: answer }),
    segment({ flags: Flag.ACK | Flag.FIN }),
  ];
  for (const one of untouched) t.deepEqual(toClient(tap, one), one);
  const request = segment({ from: 'client', payload: answer });
  const [seen] = tap.put(CLIENT_PORT, frameOf(request));
  t.deepEqual(segmentOf(seen!.frame), request);
});

test('a share of answers is hit, in the 99.7 % band, and retransmissions decide alike', async (t) => {
  for (const share of [0.1, 0.5]) {
    for (const mode of ['status', 'hang'] as const) {
      const tap = await open({ mode, share });
      const count = 20_000;
      let hits = 0;
      for (let i = 0; i < count; i++) {
        const one = segment({
          clientPort: 32_768 + (i % 1000),
          sequence: 77 + 5000 * Math.floor(i / 1000),
          acknowledgement: 99 + 400 * Math.floor(i / 1000),
          payload: answer,
        });
        const isHit = (seen: Segment | undefined): boolean =>
          seen === undefined || seen.payload.startsWith('HTTP/1.1 503');
        const first = isHit(toClient(tap, one));
        if (isHit(toClient(tap, one)) !== first) t.fail('a retransmission decides otherwise');
        if (first) hits++;
        if (i % 1000 === 0) tap.faults.heartbeat();
      }
      const wanted = count * share;
      t.true(Math.abs(hits - wanted) <= band(count, share), `${mode}: ${hits}, ${wanted} expected`);
    }
  }
});

test('another seed hits others', async (t) => {
  const hits = async (seed: number): Promise<string> => {
    const tap = await open({ mode: 'hang', share: 0.5, seed });
    const one = (i: number): Segment => segment({ clientPort: 40_000 + i, payload: answer });
    return Array.from({ length: 64 }, (_, i) => (toClient(tap, one(i)) ? '.' : 'x')).join('');
  };
  t.is(await hits(1), await hits(1));
  t.not(await hits(1), await hits(2));
});

test('delay: an answer begins late to the nanosecond, what follows keeps its place', async (t) => {
  const tap = await open({ mode: 'delay', delayNs: 50 * MS });
  const part = (i: number, flags: number = Flag.ACK): Segment =>
    segment({ sequence: 1000 + 1000 * i, payload: answer.slice(0, 1000), flags });
  const began = tap.nowNs;
  t.is(toClient(tap, part(0)), undefined);
  tap.advance(10 * MS);
  t.deepEqual(toClient(tap, segment({ sequence: 2000 }))?.flags, Flag.ACK, 'acknowledgements pass');
  t.is(toClient(tap, part(1)), undefined);
  t.is(toClient(tap, segment({ sequence: 3000, flags: Flag.ACK | Flag.FIN })), undefined);
  tap.advance(100 * MS);
  const times = tap.seen.map(({ timeNs }) => timeNs - began);
  t.deepEqual(times, [50 * MS, 50 * MS, 50 * MS]);
  const order = tap.seen.map(({ frame }) => segmentOf(frame).sequence);
  t.deepEqual(order, [1000, 2000, 3000]);
  t.truthy(toClient(tap, part(2)), 'the rest of the answer is not late');
  const next = segment({ sequence: 4000, acknowledgement: 2100, payload: answer });
  const asked = tap.nowNs;
  t.is(toClient(tap, next), undefined, 'the next answer is');
  tap.advance(60 * MS);
  t.is(tap.seen[0]!.timeNs - asked, 50 * MS);
});

test('hang: data never comes, the connection lives', async (t) => {
  const tap = await open({ mode: 'hang' });
  t.is(toClient(tap, segment({ payload: answer })), undefined);
  t.is(toClient(tap, segment({ flags: Flag.FIN | Flag.ACK })), undefined);
  const kept = [segment(), segment({ flags: Flag.SYN | Flag.ACK, options: 20 })];
  for (const one of kept) t.deepEqual(toClient(tap, one), one);
});

test('reset: the answer becomes a reset for the client, then for the server', async (t) => {
  const tap = await open({ mode: 'reset' });
  const data = segment({ payload: answer, options: 12 });
  const nothing = { payload: '', options: 0 };
  t.deepEqual(toClient(tap, data), { ...data, ...nothing, flags: Flag.RST | Flag.ACK });
  const back = toServer(tap, data);
  t.deepEqual(back, {
    ...data,
    ...nothing,
    from: 'client',
    sequence: data.acknowledgement,
    acknowledgement: 0,
    flags: Flag.RST,
  });
  const bye = segment({ flags: Flag.RST });
  t.deepEqual(toClient(tap, bye), bye, "the server's own reset passes");
  const fresh = segment({ flags: Flag.SYN | Flag.ACK, options: 8, sequence: 5 });
  t.deepEqual(toClient(tap, fresh), fresh, 'the same ports may begin anew');
  t.deepEqual(toClient(tap, segment()), segment());
});

test('cut: so many bytes arrive, in whole segments, then the connection closes', async (t) => {
  const tap = await open({ mode: 'cut', afterBytes: 2500 });
  const part = (i: number): Segment =>
    segment({ sequence: 1000 + 1000 * i, payload: answer.slice(0, 1000) });
  t.deepEqual(toClient(tap, part(0)), part(0));
  t.deepEqual(toClient(tap, part(1)), part(1));
  t.deepEqual(toClient(tap, part(0)), part(0), 'a retransmission of what may pass');
  const last = toClient(tap, part(2));
  t.is(last!.flags, Flag.FIN | Flag.ACK);
  t.deepEqual([last!.sequence, last!.payload.length], [3000, 0]);
  t.is(toServer(tap, part(3)).flags, Flag.RST);
  t.is(toServer(tap, segment({ sequence: 4000 })).flags, Flag.RST);
});

test('refuse: a client that opens a connection is reset, its server hears nothing', async (t) => {
  const tap = await open({ mode: 'refuse' });
  const opening = segment({ from: 'client', flags: Flag.SYN, options: 20, acknowledgement: 0 });
  const refusal = toClient(tap, opening)!;
  t.is(refusal.from, 'server');
  t.deepEqual([refusal.flags, refusal.acknowledgement], [Flag.RST | Flag.ACK, 1001]);
  const data = segment({ payload: answer });
  t.deepEqual(toClient(tap, data), data, 'connections that are there stay');
  const elsewhere = frameOf({ ...opening, serverPort: 81 });
  t.is(tap.put(CLIENT_PORT, elsewhere)[0]!.port, SERVER_PORT);
});

test("error: a database's last words in its own protocol, then the connection is closed", async (t) => {
  const answers: [number, string, RegExp][] = [
    [5432, 'N', /^E\0\0\0\?SFATAL\0VFATAL\0C57P01\0Mdatabase failure.* *\0\0$/],
    [5432, 'Z\0\0\0\x05I and more than the window shows', /^E\0\0\0\?SFATAL/],
    [3306, '\x07\0\0\x03\0\0\0\x02\0\0\0', /^<\0\0\x03\xff\x1d\x04#08S01database failure/],
    [3306, `J\0\0\0\n8.0.36${'\0'.repeat(60)}`, /^<\0\0\0\xff\x1d\x04#08S01/],
    [6379, '+OK\r\n', /^-ERR database failure injected by Umbra *\r\n$/],
    [6379, `$200\r\n${'v'.repeat(200)}\r\n`, /^-ERR /],
  ];
  for (const [port, payload, wanted] of answers) {
    const tap = await open({ mode: 'error', port });
    const one = segment({ serverPort: port, payload, options: 12 });
    const seen = toClient(tap, one)!;
    t.is(seen.payload.length, 64);
    t.regex(seen.payload, wanted);
    t.is(seen.flags, Flag.FIN | Flag.PSH | Flag.ACK);
    t.is(seen.sequence, one.sequence);
    t.is(toServer(tap, one).flags, Flag.RST);
  }
});

test('clients are told apart, two faults of one server are not', async (t) => {
  const tap = await open({ mode: 'reset', flow: { source: '10.0.1.0/24', sourcePort: 40_001 } });
  const other = segment({ payload: answer });
  t.deepEqual(toClient(tap, other), other);
  t.is(toClient(tap, { ...other, clientPort: 40_001 })?.flags, Flag.RST | Flag.ACK);
  const again = tap.inject({ type: 'app_error', host: 'b', port: 80, mode: 'hang' });
  await t.throwsAsync(again, { code: 'CONFLICT', message: /s1 app_fault.answer port 2/ });
});

test('corrupt: one bit of the payload, behind TCP options, too', async (t) => {
  const tap = await Tap.open();
  await tap.inject({ link: 'a-s1', corrupt: 1, corruptRepaired: true });
  const one = segment({ payload: answer, options: 12 });
  for (let i = 0; i < 100; i++) {
    const { payload, ...rest } = toClient(tap, one)!;
    t.deepEqual({ ...rest, payload: answer }, one);
    const turned = [...payload].map((letter, at) => letter.charCodeAt(0) ^ answer.charCodeAt(at));
    t.is(turned.filter((bits) => bits !== 0).length, 1);
    t.true(turned.findIndex((bits) => bits !== 0) < 16);
  }
});

test('nothing acts longer than the lease', async (t) => {
  const tap = await open({ mode: 'reset' });
  const one = segment({ payload: answer });
  const ended = { ...one, clientPort: 40_001 };
  t.is(toClient(tap, ended)?.flags, Flag.RST | Flag.ACK);
  tap.advance(10_001 * MS);
  t.deepEqual(toClient(tap, one), one);
  t.deepEqual(toClient(tap, ended), ended);
});
