/** Reads. Spec: P4Runtime 1.5, sections 9 and 13. */
import { entityKey, tableRequest } from '../../src/p4runtime/index.js';
import type { Entity, TableEntry } from '../../src/proto/index.js';
import { role } from '../p4runtime/world.js';
import { row } from './row.js';
import type { World } from './world.js';

const ternary = (world: World, a: number, priority: number, action: string): Entity =>
  world.entity({
    table: 'ternary_table',
    match: { 'hdr.probe.a': `${a}` },
    priority,
    action,
    params: action === 'forward' ? { port: '1' } : {},
  });

const keys = (entities: Entity[]): string[] => entities.map(entityKey).sort();

row(
  'D1',
  'an unknown device is NOT_FOUND, no pipeline FAILED_PRECONDITION; no stream is needed',
  async (see, world) => {
    const all = [tableRequest(0, false)];
    see('no such device', (await world.read(all, { deviceId: 9n })).status, 'NOT_FOUND');
    see('no pipeline', (await world.read(all)).status, 'FAILED_PRECONDITION');
    const session = world.session();
    await session.ask(1);
    const electionId = { high: 0n, low: 1n };
    see('a pipeline', await world.setPipeline({ electionId }), 'OK');
    session.close();
    see('without a stream', (await world.read([tableRequest(0, false)])).status, 'OK');
  },
  { program: undefined },
);

row('D2', 'good requests are answered, then comes a status for each', async (see, world) => {
  const [a, c] = [ternary(world, 1, 5, 'forward'), ternary(world, 2, 6, 'forward')];
  await world.insert(a);
  await world.insert(c);
  const unknown = tableRequest(77, false);
  const { entities, status } = await world.read([a, { entity: undefined }, c, unknown]);
  see('what came', entities, [a, c]);
  see('the status', status, 'UNKNOWN: OK, INVALID_ARGUMENT, OK, NOT_FOUND');
});

row('D4', 'the role of a Read filters what it returns', async (see, world) => {
  await world.session().ask(1, role('observer'));
  await world.insert(ternary(world, 1, 5, 'forward'));
  const count = async (name: string): Promise<number> =>
    (await world.read([tableRequest(0, false)], { role: name })).entities.filter(
      ({ entity }) => entity?.$case === 'tableEntry' && !entity.value.isConst,
    ).length;
  const everyone = await count('');
  see('the default role has it', everyone > 0, true);
  see('a role without a config has everything', await count('observer'), everyone);
  see('a role that nobody has, nothing', await count('nobody'), 0);
});

row('D5', 'id 0 reads all objects of a kind', async (see, world) => {
  const entry = ternary(world, 1, 5, 'forward');
  for (const entity of [entry, world.member(1, 1), world.member(2, 2), world.multicast(3, [])]) {
    see(entityKey(entity), await world.insert(entity), 'OK');
  }
  const all = await world.readAll(tableRequest(0, false));
  const constTable = world.schema.tables.get('const_table').id;
  const isOf = (entity: Entity, tableId: number): boolean =>
    entity.entity?.$case === 'tableEntry' && entity.entity.value.tableId === tableId;
  see('tables', keys(all).includes(entityKey(entry)), true);
  see('constant ones too', all.filter((entity) => isOf(entity, constTable)).length, 2);
  const members = await world.readAll(world.some('actionProfileMember', {}));
  see('members', keys(members), keys([world.member(1, 1), world.member(2, 2)]));
  see('groups', await world.readAll(world.some('actionProfileGroup', {})), []);
  see('counters', (await world.readAll(world.some('counterEntry', {}))).length, 16);
  see('meters', (await world.readAll(world.some('meterEntry', {}))).length, 16);
  see('registers', (await world.readAll(world.some('registerEntry', {}))).length, 19);
  const groups = await world.readAll(world.some('packetReplicationEngineEntry', {}));
  see('replication', keys(groups), keys([world.multicast(3, [])]));
  const direct = await world.readAll(world.some('directCounterEntry', { tableEntry: {} }));
  see('direct counters', direct.filter(isConstantCounter(constTable)).length, 2);
});

function isConstantCounter(tableId: number): (entity: Entity) => boolean {
  return ({ entity }) =>
    entity?.$case === 'directCounterEntry' && entity.value.tableEntry?.tableId === tableId;
}

row('D6', 'all filters of table entries work; table id 0 admits none', async (see, world) => {
  const tableId = world.schema.tables.get('ternary_table').id;
  const entries = [
    ternary(world, 1, 5, 'forward'),
    ternary(world, 2, 5, 'drop'),
    ternary(world, 2, 6, 'drop'),
  ];
  const marked = entries[0]!.entity!.value as TableEntry;
  marked.metadata = Uint8Array.of(9, 9);
  marked.controllerMetadata = 4n;
  for (const entity of entries) see(entityKey(entity), await world.insert(entity), 'OK');
  const read = (filter: Partial<TableEntry>) =>
    world.read([world.some('tableEntry', { tableId, ...filter })]);
  const found = async (filter: Partial<TableEntry>): Promise<string[]> =>
    keys((await read(filter)).entities);
  const some = (...which: number[]): string[] => keys(which.map((i) => entries[i]!));
  const action = (name: string): TableEntry['action'] => ({
    type: {
      $case: 'action',
      value: { actionId: world.schema.actions.get(`ConformanceIngress.${name}`).id, params: [] },
    },
  });
  const { match } = entries[1]!.entity!.value as TableEntry;
  see('none', await found({}), some(0, 1, 2));
  see('priority', await found({ priority: 5 }), some(0, 1));
  see('action', await found({ action: action('drop') }), some(1, 2));
  see('metadata', await found({ metadata: Uint8Array.of(9, 9) }), some(0));
  see('controller metadata', await found({ controllerMetadata: 4n }), some(0));
  see('key', await found({ match, priority: 6 }), some(2));
  see('key of any priority', await found({ match }), some(1, 2));
  see('two filters', await found({ priority: 5, action: action('drop') }), some(1));
  see('default', (await read({ isDefaultAction: true })).entities.length, 1);
  const bad = { ...match[0]!, fieldId: 77 };
  see('no key of this table', (await read({ match: [bad] })).status, 'UNKNOWN: INVALID_ARGUMENT');
  see('table id 0', (await read({ tableId: 0, priority: 5 })).status, 'UNKNOWN: INVALID_ARGUMENT');
});
