/** Writes: order of checks, statuses of single updates, batches of every size. Section 12. */
import {
  Code,
  P4RuntimeClient,
  StatusError,
  WRITE_BATCH,
  WriteError,
  type Channel,
} from '../../src/p4runtime/index.js';
import {
  Update_Type,
  type WriteRequest_Atomicity as Atomicity,
  type Update,
} from '../../src/proto/index.js';
import {
  both,
  election,
  insert,
  nameOf,
  RawStream,
  route,
  statusOf,
  writeRequest,
} from './world.js';

const remove = (i: number): Update => ({ type: Update_Type.DELETE, entity: route(i) });

async function failuresOf(call: Promise<void>): Promise<string[]> {
  try {
    await call;
    return [];
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    return error.failures.map(({ index, status }) => `${index} ${nameOf(status)}`);
  }
}

async function primary(channel: Channel, deviceId = 1n): Promise<P4RuntimeClient> {
  const client = new P4RuntimeClient(channel, { deviceId });
  await client.becomePrimary();
  return client;
}

both('the order of checks', async (t, { channel }) => {
  const write = (more: object) => statusOf(channel().write(writeRequest(more)));
  const updates = [insert(route(1))];
  t.is(await write({ deviceId: 9n, updates }), 'NOT_FOUND');
  t.is(await write({ updates }), 'PERMISSION_DENIED', 'before any stream');
  await new RawStream(channel()).ask(1);
  t.is(await write({ electionId: undefined, updates }), 'PERMISSION_DENIED');
  t.is(await write({ electionId: election(2), updates }), 'PERMISSION_DENIED');
  await new RawStream(channel()).ask(1, { deviceId: 2n });
  t.is(await write({ deviceId: 2n, updates }), 'FAILED_PRECONDITION', 'no pipeline');
  t.is(await write({ updates, atomicity: 7 as Atomicity }), 'INVALID_ARGUMENT');
  t.is(await write({ updates: [] }), 'OK');
});

both('every update is tried and answered for itself', async (t, { channel, target }) => {
  const client = await primary(channel());
  await client.insert([route(1), route(2)]);
  const bad = { type: Update_Type.UNSPECIFIED, entity: route(5) };
  const failures = await failuresOf(
    client.write([
      insert(route(1)),
      insert(route(3)),
      remove(9),
      bad,
      { type: Update_Type.INSERT, entity: undefined },
      insert({ entity: undefined }),
      remove(2),
    ]),
  );
  t.deepEqual(failures, [
    '0 ALREADY_EXISTS',
    '2 NOT_FOUND',
    '3 INVALID_ARGUMENT',
    '4 INVALID_ARGUMENT',
    '5 INVALID_ARGUMENT',
  ]);
  t.is(target.entities.size, 2);
});

both('a failed write says how much, what first and where', async (t, { channel }) => {
  const client = await primary(channel());
  const error = await t.throwsAsync(client.write([insert(route(1)), remove(7), remove(8)]), {
    instanceOf: WriteError,
    code: 'WRITE_FAILED',
  });
  t.regex(
    error!.message,
    /^(in process|127\.0\.0\.1:\d+), device 1: 2 of 3 updates failed; first: /,
  );
  t.regex(error!.message, /first: update 1: NOT_FOUND: no table\//);
  t.is(error!.total, 3);
});

both('a full device refuses the rest', async (t, { channel, target }) => {
  target.capacity = 2;
  const failures = await failuresOf((await primary(channel())).insert([0, 1, 2, 3].map(route)));
  t.deepEqual(failures, ['2 RESOURCE_EXHAUSTED', '3 RESOURCE_EXHAUSTED']);
});

both('10,000 entries go in batches; indexes of failures are those given', async (t, world) => {
  const client = await primary(world.channel());
  const routes = Array.from({ length: 10_000 }, (_, i) => route(i));
  await client.insert(routes.slice(5000, 5003));
  const failures = await failuresOf(client.insert(routes));
  t.deepEqual(
    failures,
    [5000, 5001, 5002].map((i) => `${i} ALREADY_EXISTS`),
  );
  t.is(world.target.entities.size, 10_000);
  await client.delete(routes);
  t.is(world.target.entities.size, 0);
});

both('a whole batch of failures with long texts arrives', async (t, { channel, target }) => {
  target.write = () => {
    throw new StatusError(Code.INTERNAL, 'ü'.repeat(4000));
  };
  const client = await primary(channel());
  const updates = Array.from({ length: WRITE_BATCH }, (_, i) => insert(route(i)));
  const failures = await failuresOf(client.write([...updates, ...updates]));
  t.is(failures.length, 2 * WRITE_BATCH);
  t.deepEqual([...new Set(failures.map((line) => line.split(' ')[1]))], ['INTERNAL']);
  t.true(client.isPrimary, 'and the stream lives on');
});

both('10,000 failures in one Write are no list but an error', async (t, { channel }) => {
  await new RawStream(channel()).ask(1);
  const updates = Array.from({ length: 10_000 }, (_, i) => remove(i));
  const error = await t.throwsAsync(channel().write(writeRequest({ updates })));
  t.regex(error!.message, /10000 of 10000 updates failed/);
});

both('a client that is not primary does not write', async (t, { channel, target }) => {
  const client = new P4RuntimeClient(channel(), { deviceId: 1n });
  t.is(await statusOf(client.insert([route(1)])), 'PERMISSION_DENIED', 'never was');
  await client.becomePrimary();
  const other = new RawStream(channel());
  let calls = 0;
  const write = target.write.bind(target);
  target.write = (update) => {
    if (calls++ === 10) other.arbitrate(9);
    write(update);
  };
  const routes = Array.from({ length: 3 * WRITE_BATCH }, (_, i) => route(i));
  await client.insert(routes.slice(0, WRITE_BATCH));
  await other.heard();
  t.is(await statusOf(client.insert(routes.slice(WRITE_BATCH))), 'PERMISSION_DENIED');
  t.is(target.entities.size, WRITE_BATCH, 'nothing after the loss');
});
