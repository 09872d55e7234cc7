/** Reads. Spec: P4Runtime 1.5, sections 9 and 13. */
import { entityKey, tableRequest } from '../../src/p4runtime/index.js';
import type { Entity, TableEntry } from '../../src/proto/index.js';
import { role } from '../p4runtime/world.js';
import { row } from './row.js';
import { digestOf } from './state.js';
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
    const lpm = tableRequest(world.schema.tables.get('lpm_table').id, false);
    see('without a stream', (await world.read([lpm])).status, 'OK');
  },
  { program: undefined, bmv2: { 'no such device': 'FAILED_PRECONDITION' } },
);

row('D2', 'good requests are answered, then comes a status for each', async (see, world) => {
  const [a, c] = [ternary(world, 1, 5, 'forward'), ternary(world, 2, 6, 'forward')];
  await world.insert(a);
  await world.insert(c);
  const unknown = tableRequest(77, false);
  const { entities, status } = await world.read([a, { entity: undefined }, c, unknown]);
  see('what came', keys(entities), keys([a, c]));
  see('the status', status, 'UNKNOWN: OK, INVALID_ARGUMENT, OK, NOT_FOUND');
}, { bmv2: { 'what came': ['table/46162911/1=01&ffffffff/5'], 'the status': 'UNKNOWN' } });

row('D4', 'the role of a Read filters what it returns', async (see, world) => {
  await world.session().ask(1, role('observer'));
  await world.insert(ternary(world, 1, 5, 'forward'));
  const tableId = world.schema.tables.get('ternary_table').id;
  const count = async (name: string): Promise<number> =>
    (await world.read([tableRequest(tableId, false)], { role: name })).entities.length;
  see('the default role has it', await count(''), 1);
  see('a role without a config has everything', await count('observer'), 1);
  see('a role that nobody has, nothing', await count('nobody'), 0);
}, { bmv2: { 'a role that nobody has, nothing': 1 } });

row('D5', 'id 0 reads all objects of a kind', async (see, world) => {
  const entry = ternary(world, 1, 5, 'forward');
  const members12 = [world.member(1, 1), world.member(2, 2)];
  for (const entity of [entry, ...members12, world.multicast(3, []), digestOf(world, 1)]) {
    see(entityKey(entity), await world.insert(entity), 'OK');
  }
  const constTable = world.schema.tables.get('const_table').id;
  const isOf = (entity: Entity, tableId: number): boolean =>
    entity.entity?.$case === 'tableEntry' && entity.entity.value.tableId === tableId;
  const all = async (
    what: string,
    request: Entity,
    pick: (entities: Entity[]) => unknown,
    expected: unknown,
  ): Promise<void> => {
    const { status, entities } = await world.read([request]);
    see(what, status === 'OK' ? pick(entities) : status, expected);
  };
  const count = (entities: Entity[]): number => entities.length;
  const kind = world.some.bind(world);
  const members = keys(members12);
  const includes = (entities: Entity[]): boolean => keys(entities).includes(entityKey(entry));
  const constants = (entities: Entity[]): number =>
    entities.filter((entity) => isOf(entity, constTable)).length;
  await all('tables', tableRequest(0, false), includes, true);
  await all('constant ones too', tableRequest(0, false), constants, 2);
  await all('members', kind('actionProfileMember', {}), keys, members);
  await all('groups', kind('actionProfileGroup', {}), count, 0);
  await all('counters', kind('counterEntry', {}), count, 16);
  await all('meters', kind('meterEntry', {}), count, 16);
  await all('registers', kind('registerEntry', {}), count, 19);
  await all('digests', kind('digestEntry', {}), count, 1);
  const groups = { type: { $case: 'multicastGroupEntry', value: {} } };
  const multicast = kind('packetReplicationEngineEntry', groups);
  await all('multicast groups', multicast, keys, keys([world.multicast(3, [])]));
  const direct = (entities: Entity[]): number =>
    entities.filter(isConstantCounter(constTable)).length;
  await all('direct counters', kind('directCounterEntry', { tableEntry: {} }), direct, 2);
}, { bmv2: {
    tables: 'INTERNAL',
    'constant ones too': 'INTERNAL',
    registers: 'UNIMPLEMENTED',
    digests: 'UNIMPLEMENTED',
    'direct counters': 'UNIMPLEMENTED',
  } });

function isConstantCounter(tableId: number): (entity: Entity) => boolean {
  return ({ entity }) =>
    entity?.$case === 'directCounterEntry' && entity.value.tableEntry?.tableId === tableId;
}

const everyTernary = [
  'table/46162911/1=01&ffffffff/5',
  'table/46162911/1=02&ffffffff/5',
  'table/46162911/1=02&ffffffff/6',
];
/** simple_switch_grpc filters by key and default entry alone. */
const ignoredFilters = {
  priority: everyTernary,
  action: everyTernary,
  metadata: everyTernary,
  'controller metadata': everyTernary,
  'two filters': everyTernary,
  'key of any priority': [],
  'no key of this table': 'INVALID_ARGUMENT',
  'table id 0': 'INTERNAL',
};

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
}, { bmv2: ignoredFilters });
