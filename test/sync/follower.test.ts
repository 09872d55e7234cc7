/** A replica in step with its production over gRPC: changes, drift, a switch that dies. */
import test, { type ExecutionContext } from 'ava';
import { buildNetwork, loadProgram, shippedProgram } from '../../src/app/index.js';
import { Prng } from '../../src/base/prng.js';
import { shippedFile } from '../../src/base/paths.js';
import { ProductionDevice, ProductionView, ShadowDevice } from '../../src/device/index.js';
import {
  compareEntities,
  GrpcChannel,
  P4RuntimeServer,
  ruleEntity,
  Schema,
  splitEntities,
  WireState,
} from '../../src/p4runtime/index.js';
import {
  Entity,
  ForwardingPipelineConfig,
  MeterConfig,
  MeterEntry,
  ReadResponse,
  Update_Type,
} from '../../src/proto/index.js';
import { DeviceFollower, Following } from '../../src/sync/index.js';
import { pair } from '../laboratory.js';

const conformance = loadProgram({
  json: shippedFile('test/programs/build/conformance.json'),
  p4info: shippedFile('test/programs/build/conformance.p4info.txtpb'),
});

/** A production switch behind gRPC, as a process of its own would be. */
class Production {
  server!: P4RuntimeServer;
  device: ProductionDevice | undefined;
  port = 0;

  constructor(readonly config: ForwardingPipelineConfig) {}

  async start(): Promise<void> {
    const [device] = [...buildNetwork(pair, 1).switches.values()];
    this.server = new P4RuntimeServer([device!]);
    this.port = await this.server.listen(`127.0.0.1:${this.port}`);
  }

  channel(): GrpcChannel {
    return new GrpcChannel(`127.0.0.1:${this.port}`, { deadlineMs: 20_000 });
  }

  /** A controller of its own sets the pipeline. */
  async control(): Promise<ProductionDevice> {
    const { config } = this;
    const access = { name: 's1', channel: this.channel(), deviceId: 1n, config };
    return (this.device = await ProductionDevice.open(access));
  }

  async stop(): Promise<void> {
    this.device?.close();
    this.device = undefined;
    await this.server.close();
  }
}

interface Scene {
  production: Production;
  device: ProductionDevice;
  follower: DeviceFollower;
  shadow: ShadowDevice;
  clock: { ms: number };
}

async function build(config = shippedProgram('production')): Promise<Scene> {
  const production = new Production(config);
  await production.start();
  const device = await production.control();
  const view = await ProductionView.open('s1', production.channel(), 1n);
  const network = buildNetwork(pair, 2);
  const isOurs = config === shippedProgram('production');
  const shadow = await ShadowDevice.open({
    name: 's1',
    channel: network.channel,
    deviceId: 1n,
    config: isOurs ? shippedProgram('shadow') : config,
  });
  const clock = { ms: 0 };
  const follower = new DeviceFollower(view, shadow, () => clock.ms);
  return { production, device, follower, shadow, clock };
}

const acl = (schema: Schema, port: number, action = 'deny') =>
  ruleEntity(schema, {
    table: 'acl.filter',
    match: { l4_dst_port: String(port) },
    priority: 10,
    action,
  });

async function isEqual({ production, shadow }: Scene): Promise<boolean> {
  const view = await ProductionView.open('s1', production.channel(), 1n);
  const want = await view.readState();
  const have = (await shadow.readState()).filter((entity) => !shadow.isShadowOnly(entity));
  const { schema } = view;
  const names = (entities: Entity[], of: Schema): string[] =>
    entities
      .filter((e) => e.entity?.$case === 'tableEntry')
      .map((e) => {
        const value = (e.entity as { value: { tableId: number; priority: number } }).value;
        return `${of.tables.get(value.tableId).name} ${value.priority}`;
      })
      .sort();
  return (
    want.length === have.length &&
    JSON.stringify(names(want, schema)) === JSON.stringify(names(have, shadow.schema))
  );
}

test('changes are carried over one by one, and an idle look carries nothing', async (t) => {
  const scene = await build();
  const { device, follower } = scene;
  await follower.follow();
  t.true(await isEqual(scene));
  const { carried } = follower.status();
  await follower.follow();
  t.is(follower.status().carried, carried);
  const insert = (port: number) => ({
    type: Update_Type.INSERT,
    entity: acl(device.schema, port),
  });
  await device.write([insert(80), insert(81)]);
  await follower.follow();
  t.is(follower.status().carried, carried + 2);
  await device.write([{ type: Update_Type.MODIFY, entity: acl(device.schema, 80, 'permit') }]);
  await device.write([{ type: Update_Type.DELETE, entity: acl(device.schema, 81) }]);
  await follower.follow();
  t.is(follower.status().carried, carried + 4);
  t.true(await isEqual(scene));
  t.deepEqual(
    (await scene.shadow.rules('acl.filter')).filter((r) => !r.isDefault).map((r) => r.action),
    ['SwitchIngress.acl.permit'],
  );
  await scene.production.stop();
});

test('a thousand random changes, looked at now and then, end equal', async (t) => {
  const scene = await build();
  const { device, follower } = scene;
  const prng = new Prng(3);
  const present = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const port = 1 + prng.below(200);
    const type = !present.has(port)
      ? Update_Type.INSERT
      : prng.below(2) === 0
        ? Update_Type.MODIFY
        : Update_Type.DELETE;
    const action = prng.below(2) === 0 ? 'deny' : 'permit';
    await device.write([{ type, entity: acl(device.schema, port, action) }]);
    if (type === Update_Type.DELETE) present.delete(port);
    else present.add(port);
    if (prng.below(20) === 0) await follower.follow();
  }
  const status = await follower.follow();
  t.is(status.equal, status.entities);
  const rules = async (reader: { rules(table: string): Promise<{ isDefault?: boolean }[]> }) =>
    (await reader.rules('acl.filter')).filter((rule) => !rule.isDefault).map((r) => stable(r));
  t.deepEqual((await rules(scene.shadow)).sort(), (await rules(device)).sort());
  await scene.production.stop();
});

/** A rule as text, without its counter. */
function stable(rule: object): string {
  const { counter: _, ...rest } = rule as { counter?: unknown };
  return JSON.stringify(rest, Object.keys(rest).sort());
}

test('what our own controller writes is in the shadow long before the next poll', async (t) => {
  const scene = await build();
  const { device, follower, shadow, production } = scene;
  const following = new Following([follower], () => 0, 3_600_000);
  await following.once();
  following.start((error) => t.fail(String(error)));
  device.onWritten = () => following.lookNow('s1');
  const ports = async (): Promise<number> => (await shadow.rules('acl.filter')).length - 1;
  for (const last of [1, 20]) {
    // Writes that come while a look is under way must not wait for the hour to pass either.
    for (let port = (await ports()) + 1; port <= last; port++) {
      await device.write([{ type: Update_Type.INSERT, entity: acl(device.schema, port) }]);
    }
    while ((await ports()) < last) await new Promise((resolve) => setImmediate(resolve));
  }
  const { carried } = follower.status();
  const twice = { type: Update_Type.INSERT, entity: acl(device.schema, 1) };
  const half = { type: Update_Type.INSERT, entity: acl(device.schema, 21) };
  await t.throwsAsync(device.write([twice, half]), { message: /1 of 2/ });
  while ((await ports()) < 21) await new Promise((resolve) => setImmediate(resolve));
  t.is(follower.status().carried, carried + 1, 'a write that failed in part is looked at too');
  following.stop();
  await production.stop();
});

test('drift of the shadow is found, named and repaired; production is not written', async (t) => {
  const scene = await build();
  const { device, follower, shadow, clock } = scene;
  await device.write([{ type: Update_Type.INSERT, entity: acl(device.schema, 80) }]);
  await follower.follow();
  await shadow.write([
    { type: Update_Type.DELETE, entity: acl(shadow.schema, 80) },
    { type: Update_Type.INSERT, entity: acl(shadow.schema, 99) },
  ]);
  await follower.follow();
  clock.ms += 60_000;
  const { drift } = await follower.follow();
  t.deepEqual(drift, [
    { device: 's1', part: 'SwitchIngress.acl.filter', missing: 1, excess: 1, different: 0 },
  ]);
  t.true(await isEqual(scene));
  await scene.production.stop();
});

test('a switch that dies: the replica stays; it comes back empty, and nothing is invented', async (t) => {
  const scene = await build();
  const { production, follower, shadow, clock } = scene;
  const entities = Array.from({ length: 50 }, (_, i) => acl(scene.device.schema, 1000 + i));
  await scene.device.write(entities.map((entity) => ({ type: Update_Type.INSERT, entity })));
  await follower.follow();
  const count = async (): Promise<number> => (await shadow.rules('acl.filter')).length;
  const full = await count();
  await production.stop();
  clock.ms += 1000;
  const dead = await follower.follow();
  t.is(dead.state, 'unreachable');
  t.regex(dead.reason!, /no P4Runtime server answers/);
  t.is(await count(), full);
  await production.start();
  await untilState(t, follower, 'empty');
  t.is(await count(), full - 50);
  const device = await production.control();
  const again = entities.slice(0, 20);
  await device.write(again.map((entity) => ({ type: Update_Type.INSERT, entity })));
  await untilState(t, follower, 'following');
  t.is(await count(), full - 30);
  t.true(await isEqual({ ...scene, device }));
  await production.stop();
});

async function untilState(
  t: ExecutionContext,
  follower: DeviceFollower,
  state: string,
): Promise<void> {
  for (let i = 0; i < 50; i++) {
    if ((await follower.follow()).state === state) {
      t.pass();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.fail(`never ${state}: ${JSON.stringify(follower.status())}`);
}

test('meters and their configuration are carried too', async (t) => {
  const scene = await build(conformance);
  const { device, follower, shadow } = scene;
  await follower.follow();
  const [meter] = device.schema.meters.all;
  const config = MeterConfig.fromPartial({ cir: 1000n, cburst: 100n, pir: 2000n, pburst: 200n });
  const value = MeterEntry.fromPartial({ meterId: meter!.id, index: { index: 3n }, config });
  const entity: Entity = { entity: { $case: 'meterEntry', value } };
  const meters = async (): Promise<number> =>
    (await shadow.readState()).filter((e) => e.entity?.$case === 'meterEntry').length;
  t.is(await meters(), 0);
  await device.write([{ type: Update_Type.MODIFY, entity }]);
  await follower.follow();
  t.is(await meters(), 1);
  const unset: Entity = { entity: { $case: 'meterEntry', value: { ...value, config: undefined } } };
  await device.write([{ type: Update_Type.MODIFY, entity: unset }]);
  await follower.follow();
  t.is(await meters(), 0);
  await scene.production.stop();
});

test('another program is told from an emptied switch', async (t) => {
  const scene = await build();
  const { production, follower } = scene;
  await follower.follow();
  await production.stop();
  await production.start();
  const access = { name: 's1', channel: production.channel(), deviceId: 1n, config: conformance };
  const other = await ProductionDevice.open(access);
  await untilState(t, follower, 'other program');
  other.close();
  await production.stop();
});

test('a Read is split into its entities; torn bytes are an error', (t) => {
  const schema = new Schema(shippedProgram('production').p4info!);
  const entities = [acl(schema, 80), acl(schema, 81)];
  const bytes = ReadResponse.encode({ entities }).finish();
  t.deepEqual(splitEntities(bytes).map((slice) => Entity.decode(slice)), entities);
  for (const torn of [bytes.subarray(0, -1), Uint8Array.of(255), Uint8Array.of(18, 0)]) {
    t.throws(() => splitEntities(torn), { message: /torn|unexpected/ });
  }
  const state = new WireState();
  t.is(state.update([bytes]).added.length, 2);
  t.is(state.update([bytes]).added.length, 0);
  const one = ReadResponse.encode({ entities: [entities[1]!] }).finish();
  const change = state.update([new Uint8Array(0), one]);
  t.deepEqual([change.added.length, change.removed.length, change.total], [0, 1, 1]);
  t.is(compareEntities(change.removed, [entities[0]!]).length, 0);
});
