/** Our client against servers that are slow, split, lose things and break. */
import { Metadata } from '@grpc/grpc-js';
import type { ExecutionContext } from 'ava';
import { ProductionDevice } from '../../src/device/index.js';
import {
  Code,
  groupEntity,
  memberEntity,
  P4RuntimeClient,
  P4RuntimeReader,
  ruleEntity,
  Schema,
  WriteError,
  tableRequest,
} from '../../src/p4runtime/index.js';
import { Update_Type, type DigestList, type Entity, type Update } from '../../src/proto/index.js';
import { Inbox, statusOf } from '../p4runtime/world.js';
import { MockServer } from './mockServer.js';
import { clientRow } from './row.js';
import { programConfig } from './world.js';

const config = programConfig('conformance');
const schema = new Schema(config.p4info!);

const entry = (a: number, port = 1): Entity =>
  ruleEntity(schema, {
    table: 'lpm_table',
    match: { 'hdr.probe.a': `10.${a >> 8}.${a & 255}.0/24` },
    action: 'forward',
    params: { port: `${port}` },
  });

const inserts = (count: number): Update[] =>
  Array.from({ length: count }, (_, a) => ({ type: Update_Type.INSERT, entity: entry(a) }));

/** Runs `body` against a mock and ends it. */
async function withMock(body: (mock: MockServer) => Promise<void>): Promise<void> {
  const mock = await MockServer.start();
  try {
    await body(mock);
  } finally {
    mock.close();
  }
}

async function primary(mock: MockServer, deadlineMs?: number): Promise<P4RuntimeClient> {
  const channel = mock.channel(deadlineMs === undefined ? undefined : { deadlineMs });
  const client = new P4RuntimeClient(channel, { deviceId: 1n, electionId: { high: 2n, low: 3n } });
  await client.becomePrimary();
  return client;
}

clientRow('A4', 'a server without Capabilities is one of version 1.0', async (t) => {
  await withMock(async (mock) => {
    const reader = new P4RuntimeReader(mock.channel(), 1n);
    t.is(await reader.capabilities(), '1.5.0');
    mock.onCapabilities = () => ({ code: Code.UNIMPLEMENTED });
    t.is(await reader.capabilities(), '1.0.0');
    mock.onCapabilities = () => ({ code: Code.INTERNAL });
    t.is(await statusOf(reader.capabilities()), 'INTERNAL', 'any other error is one');
    reader.close();
  });
});

clientRow('D3', 'an answer to a Read may be split in any way', async (t) => {
  await withMock(async (mock) => {
    const reader = new P4RuntimeReader(mock.channel(), 1n);
    const entities = [1, 2, 3, 4].map((a) => entry(a));
    const [a, b, c, d] = entities as [Entity, Entity, Entity, Entity];
    const splits = [[[a, b, c, d]], [[a], [b], [c], [d]], [[], [a, b], [], [c, d], []]];
    for (const parts of splits) {
      mock.onRead = () => parts;
      t.deepEqual(structuredClone(await reader.read([tableRequest(0, false)])), entities);
    }
    for (const parts of [[], [[]], [[], []]]) {
      mock.onRead = () => parts;
      t.deepEqual(await reader.read([tableRequest(0, false)]), []);
    }
    reader.close();
  });
});

clientRow('I4', 'lost digests and lost acknowledgements leave nothing behind', async (t) => {
  await withMock(async (mock) => {
    const heard = new Inbox<DigestList>();
    const client = new P4RuntimeClient(
      mock.channel(),
      { deviceId: 1n },
      { digest: (list) => heard.put(list) },
    );
    await client.becomePrimary();
    const learnt = new Set<string>();
    const deliver = async (listId: bigint, ...values: number[]): Promise<void> => {
      const data = values.map((value) => ({
        data: { $case: 'bitstring' as const, value: Uint8Array.of(value) },
      }));
      mock.send({ $case: 'digest', value: { digestId: 5, listId, data, timestamp: 0n } });
      const list = await heard.next();
      for (const { data: one } of list.data) learnt.add(`${(one!.value as Buffer)[0]}`);
      client.acknowledge(list);
    };
    await deliver(1n, 10);
    // List 2 never comes; list 3 repeats list 1, whose acknowledgement got lost.
    await deliver(3n, 10);
    await deliver(4n, 11, 12);
    t.deepEqual([...learnt], ['10', '11', '12']);
    await client.capabilities();
    const acks = mock.received.flatMap(({ update }) =>
      update?.$case === 'digestAck' ? [update.value.listId] : [],
    );
    t.deepEqual(acks, [1n, 3n, 4n], 'each list that came, and no other');
    t.true(client.isPrimary);
    client.close();
  });
});

clientRow('M1', 'what depends on another goes in a later Write, after its answer', async (t) => {
  await withMock(async (mock) => {
    mock.config = config;
    let open = 0;
    mock.onWrite = async () => {
      t.is(++open, 1, 'one Write at a time');
      for (let i = 0; i < 5; i++) await new Promise(setImmediate);
      open--;
      return undefined;
    };
    const channel = mock.channel();
    const device = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n });
    const uses = ruleEntity(schema, {
      table: 'selector_table',
      match: { 'hdr.probe.a': '1' },
      group: 7,
    });
    const group = groupEntity(schema, 'group_selector', 7, [1]);
    const member = memberEntity(schema, 'group_selector', 1, 'forward', { port: '1' });
    await device.reconcile([uses, group, member], () => true);
    const kinds = mock.writes.map(({ updates }) => updates.map((u) => u.entity!.entity!.$case));
    t.deepEqual(kinds, [['actionProfileMember'], ['actionProfileGroup'], ['tableEntry']]);
    device.close();
  });
});

clientRow('M2', 'no Write without mastership; each says who writes', async (t) => {
  await withMock(async (mock) => {
    const client = await primary(mock);
    await client.write(inserts(1));
    await client.setPipelineConfig(config);
    for (const { deviceId, role, electionId } of [...mock.writes, ...mock.sets]) {
      t.deepEqual([deviceId, role, electionId], [1n, '', { high: 2n, low: 3n }]);
    }
    mock.advise(Code.ALREADY_EXISTS);
    await until(() => !client.isPrimary);
    t.is(await statusOf(client.write(inserts(1))), 'PERMISSION_DENIED', 'another is primary');
    mock.advise(Code.OK);
    await until(() => client.isPrimary);
    mock.onWrite = async () => {
      mock.breakStream();
      await until(() => !client.isPrimary);
      return undefined;
    };
    t.is(await statusOf(client.write(inserts(600))), 'PERMISSION_DENIED', 'the stream broke');
    t.is(mock.writes.length, 2, 'nothing after the loss');
    client.close();
  });
});

clientRow('M3', 'deadlines, small batches, and unknown outcomes that are read back', async (t) => {
  await withMock(async (mock) => {
    const client = await primary(mock);
    await client.write(inserts(1000));
    t.deepEqual(mock.writes.map(({ updates }) => updates.length), [256, 256, 256, 232]);
    await unknownOutcomes(t, mock, client);
    client.close();
  });
  await withMock(async (mock) => {
    const client = await primary(mock, 300);
    mock.onWrite = async () => 'never';
    mock.onRead = () => 'never';
    mock.onCapabilities = () => 'never';
    mock.config = 'never';
    const calls: Record<string, () => Promise<unknown>> = {
      write: () => client.write(inserts(1)),
      read: () => client.read([]),
      setPipeline: () => client.setPipelineConfig(config),
      getPipeline: () => client.getPipelineConfig(),
      capabilities: () => client.capabilities(),
    };
    for (const [name, call] of Object.entries(calls)) {
      t.is(await statusOf(call()), 'DEADLINE_EXCEEDED', name);
    }
    client.close();
  });
});

/** Errors that do not say what became of the updates. */
async function unknownOutcomes(
  t: ExecutionContext,
  mock: MockServer,
  client: P4RuntimeClient,
): Promise<void> {
  const garbage = new Metadata();
  garbage.set('grpc-status-details-bin', Buffer.from([255, 255, 255]));
  const failures = [
    { code: Code.UNKNOWN },
    { code: Code.UNKNOWN, metadata: garbage },
    { code: Code.DEADLINE_EXCEEDED },
    { code: Code.INTERNAL },
  ];
  for (const failure of failures) {
    mock.onWrite = async () => failure;
    mock.onRead = () => [[entry(0), entry(1)]];
    await client.write(inserts(2));
    mock.onRead = () => [[entry(0), entry(1, 9)]];
    const error = await t.throwsAsync(client.write(inserts(3)), { instanceOf: WriteError });
    t.deepEqual(error!.failures.map(({ index }) => index), [1, 2], 'other content, and missing');
  }
  const refused = { code: Code.PERMISSION_DENIED };
  mock.onWrite = async () => refused;
  t.is(await statusOf(client.write(inserts(1))), 'PERMISSION_DENIED', 'this one is known');
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}
