/** Reads and the pipeline: sections 13 to 15 and 17. */
import {
  P4RuntimeClient,
  P4RuntimeReader,
  ruleEntity,
  StatusError,
  tableRequest,
} from '../../src/p4runtime/index.js';
import {
  ForwardingPipelineConfig,
  SetForwardingPipelineConfigRequest as SetRequest,
  SetForwardingPipelineConfigRequest_Action as Action,
  type Entity,
} from '../../src/proto/index.js';
import {
  acl,
  both,
  config,
  election,
  RawStream,
  route,
  schema,
  statusOf,
  type World,
} from './world.js';

const fill = ({ target }: World, entities: Entity[]): void =>
  entities.forEach((entity) => target.write({ type: 1, entity }));
const read = (world: World, entities: Entity[], deviceId = 1n): Promise<Entity[]> =>
  new P4RuntimeReader(world.channel(), deviceId).read(entities);
const table = (name: string): number => schema.tables.get(name).id;

both('a guest reads without a stream', async (t, world) => {
  fill(world, [route(1), route(2), acl(80), acl(443)]);
  const count = async (entities: Entity[]) => (await read(world, entities)).length;
  t.is(await count([tableRequest(0, false)]), 4, 'all tables');
  t.is(await count([tableRequest(table('acl.filter'), false)]), 2);
  t.is(await count([tableRequest(table('ipv4_lpm'), false), tableRequest(0, false)]), 6);
  t.is(await count([route(2)]), 1, 'one key');
  t.is(await count([route(3)]), 0);
  t.is(await count([]), 0);
  t.deepEqual(structuredClone(await read(world, [acl(80)])), [acl(80)]);
});

both('what a read is refused with', async (t, world) => {
  const all = [tableRequest(0, false)];
  t.is(await statusOf(read(world, all, 9n)), 'NOT_FOUND');
  t.is(await statusOf(read(world, all, 2n)), 'FAILED_PRECONDITION', 'no pipeline');
  t.is(await statusOf(read(world, all, 0n)), 'NOT_FOUND');
});

both('good requests of a batch are answered, bad ones named', async (t, world) => {
  fill(world, [route(1), acl(80)]);
  const valueSets: Entity = {
    entity: { $case: 'valueSetEntry', value: { valueSetId: 0, members: [] } },
  };
  const request = [route(1), valueSets, acl(80), { entity: undefined }];
  const error = await t.throwsAsync(read(world, request), { instanceOf: StatusError });
  t.regex(error!.message, /2 of 4 requests failed; first: request 1: UNIMPLEMENTED/);
});

both('50,000 entities come whole', async (t, world) => {
  for (let i = 0; i < 50_000; i++) {
    const match = { ipv4_dst: `${10 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}.0/24` };
    const entity = ruleEntity(schema, { table: 'ipv4_lpm', match, member: 1 });
    world.target.entities.set(`${i}`, entity);
  }
  t.is((await read(world, [tableRequest(0, false)])).length, 50_000);
});

both('the pipeline is set by the primary and read by anyone', async (t, world) => {
  const client = new P4RuntimeClient(world.channel(), { deviceId: 2n });
  const guest = new P4RuntimeReader(world.channel(), 2n);
  t.is(await guest.getPipelineConfig(), undefined, 'none yet');
  t.is(await statusOf(client.setPipelineConfig(config)), 'PERMISSION_DENIED');
  await client.becomePrimary();
  await client.setPipelineConfig(config);
  t.deepEqual(structuredClone(await guest.getPipelineConfig()), config);
  await client.insert([route(1)]);
  await client.setPipelineConfig({ ...config, cookie: undefined });
  t.is(world.empty.entities.size, 0, 'state is gone');
  t.is((await guest.getPipelineConfig())!.cookie, undefined);
});

both('what a pipeline is refused with', async (t, world) => {
  const channel = world.channel();
  await new RawStream(channel).ask(1, { deviceId: 2n });
  const set = (partial: Partial<SetRequest>) =>
    statusOf(
      channel.setPipeline(
        SetRequest.fromPartial({
          deviceId: 2n,
          electionId: election(1),
          action: Action.VERIFY_AND_COMMIT,
          config,
          ...partial,
        }),
      ),
    );
  const unrealizable = ForwardingPipelineConfig.fromPartial({ p4info: schema.info });
  const broken = ForwardingPipelineConfig.fromPartial({
    p4info: { tables: [{ size: 1n }] },
    p4DeviceConfig: Uint8Array.of(1),
  });
  t.is(await set({ deviceId: 9n }), 'NOT_FOUND');
  t.is(await set({ electionId: election(2) }), 'PERMISSION_DENIED');
  t.is(await set({ action: Action.UNSPECIFIED }), 'INVALID_ARGUMENT');
  t.is(await set({ config: undefined }), 'INVALID_ARGUMENT');
  t.is(await set({ config: unrealizable }), 'INVALID_ARGUMENT');
  t.is(await set({ config: broken }), 'INVALID_ARGUMENT');
  t.is(await set({ action: Action.VERIFY, config: unrealizable }), 'INVALID_ARGUMENT');
  t.is(await set({ action: 9 as Action }), 'INVALID_ARGUMENT');
  t.is(await set({ action: Action.VERIFY }), 'OK');
  t.is(world.empty.commits, 0, 'nothing of this was committed');
});

both('a reader has nothing that writes', async (t, world) => {
  const reader = new P4RuntimeReader(world.channel(), 1n);
  const methods = Object.getOwnPropertyNames(P4RuntimeReader.prototype).sort();
  t.deepEqual(methods, [
    'capabilities',
    'close',
    'constructor',
    'getPipelineConfig',
    'look',
    'peer',
    'read',
  ]);
  t.deepEqual(Object.keys(reader), ['deviceId']);
});
