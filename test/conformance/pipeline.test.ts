/** The server itself and its pipeline. Spec: P4Runtime 1.5, sections 3.1, 14, 15 and 17. */
import {
  ForwardingPipelineConfig,
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  SetForwardingPipelineConfigRequest_Action as Action,
  Update_Type,
  p4info,
  type Entity,
} from '../../src/proto/index.js';
import { election } from '../p4runtime/world.js';
import { row } from './row.js';
import { cells, prepare, updates } from './state.js';
import { programConfig, type World } from './world.js';

const route = (world: World, prefix: string, port: number): Entity =>
  world.entity({
    table: 'lpm_table',
    match: { 'hdr.probe.a': prefix },
    action: 'forward',
    params: { port: `${port}` },
  });

const TEN = 0x0a000001;

/** The program with its P4Info changed. */
function changed(world: World, change: (info: p4info.P4Info) => void): ForwardingPipelineConfig {
  const info = p4info.P4Info.decode(p4info.P4Info.encode(world.config.p4info!).finish());
  change(info);
  return { ...world.config, p4info: info };
}

row(
  'A1',
  'the server listens on TCP 9559 unless told otherwise',
  async (see, world) => {
    see('the usual port', await world.kind.usualPort(), 9559);
    see('another port answers', (await world.capabilities()).status, 'OK');
  },
  { program: undefined },
);

row('A2', 'messages of many megabytes are taken', async (see, world) => {
  const spaces = new Uint8Array(24 * 1024 * 1024).fill(0x20);
  const { p4DeviceConfig } = world.config;
  const padded = Uint8Array.from(Buffer.concat([p4DeviceConfig, spaces]));
  const config = { ...world.config, p4DeviceConfig: padded };
  see('a large device config', await world.setPipeline({ config }), 'OK');
  const { status, config: got } = await world.getPipeline();
  see('it comes back', [status, got?.p4DeviceConfig.length], ['OK', padded.length]);
  const large = Array.from({ length: 24 }, (_, i) => {
    const entity = route(world, `${10 + i}.0.0.0/8`, 1);
    (entity.entity!.value as { metadata: Uint8Array }).metadata = spaces.subarray(0, 2 ** 19);
    return { type: Update_Type.INSERT, entity };
  });
  see('a large Write', await world.write(large), 'OK');
  see('it was carried out', await world.port('lpm', { a: TEN }), 'port 1');
  see('a large answer', (await world.tableEntries('lpm_table')).length, large.length);
});

row(
  'A3',
  'Capabilities is a whole semantic version; device ids as everywhere',
  async (see, world) => {
    const { status, version } = await world.capabilities();
    see('the status', status, 'OK');
    see('a semantic version', /^\d+\.\d+\.\d+/.test(version), true);
    see('the version', version.split('.').slice(0, 2).join('.'), '1.5');
    see('this device', (await world.capabilities(1n)).status, 'OK');
    see('another device', (await world.capabilities(9n)).status, 'NOT_FOUND');
  },
  { program: undefined, bmv2: { 'the version': '1.3', 'another device': 'OK' } },
);

row(
  'L1',
  'SetPipeline: NOT_FOUND, then PERMISSION_DENIED, then INVALID_ARGUMENT',
  async (see, world) => {
    const not = { electionId: election(3) };
    see('no such device', await world.setPipeline({ ...not, deviceId: 9n }), 'NOT_FOUND');
    see('no such role', await world.setPipeline({ ...not, role: 'nobody' }), 'NOT_FOUND');
    see('not primary', await world.setPipeline({ ...not, action: 0 }), 'PERMISSION_DENIED');
    const refused = async (what: string, more: object): Promise<void> =>
      see(what, await world.setPipeline(more), 'INVALID_ARGUMENT');
    await refused('no action', { action: Action.UNSPECIFIED });
    await refused('no config', { config: undefined });
    const broken = { ...world.config, p4DeviceConfig: Uint8Array.of(1, 2, 3) };
    await refused('a broken device config', { config: broken });
    const noId = changed(world, (info) => (info.tables[0]!.preamble!.id = 0));
    await refused('a broken P4Info', { config: noId });
    const { p4DeviceConfig } = programConfig('conformance_sets');
    const sets = { ...world.config, p4DeviceConfig };
    await refused('two halves of two programs', { config: sets });
    see('the old one stays', (await world.getPipeline()).config?.cookie?.cookie, 0x1234n);
  },
  { bmv2: {
      'no such device': 'PERMISSION_DENIED',
      'no such role': 'PERMISSION_DENIED',
      'no config': 'OK',
      'a broken device config': 'UNKNOWN',
      'a broken P4Info': 'UNAVAILABLE',
      'two halves of two programs': 'UNAVAILABLE',
      'the old one stays': undefined,
    } },
);

row('L2', 'VERIFY changes nothing, SAVE no packet, COMMIT clears', async (see, world) => {
  await world.insert(route(world, '10.0.0.0/8', 1));
  const entries = async (): Promise<unknown> => {
    const { status, entities } = await world.read([route(world, '10.0.0.0/8', 1)]);
    return status === 'OK' ? entities.length : status;
  };
  const config = { ...world.config, cookie: { cookie: 9n } };
  see('verify', await world.setPipeline({ action: Action.VERIFY, config }), 'OK');
  const bad = { ...config, p4DeviceConfig: Uint8Array.of(1) };
  const verifyBad = await world.setPipeline({ action: Action.VERIFY, config: bad });
  see('verify what cannot be', verifyBad, 'INVALID_ARGUMENT');
  see('nothing has changed', (await world.getPipeline()).config?.cookie?.cookie, 0x1234n);
  see('the entries stay', await entries(), 1);
  const other = changed(world, (info) => {
    const table = info.tables.find(({ preamble }) => preamble?.alias === 'lpm_table')!;
    table.preamble!.id++;
  });
  const save = await world.setPipeline({ action: Action.VERIFY_AND_SAVE, config: other });
  see('save', save, 'OK');
  see('packets go on', await world.port('lpm', { a: TEN }), 'port 1');
  see('the old id', await world.insert(route(world, '11.0.0.0/8', 2)), 'INVALID_ARGUMENT');
  const moved = route(world, '11.0.0.0/8', 2);
  (moved.entity!.value as { tableId: number }).tableId++;
  see('the new id', await world.insert(moved), 'OK');
  see('packets still', await world.port('lpm', { a: TEN + 0x01000000 }), 'dropped');
  see('commit', await world.setPipeline(), 'OK');
  see('state is gone', await entries(), 0);
  see('for packets too', await world.port('lpm', { a: TEN }), 'dropped');
}, { bmv2: {
    'verify what cannot be': 'OK',
    commit: 'UNKNOWN',
    'state is gone': 'INVALID_ARGUMENT',
    'for packets too': 'port 1',
  } });

row('L3', 'COMMIT runs what was saved, with the writes since', async (see, world) => {
  const commit = (config?: ForwardingPipelineConfig) =>
    world.setPipeline({ action: Action.COMMIT, config });
  see('nothing is saved', await commit(), 'NOT_FOUND');
  await world.insert(route(world, '10.0.0.0/8', 1));
  const config = { ...world.config, cookie: { cookie: 9n } };
  see('save', await world.setPipeline({ action: Action.VERIFY_AND_SAVE, config }), 'OK');
  see('a write', await world.insert(route(world, '11.0.0.0/8', 2)), 'OK');
  see('packets as before', await world.port('lpm', { a: TEN }), 'port 1');
  see('with a config', await commit(config), 'INVALID_ARGUMENT');
  see('commit', await commit(), 'OK');
  see('the write acts', await world.port('lpm', { a: TEN + 0x01000000 }), 'port 2');
  see('what was before is gone', await world.port('lpm', { a: TEN }), 'dropped');
  see('the cookie', (await world.getPipeline()).config?.cookie?.cookie, 9n);
  see('once only', await commit(), 'NOT_FOUND');
}, { bmv2: {
    'nothing is saved': 'UNKNOWN',
    'with a config': 'OK',
    commit: 'UNKNOWN',
    'once only': 'UNKNOWN',
  } });

row('L4', 'RECONCILE_AND_COMMIT keeps the state, or refuses', async (see, world) => {
  const reconcile = (config: ForwardingPipelineConfig) =>
    world.setPipeline({ action: Action.RECONCILE_AND_COMMIT, config });
  see('prepared', await prepare(world), 'OK');
  await world.insert(route(world, '10.0.0.0/8', 1));
  await world.write(updates(Update_Type.MODIFY, cells(world, 40)));
  const initial = world.entity({
    table: 'initial_table',
    match: { 'hdr.probe.d': '2', 'hdr.probe.c': '7' },
    priority: 2,
  });
  see('an entry of the program is deleted', await world.remove(initial), 'OK');
  const before = await world.everything();
  see('another cookie', await reconcile({ ...world.config, cookie: { cookie: 9n } }), 'OK');
  see('everything is there', await world.everything(), before);
  const larger = changed(world, (info) => (info.tables[1]!.size = 2048n));
  see('another P4Info', await reconcile(larger), 'OK');
  see('all is there', await world.everything(), before);
  see('for packets', await world.port('lpm', { a: TEN }), 'port 1');
  see('and their state', (await world.probe('indexed', { d: 3 }))[0]!.mark, 40);
  const moved = changed(world, (info) => {
    const table = info.tables.find(({ preamble }) => preamble?.alias === 'lpm_table')!;
    table.preamble!.id++;
  });
  see('one that has no place for it', await reconcile(moved), 'INVALID_ARGUMENT');
  see('nothing has changed', await world.port('lpm', { a: TEN }), 'port 1');
  const none = await world.setPipeline({ action: Action.RECONCILE_AND_COMMIT, config: undefined });
  see('no config', none, 'INVALID_ARGUMENT');
}, { bmv2: {
    'an entry of the program is deleted': 'NOT_FOUND',
    'another cookie': 'INTERNAL',
    'another P4Info': 'INTERNAL',
    'and their state': 0,
    'one that has no place for it': 'INTERNAL',
    'no config': 'INTERNAL',
  } });

row(
  'L5',
  'GetPipeline: four kinds of answer, a cookie only when set, the bytes that were given',
  async (see, world) => {
    const none = await world.getPipeline();
    see('nothing set yet', [none.status, none.config], ['OK', undefined]);
    see('no such device', (await world.getPipeline({ deviceId: 9n })).status, 'NOT_FOUND');
    const session = world.session();
    await session.ask(1);
    const electionId = election(1);
    see('set', await world.setPipeline({ electionId }), 'OK');
    const { p4info: info, p4DeviceConfig, cookie } = world.config;
    const get = async (responseType: ResponseType): Promise<unknown> => {
      const { config } = await world.getPipeline({ responseType });
      return structuredClone(config);
    };
    const empty = new Uint8Array(0);
    see('all', await get(ResponseType.ALL), world.config);
    const cookieOnly = { p4info: undefined, p4DeviceConfig: empty, cookie };
    see('the cookie', await get(ResponseType.COOKIE_ONLY), cookieOnly);
    const infoOnly = { p4info: info, p4DeviceConfig: empty, cookie };
    see('P4Info', await get(ResponseType.P4INFO_AND_COOKIE), infoOnly);
    const codeOnly = { p4info: undefined, p4DeviceConfig, cookie };
    see('the device config', await get(ResponseType.DEVICE_CONFIG_AND_COOKIE), codeOnly);
    const config = { ...world.config, cookie: undefined };
    see('without a cookie', await world.setPipeline({ electionId, config }), 'OK');
    see('no cookie', await get(ResponseType.ALL), config);
  },
  { program: undefined, bmv2: {
      'nothing set yet': ['FAILED_PRECONDITION', undefined],
      'no such device': 'FAILED_PRECONDITION',
    } },
);
