/** Packets, digests and the life of a connection. Section 16. */
import test from 'ava';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import {
  Code,
  GrpcChannel,
  P4RuntimeClient,
  P4RuntimeReader,
  P4RuntimeServer,
  type ClientListener,
} from '../../src/p4runtime/index.js';
import { P4RuntimeClient as Stub, type PacketIn } from '../../src/proto/index.js';
import { FakeTarget } from './fakeTarget.js';
import { both, config, election, Inbox, RawStream, role, route, statusOf } from './world.js';

const packet = (byte: number): PacketIn => ({
  payload: Uint8Array.of(byte),
  metadata: [{ metadataId: 1, value: Uint8Array.of(byte) }],
});
const digest = { digestId: 1, listId: 3n, data: [], timestamp: 5n };

/** A client that notes what it hears. */
function listening(): { listener: ClientListener; heard: Inbox<string> } {
  const heard = new Inbox<string>();
  return {
    heard,
    listener: {
      packetIn: ({ payload }) => heard.put(`packet ${payload[0]}`),
      digest: ({ listId }) => heard.put(`digest ${listId}`),
      arbitration: (isPrimary, error) =>
        heard.put(`${isPrimary ? 'primary' : 'backup'}${error === undefined ? '' : ' ended'}`),
    },
  };
}

both('packets and digests reach the primary only', async (t, { channel, target }) => {
  const [a, b] = [listening(), listening()];
  const old = new P4RuntimeClient(channel(), { deviceId: 1n }, a.listener);
  await old.becomePrimary();
  t.is(await a.heard.next(), 'primary');
  target.emitPacket(packet(1));
  target.emitDigest(digest);
  t.is(await a.heard.next(), 'packet 1');
  t.is(await a.heard.next(), 'digest 3');
  const next = new P4RuntimeClient(
    channel(),
    { deviceId: 1n, electionId: election(2) },
    b.listener,
  );
  await next.becomePrimary();
  target.emitPacket(packet(2));
  t.is(await b.heard.next(), 'primary');
  t.is(await b.heard.next(), 'packet 2');
  t.is(await a.heard.next(), 'backup', 'and no packet before or after');
  t.is(a.heard.waiting, 0);
  t.deepEqual([old.isPrimary, next.isPrimary], [false, true]);
});

both('every role has a primary that hears', async (t, { channel, target }) => {
  const [a, b] = [new RawStream(channel()), new RawStream(channel())];
  await a.ask(1);
  await b.ask(1, role('observer'));
  target.emitPacket(packet(1));
  t.deepEqual([await a.heard(), await b.heard()], ['packet', 'packet']);
});

both('nobody hears, nothing breaks', async (t, { channel, target }) => {
  target.emitPacket(packet(1));
  const a = new RawStream(channel());
  t.is(await a.ask(1), 'OK 1');
  a.close();
  target.emitPacket(packet(2));
  t.is(await new RawStream(channel()).ask(2), 'OK 2');
});

both('packets go out from the primary only', async (t, { channel, target }) => {
  const client = new P4RuntimeClient(channel(), { deviceId: 1n, electionId: election(5) });
  await client.becomePrimary();
  const backup = new RawStream(channel());
  backup.send({ $case: 'packet', value: packet(9) });
  await backup.ask(2);
  backup.send({ $case: 'packet', value: packet(8) });
  backup.send({ $case: 'digestAck', value: { digestId: 1, listId: 8n } });
  await backup.ask(2);
  client.packetOut(packet(1));
  client.packetOut(packet(2));
  while (target.packetsOut.length < 2) await client.capabilities();
  t.deepEqual(structuredClone(target.packetsOut), [packet(1), packet(2)]);
  t.deepEqual(target.acks, []);
});

both('a packet may be answered while it is heard', async (t, { channel, target }) => {
  const client = new P4RuntimeClient(
    channel(),
    { deviceId: 1n },
    {
      packetIn: (heard) => client.packetOut(heard),
    },
  );
  await client.becomePrimary();
  target.emitPacket(packet(7));
  while (target.packetsOut.length === 0) await client.capabilities();
  t.deepEqual(structuredClone(target.packetsOut), [packet(7)]);
});

both('becoming primary: refused, repeated, side by side, again after closing', async (t, world) => {
  const a = new P4RuntimeClient(world.channel(), { deviceId: 1n, electionId: election(5) });
  await Promise.all([a.becomePrimary(), a.becomePrimary()]);
  await a.becomePrimary();
  const b = new P4RuntimeClient(world.channel(), { deviceId: 1n, electionId: election(4) });
  t.is(await statusOf(b.becomePrimary()), 'ALREADY_EXISTS');
  const same = new P4RuntimeClient(world.channel(), { deviceId: 1n, electionId: election(5) });
  t.is(await statusOf(same.becomePrimary()), 'INVALID_ARGUMENT');
  const nowhere = new P4RuntimeClient(world.channel(), { deviceId: 9n });
  t.is(await statusOf(nowhere.becomePrimary()), 'NOT_FOUND');
  a.close();
  t.false(a.isPrimary);
  t.is(await statusOf(a.insert([route(1)])), 'PERMISSION_DENIED', 'closed');
});

test('a slow reader loses packets, not arbitration, and the loss is counted', async (t) => {
  const target = new FakeTarget(1n, config);
  const server = new P4RuntimeServer([target]);
  const port = await server.listen('127.0.0.1:0');
  const stream = new RawStream(new GrpcChannel(`127.0.0.1:${port}`));
  await stream.ask(1);
  const sent = 50_000;
  for (let i = 0; i < sent; i++) target.emitPacket(packet(1));
  t.true(server.streamDrops > 0);
  const other = new RawStream(server.inProcess());
  await other.ask(2);
  let packets = 0;
  let last = await stream.heard();
  for (; last === 'packet'; last = await stream.heard()) packets++;
  t.is(last, 'ALREADY_EXISTS 2');
  t.is(packets + server.streamDrops, sent);
  server.close();
});

test('a stream on which even arbitration piles up is ended', async (t) => {
  const server = new P4RuntimeServer([new FakeTarget(1n, config)]);
  const port = await server.listen('127.0.0.1:0');
  const slow = new RawStream(new GrpcChannel(`127.0.0.1:${port}`));
  t.is(await slow.ask(1), 'OK 1');
  const restless = new RawStream(server.inProcess());
  for (let id = 2; id < 10_000; id++) restless.arbitrate(id);
  let last = await slow.heard();
  while (last.startsWith('ALREADY_EXISTS')) last = await slow.heard();
  t.is(last, 'ended RESOURCE_EXHAUSTED');
  t.is(await new RawStream(server.inProcess()).ask(20_000), 'OK 20000', 'others go on');
  server.close();
});

both('roles of one device have a limit', async (t, { channel }) => {
  const shared = channel();
  for (let i = 0; i < 64; i++) {
    t.is(await new RawStream(shared).ask(1, role(`r${i}`)), 'OK 1');
  }
  t.is(await new RawStream(shared).ask(1, role('one more')), 'ended RESOURCE_EXHAUSTED');
  t.is(await new RawStream(shared).ask(2, role('r1')), 'OK 2', 'a known one');
});

test('nobody listens: the error names the address', async (t) => {
  const port = await unusedPort();
  const channel = new GrpcChannel(`127.0.0.1:${port}`);
  const reader = new P4RuntimeReader(channel, 1n);
  const expected = { code: 'UNAVAILABLE', message: new RegExp(`^127.0.0.1:${port}: no P4Runtime`) };
  await t.throwsAsync(reader.capabilities(), expected);
  await t.throwsAsync(reader.read([]), expected);
  const client = new P4RuntimeClient(channel, { deviceId: 1n });
  await t.throwsAsync(client.becomePrimary(), expected);
  channel.close();
});

test('a peer that never answers runs into the deadline, on the stream too', async (t) => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  const port = await new Promise<number>((resolve) =>
    silent.listen(0, '127.0.0.1', () => resolve((silent.address() as AddressInfo).port)),
  );
  const channel = new GrpcChannel(`127.0.0.1:${port}`, { deadlineMs: 200 });
  const client = new P4RuntimeClient(channel, { deviceId: 1n });
  t.regex(await statusOf(client.read([])), /DEADLINE_EXCEEDED|UNAVAILABLE/);
  t.regex(await statusOf(client.becomePrimary()), /DEADLINE_EXCEEDED|UNAVAILABLE/);
  client.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('a server that dies takes mastership with it, and can come back', async (t) => {
  const target = new FakeTarget(1n, config);
  const first = new P4RuntimeServer([target]);
  const port = await first.listen('127.0.0.1:0');
  const { listener, heard } = listening();
  const channel = new GrpcChannel(`127.0.0.1:${port}`);
  const client = new P4RuntimeClient(channel, { deviceId: 1n }, listener);
  await client.becomePrimary();
  t.is(await heard.next(), 'primary');
  first.close();
  t.is(await heard.next(), 'backup ended');
  t.is(await statusOf(client.insert([route(1)])), 'PERMISSION_DENIED');
  const second = new P4RuntimeServer([target]);
  t.is(await second.listen(`127.0.0.1:${port}`), port);
  while (
    await client.becomePrimary().then(
      () => false,
      () => true,
    )
  );
  await client.insert([route(1)]);
  client.close();
  second.close();
});

test('an address in use is an error that names it', async (t) => {
  const server = new P4RuntimeServer([]);
  const port = await server.listen('127.0.0.1:0');
  const other = new P4RuntimeServer([]);
  await t.throwsAsync(other.listen(`127.0.0.1:${port}`), {
    code: 'ADDRESS_IN_USE',
    message: `P4Runtime server on 127.0.0.1:${port}: address is already in use`,
  });
  server.close();
  other.close();
});

test('a stream ended by its client leaves no primary behind', async (t) => {
  const server = new P4RuntimeServer([new FakeTarget(1n, config)]);
  const port = await server.listen('127.0.0.1:0');
  const stub = new Stub(`127.0.0.1:${port}`, credentials.createInsecure());
  const ended = new Promise<number>((resolve) => {
    const call = stub.streamChannel();
    call.on('status', ({ code }: { code: number }) => resolve(code));
    call.on('data', () => call.end());
    const value = { deviceId: 1n, role: undefined, electionId: election(1), status: undefined };
    call.write({ update: { $case: 'arbitration', value } });
  });
  t.is(await ended, Code.OK);
  t.is(await new RawStream(server.inProcess()).ask(1), 'OK 1');
  stub.close();
  server.close();
});

async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}
