/** Who is primary: the arbitration rows of the specification's section 5, on both transports. */
import { both, election, insert, RawStream, role, route, statusOf, writeRequest } from './world.js';

both('an id at or above the highest ever seen is primary', async (t, { channel }) => {
  const [a, b, c] = [new RawStream(channel()), new RawStream(channel()), new RawStream(channel())];
  t.is(await a.ask(5), 'OK 5');
  t.is(await b.ask(3), 'ALREADY_EXISTS 5');
  t.is(await c.ask(9), 'OK 9');
  t.is(await a.heard(), 'ALREADY_EXISTS 9');
  t.is(await b.heard(), 'ALREADY_EXISTS 9');
  t.is(await b.ask(10), 'OK 10');
  t.is(await c.heard(), 'ALREADY_EXISTS 10');
});

both('when the primary leaves nobody is promoted', async (t, { channel }) => {
  const [a, b] = [new RawStream(channel()), new RawStream(channel())];
  await a.ask(5);
  await b.ask(3);
  a.close();
  t.is(await b.heard(), 'NOT_FOUND 5');
  t.is(await b.ask(4), 'NOT_FOUND 5', 'below the highest ever seen');
  t.is(await b.ask(5), 'OK 5', 'the id is free again');
});

both('a primary that lowers its id becomes backup, and all are told', async (t, { channel }) => {
  const [a, b] = [new RawStream(channel()), new RawStream(channel())];
  await a.ask(5);
  await b.ask(3);
  t.is(await a.ask(2), 'NOT_FOUND 5');
  t.is(await b.heard(), 'NOT_FOUND 5');
});

both('an update that changes nothing is answered', async (t, { channel }) => {
  const [a, b] = [new RawStream(channel()), new RawStream(channel())];
  t.is(await a.ask(5), 'OK 5');
  t.is(await a.ask(5), 'OK 5');
  t.is(await b.ask(1), 'ALREADY_EXISTS 5');
  t.is(await b.ask(1), 'ALREADY_EXISTS 5');
});

both('an unset id never is primary; zero is an id', async (t, { channel }) => {
  const [a, b] = [new RawStream(channel()), new RawStream(channel())];
  t.is(await a.ask(undefined), 'NOT_FOUND unset');
  t.is(await b.ask(0), 'OK 0');
  t.is(await a.heard(), 'ALREADY_EXISTS 0');
});

both('ids compare as 128 bits', async (t, { channel }) => {
  const [a, b] = [new RawStream(channel()), new RawStream(channel())];
  await a.ask(2 ** 40);
  t.is(await b.ask(1, { electionId: { high: 1n, low: 0n } }), 'OK 0');
  t.is(await a.heard(), 'ALREADY_EXISTS 0');
});

both('an id in use ends the stream that asks, and only that', async (t, { channel }) => {
  const [a, b, c] = [new RawStream(channel()), new RawStream(channel()), new RawStream(channel())];
  await a.ask(5);
  await c.ask(3);
  t.is(await b.ask(5), 'ended INVALID_ARGUMENT');
  t.is(await c.ask(5), 'ended INVALID_ARGUMENT', 'a later update too');
  t.is(await a.ask(5), 'OK 5');
});

both('what ends a stream', async (t, { channel }) => {
  const some = { typeUrl: 'type.example/roles', value: Uint8Array.of(1) };
  const cases: [string, string, (s: RawStream) => Promise<string>][] = [
    ['unknown device', 'ended NOT_FOUND', (s) => s.ask(1, { deviceId: 9n })],
    ['device 0', 'ended NOT_FOUND', (s) => s.ask(1, { deviceId: 0n })],
    [
      'another device',
      'ended FAILED_PRECONDITION',
      async (s) => (await s.ask(20), s.ask(20, { deviceId: 2n })),
    ],
    [
      'another role',
      'ended FAILED_PRECONDITION',
      async (s) => (await s.ask(21), s.ask(21, role('r'))),
    ],
    [
      'a role config nobody agreed on',
      'ended INVALID_ARGUMENT',
      (s) => s.ask(22, { role: { id: 0n, name: 'r', config: some } }),
    ],
  ];
  for (const [what, status, run] of cases) {
    t.is(await run(new RawStream(channel())), status, what);
  }
});

both('the streams of one device and role have a limit', async (t, { channel }) => {
  const shared = channel();
  const streams = Array.from({ length: 64 }, () => new RawStream(shared));
  for (const stream of streams) t.is(await stream.ask(undefined), 'NOT_FOUND unset');
  t.is(await new RawStream(shared).ask(1), 'ended RESOURCE_EXHAUSTED');
  t.is(await new RawStream(shared).ask(1, role('other')), 'OK 1');
  streams[0]!.close();
  t.is(await streams[1]!.ask(7), 'OK 7');
});

both('roles and devices have primaries of their own', async (t, { channel, target }) => {
  const [a, b, c] = [new RawStream(channel()), new RawStream(channel()), new RawStream(channel())];
  t.is(await a.ask(5), 'OK 5');
  t.is(await b.ask(1, role('observer')), 'OK 1');
  t.is(await c.ask(2, { deviceId: 2n }), 'OK 2');
  const write = (more: object) =>
    statusOf(
      channel().write(writeRequest({ updates: [insert(route(target.entities.size))], ...more })),
    );
  t.is(await write({ electionId: election(5) }), 'OK');
  t.is(await write({ electionId: election(1), role: 'observer' }), 'OK');
  t.is(await write({ electionId: election(1) }), 'PERMISSION_DENIED', 'of another role');
  t.is(await write({ electionId: election(2) }), 'PERMISSION_DENIED', 'of another device');
  t.is(await write({ electionId: election(1), role: 'nobody' }), 'NOT_FOUND', 'unknown role');
});

both('the old primary is refused at once', async (t, { channel }) => {
  const [a, b] = [new RawStream(channel()), new RawStream(channel())];
  await a.ask(1);
  const write = (id: number) =>
    statusOf(
      channel().write(writeRequest({ electionId: election(id), updates: [insert(route(id))] })),
    );
  t.is(await write(1), 'OK');
  t.is(await b.ask(2), 'OK 2');
  t.is(await write(1), 'PERMISSION_DENIED');
  t.is(await write(2), 'OK');
  b.close();
  t.is(await a.heard(), 'ALREADY_EXISTS 2');
  t.is(await a.heard(), 'NOT_FOUND 2');
  t.is(await write(2), 'PERMISSION_DENIED', 'no stream, no write');
});
