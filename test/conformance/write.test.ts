/** Writes: order of checks, statuses, batches, atomicity. Spec: P4Runtime 1.5, section 12. */
import {
  Update_Type,
  WriteRequest_Atomicity as Atomicity,
  type Entity,
  type Uint128,
} from '../../src/proto/index.js';
import { election } from '../p4runtime/world.js';
import { row } from './row.js';
import { cells, exact, first, mixedBatch, prepare, second, updates } from './state.js';

const { INSERT, MODIFY, DELETE } = Update_Type;

row(
  'C1',
  'checks come in order: device and role, primary, pipeline',
  async (see, world) => {
    const all = { deviceId: 9n, role: 'nobody', electionId: election(1) };
    see('no such device', await world.write([], all), 'NOT_FOUND');
    see('no such role', await world.write([], { ...all, deviceId: 1n }), 'NOT_FOUND');
    see('not primary', await world.write([], { electionId: election(1) }), 'PERMISSION_DENIED');
    await world.session().ask(1);
    see('no pipeline', await world.write([], { electionId: election(1) }), 'FAILED_PRECONDITION');
  },
  {
    program: undefined,
    bmv2: { 'no such device': 'PERMISSION_DENIED', 'no such role': 'PERMISSION_DENIED' },
  },
);

row('C2', 'a Write without the stream of a primary is PERMISSION_DENIED', async (see, world) => {
  const entities = updates(INSERT, [exact(world, 1, 1)]);
  const denied = async (what: string, electionId: Uint128 | undefined): Promise<void> =>
    see(what, await world.write(entities, { electionId }), 'PERMISSION_DENIED');
  await denied('another id', election(7));
  await denied('no id', undefined);
  const other = world.session();
  await other.ask(200);
  other.close();
  see('the stream is closed', await world.heard(world.controller), 'ALREADY_EXISTS 200');
  see('and gone', await world.controller.heard(), 'NOT_FOUND 200');
  await denied('its id', election(200));
  await denied('no stream, no id', undefined);
  world.controller.close();
  await world.settle(other);
  await denied('no stream at all, no id', undefined);
  see('nothing was written', (await world.tableEntries('exact_table')).length, 0);
}, { bmv2: {
    'and gone': 'OK 100',
    'no stream at all, no id': 'OK',
    'nothing was written': 1,
  } });

row('C3', 'an update without a type is INVALID_ARGUMENT', async (see, world) => {
  const status = await world.one(Update_Type.UNSPECIFIED, exact(world, 1, 1));
  see('unspecified', status, 'INVALID_ARGUMENT');
  see('nothing was written', await world.tableEntries('exact_table'), []);
});

row('C4', 'INSERT of an existing key is ALREADY_EXISTS and changes nothing', async (see, world) => {
  see('first', await world.insert(exact(world, 1, 1)), 'OK');
  see('again', await world.insert(exact(world, 1, 2)), 'ALREADY_EXISTS');
  see('data plane', await world.port('exact', { a: 1 }), 'port 1');
  see('read', await world.tableEntries('exact_table'), [exact(world, 1, 1)]);
});

row('C5', 'MODIFY, DELETE of no key are NOT_FOUND; MODIFY is a snapshot', async (see, world) => {
  see('modify', await world.modify(exact(world, 1, 1)), 'NOT_FOUND');
  see('delete', await world.remove(exact(world, 1, 1)), 'NOT_FOUND');
  const marked = exact(world, 1, 1);
  const entry = marked.entity!.value as { metadata: Uint8Array; controllerMetadata: bigint };
  entry.metadata = Uint8Array.of(1, 2);
  entry.controllerMetadata = 7n;
  see('insert', await world.insert(marked), 'OK');
  see('read', await world.tableEntries('exact_table'), [marked]);
  see('modify it', await world.modify(exact(world, 1, 2)), 'OK');
  see('what was not named is gone', await world.tableEntries('exact_table'), [exact(world, 1, 2)]);
});

row('C6', 'DELETE looks at the key only', async (see, world) => {
  see('insert', await world.insert(exact(world, 1, 1)), 'OK');
  const odd = exact(world, 1, 1);
  const entry = odd.entity!.value as { action: unknown; controllerMetadata: bigint };
  entry.action = { type: { $case: 'action', value: { actionId: 77, params: [] } } };
  entry.controllerMetadata = 9n;
  see('with a nonsense action', await world.remove(odd), 'OK');
  see('it is gone', await world.port('exact', { a: 1 }), 'dropped');
});

row(
  'C7',
  'a full table is RESOURCE_EXHAUSTED',
  async (see, world) => {
    const entry = (a: number): Entity =>
      world.entity({
        table: 'small_table',
        match: { 'hdr.probe.a': `${a}` },
        action: 'forward',
        params: { port: '1' },
      });
    for (const a of [1, 2, 3, 4]) see(`entry ${a}`, await world.insert(entry(a)), 'OK');
    see('one too many', await world.insert(entry(5)), 'RESOURCE_EXHAUSTED');
    see('after room was made', await world.remove(entry(2)), 'OK');
    see('it fits', await world.insert(entry(5)), 'OK');
  },
  { bmv2: { 'one too many': 'UNKNOWN' } },
);

row('C8', 'a failed update makes the call UNKNOWN, with a status for each', async (see, world) => {
  const batch = [
    ...updates(INSERT, [exact(world, 1, 1)]),
    ...updates(DELETE, [exact(world, 2, 1)]),
    ...updates(INSERT, [exact(world, 3, 1)]),
    ...updates(INSERT, [exact(world, 1, 1)]),
  ];
  see('mixed', await world.write(batch), 'UNKNOWN: OK, NOT_FOUND, OK, ALREADY_EXISTS');
  see('all good', await world.write(updates(MODIFY, [exact(world, 1, 2)])), 'OK');
  see('none', await world.write([]), 'OK');
});

row('C9', 'an error of the whole call has a code and no details', async (see, world) => {
  const batch = updates(INSERT, [exact(world, 1, 1), exact(world, 2, 1)]);
  see('not primary', await world.write(batch, { electionId: election(3) }), 'PERMISSION_DENIED');
});

row('C10', 'CONTINUE_ON_ERROR tries every update', async (see, world) => {
  const batch = [
    { type: INSERT, entity: undefined },
    ...updates(INSERT, [exact(world, 1, 1)]),
    ...updates(MODIFY, [exact(world, 9, 1)]),
    ...updates(INSERT, [exact(world, 2, 2)]),
  ];
  const status = await world.write(batch);
  see('the good ones', status.replace(/^UNKNOWN: \w+/, ''), ', OK, NOT_FOUND, OK');
  see('are there', (await world.tableEntries('exact_table')).length, 2);
  see('and act', await world.port('exact', { a: 2 }), 'port 2');
});

row(
  'C11',
  'ROLLBACK_ON_ERROR: all or none, in Read and for packets',
  async (see, world) => {
    see('prepared', await prepare(world), 'OK');
    await world.probe('exact', { a: 1 });
    await world.probe('indexed', { d: 3 });
    await world.write(updates(MODIFY, cells(world, 40)));
    const before = await world.everything();
    const chosen = await world.port('selector', { a: 1, b: 5 });
    const atomicity = Atomicity.ROLLBACK_ON_ERROR;
    const alone = await world.write(updates(INSERT, [exact(world, 70, 7)]), { atomicity });
    see('an atomic batch', alone, 'OK');
    if (alone !== 'OK') return;
    await world.remove(exact(world, 70, 7));
    const bad = [...mixedBatch(world), ...updates(DELETE, [exact(world, 77, 1)])];
    const status = await world.write(bad, { atomicity });
    see('the status', /^UNKNOWN: (ABORTED, )+NOT_FOUND$/.test(status), true);
    see('details', status.split(',').length, bad.length);
    see('nothing has changed', await world.everything(), before);
    see('a packet', await world.port('exact', { a: 2 }), 'port 2');
    see('a new key', await world.port('exact', { a: 3 }), 'dropped');
    see('a group', await world.port('selector', { a: 1, b: 5 }), chosen);
    see('the register goes on', (await world.probe('indexed', { d: 3 }))[0]!.mark, 40);
    see('the same without the bad one', await world.write(mixedBatch(world), { atomicity }), 'OK');
    see('a packet then', await world.port('exact', { a: 1 }), 'port 9');
    see('the default then', await world.port('lpm', { a: 1 }), 'port 6');
  },
  { bmv2: { 'an atomic batch': 'UNIMPLEMENTED' } },
);

row(
  'C12',
  'DATAPLANE_ATOMIC: no packet sees a batch half done',
  async (see, world) => {
    const both = (k: number): Entity[] => [first(world, 1, k), second(world, 1, k)];
    const atomicity = Atomicity.DATAPLANE_ATOMIC;
    const status = await world.write(updates(INSERT, both(1)), { atomicity });
    see('an atomic batch', status, 'OK');
    if (status !== 'OK') return;
    const seen = new Set<string>();
    for (let k = 2; k < 40; k++) {
      const writing = world.write(updates(MODIFY, both(k)), { atomicity });
      for (let i = 0; i < 5; i++) world.sendProbe('pair', { a: 1 });
      for (const { port, mark } of await world.collect()) seen.add(`${port - mark}`);
      see(`batch ${k}`, await writing, 'OK');
    }
    see('differences between the two tables', [...seen], ['0']);
    const bad = [...updates(MODIFY, both(50)), ...updates(DELETE, [first(world, 2, 1)])];
    const refused = await world.write(bad, { atomicity });
    see('a bad one', refused, 'UNKNOWN: ABORTED, ABORTED, NOT_FOUND');
    see('took no part', await world.port('pair', { a: 1 }), 'port 39');
  },
  { bmv2: { 'an atomic batch': 'UNIMPLEMENTED' } },
);

row('C13', 'concurrent Writes are serial, and a Read sees each whole', async (see, world) => {
  const keys = Array.from({ length: 32 }, (_, i) => i);
  const all = (port: number): Entity[] => keys.map((a) => exact(world, a, port));
  see('before', await world.write(updates(INSERT, all(1))), 'OK');
  const mixes: number[] = [];
  const reading = async (): Promise<void> => {
    const ports = (await world.tableEntries('exact_table')).map((entity) => JSON.stringify(
      (entity.entity!.value as { action: unknown }).action,
      (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value),
    ));
    mixes.push(new Set(ports).size);
  };
  const calls: Promise<unknown>[] = [];
  for (let k = 2; k < 40; k++) calls.push(world.write(updates(MODIFY, all(k))), reading());
  await Promise.all(calls);
  see('states within a Read', [...new Set(mixes)], [1]);
});

row('C14', 'when a Write returns it acts on the next packet', async (see, world) => {
  for (let k = 1; k < 30; k++) {
    const type = k === 1 ? INSERT : MODIFY;
    await world.write(updates(type, [exact(world, 1, k)]));
    see(`packet ${k}`, await world.port('exact', { a: 1 }), `port ${k}`);
  }
});

row(
  'C15',
  'an entity without a kind is INVALID_ARGUMENT, in Write and Read',
  async (see, world) => {
    see('write', await world.insert({ entity: undefined }), 'INVALID_ARGUMENT');
    see('no entity', await world.one(INSERT, undefined), 'INVALID_ARGUMENT');
    see('read', (await world.read([{ entity: undefined }])).status, 'UNKNOWN: INVALID_ARGUMENT');
  },
  { bmv2: { write: 'UNKNOWN', 'no entity': 'UNKNOWN', read: 'UNKNOWN' } },
);
