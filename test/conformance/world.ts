/**
 * What a row works with: a fresh target with its program, calls that tell their status as text, and
 * packets. Calls go over gRPC as any client may send them; nothing here is kinder than the wire.
 */
import { readFileSync } from 'node:fs';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { shippedFile } from '../../src/base/paths.js';
import {
  entityKey,
  everything,
  GrpcChannel,
  memberEntity,
  ruleEntity,
  Schema,
  tableRequest,
  type GrpcChannelOptions,
  type Rule,
} from '../../src/p4runtime/index.js';
import {
  Entity,
  Error as P4Error,
  ForwardingPipelineConfig,
  GetForwardingPipelineConfigRequest,
  P4RuntimeClient as Stub,
  ReadRequest,
  SetForwardingPipelineConfigRequest,
  SetForwardingPipelineConfigRequest_Action as Action,
  Status,
  Update_Type,
  WriteRequest,
  type ReadResponse,
  type Update,
} from '../../src/proto/index.js';
import { election, nameOf } from '../p4runtime/world.js';
import {
  paths,
  probeBytes,
  readPacketIn,
  type PathName,
  type Probe,
  type Seen,
} from './packets.js';
import { Session } from './session.js';
import { DEVICE_ID, type RunningTarget, type TargetKind } from './targets.js';

export type ProgramName = 'conformance' | 'conformance_sets';

/** The pipeline config of one of the programs of this folder. */
export function programConfig(name: ProgramName): ForwardingPipelineConfig {
  const file = (suffix: string): Buffer =>
    readFileSync(shippedFile(`test/programs/build/${name}.${suffix}`));
  const p4info = Schema.fromText(file('p4info.txtpb').toString(), name).info;
  return ForwardingPipelineConfig.fromPartial({
    p4info,
    p4DeviceConfig: Uint8Array.from(file('json')),
    cookie: { cookie: 0x1234n },
  });
}

const LARGEST_BYTES = 128 * 1024 * 1024;
/** The election id of the controller that `World.start` brings. */
export const CONTROLLER_ID = 100;
/** How long something that must come may take. */
const DEADLINE_MS = 20_000;
/** How long the reference switch has for an answer that it may not give. */
const ANSWER_MS = 2000;
/** How long the reference switch is given to do what it should not do. */
const SILENCE_MS = 400;

/** One target and everything that was opened to it. */
export class World {
  readonly config: ForwardingPipelineConfig;
  readonly schema: Schema;
  readonly stub: Stub;
  readonly #channels: GrpcChannel[] = [];
  #controller: Session | undefined;
  #markers = 0;

  private constructor(
    readonly kind: TargetKind,
    readonly target: RunningTarget,
    program: ProgramName,
  ) {
    this.config = programConfig(program);
    this.schema = new Schema(this.config.p4info!);
    this.stub = new Stub(target.address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': LARGEST_BYTES,
      'grpc.max_send_message_length': LARGEST_BYTES,
    });
  }

  /** With a program the controller is primary and has set it; without, nobody has said a word. */
  static async start(kind: TargetKind, program: ProgramName | undefined): Promise<World> {
    const world = new World(kind, await kind.start(), program ?? 'conformance');
    if (program === undefined) return world;
    world.#controller = world.session();
    await world.#controller.ask(CONTROLLER_ID);
    const status = await world.setPipeline();
    if (status !== 'OK') {
      await world.stop();
      throw new Error(`${kind.name} refused ${program}: ${status}`);
    }
    return world;
  }

  async stop(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    this.stub.close();
    await this.target.stop();
  }

  /** The session of the primary that `start` brought. */
  get controller(): Session {
    return this.#controller!;
  }

  /** A new channel of its own; closed with the world. */
  channel(options: GrpcChannelOptions = { deadlineMs: DEADLINE_MS }): GrpcChannel {
    const channel = new GrpcChannel(this.target.address, options);
    this.#channels.push(channel);
    return channel;
  }

  /** A new StreamChannel, on a connection of its own unless one is given. */
  session(channel = this.channel()): Session {
    return new Session(channel, this.target.daemon ? DEADLINE_MS : ANSWER_MS);
  }

  /** Another target of the same kind, as after a full restart. */
  restarted(program: ProgramName | undefined): Promise<World> {
    return World.start(this.kind, program);
  }

  /** Waits until what the target did in answer to earlier calls must have been heard. */
  async settle(session: Session): Promise<void> {
    await session.channel.capabilities(0n).catch(() => undefined);
    if (this.target.daemon) return;
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  }

  /** What a session hears next, or `silence`. */
  async heard(session: Session): Promise<string> {
    await this.settle(session);
    return session.waiting > 0 ? session.heard() : 'silence';
  }

  /** The entity of a rule of this program. */
  entity(rule: Rule): Entity {
    return ruleEntity(this.schema, rule);
  }

  /**
   * A Write: `OK`, the status of the call (`PERMISSION_DENIED`), or for one with details
   * `UNKNOWN: OK, NOT_FOUND`, a status per update.
   */
  write(updates: readonly Update[], more: Partial<WriteRequest> = {}): Promise<string> {
    const request = WriteRequest.fromPartial({
      deviceId: DEVICE_ID,
      electionId: election(CONTROLLER_ID),
      ...more,
      updates: [...updates],
    });
    return new Promise((resolve) =>
      this.stub.write(request, { deadline: Date.now() + DEADLINE_MS } as never, (error) =>
        resolve(statusText(error)),
      ),
    );
  }

  /** The status of a Write of one update: its own, when the call carries it. */
  async one(type: Update_Type, entity: Entity | undefined): Promise<string> {
    const status = await this.write([{ type, entity }]);
    return status.startsWith('UNKNOWN: ') ? status.slice('UNKNOWN: '.length) : status;
  }

  insert(entity: Entity): Promise<string> {
    return this.one(Update_Type.INSERT, entity);
  }

  modify(entity: Entity): Promise<string> {
    return this.one(Update_Type.MODIFY, entity);
  }

  remove(entity: Entity): Promise<string> {
    return this.one(Update_Type.DELETE, entity);
  }

  /** A Read: what came before its end, and its status as that of `write`. */
  read(
    entities: readonly Entity[],
    more: Partial<ReadRequest> = {},
  ): Promise<{ entities: Entity[]; status: string }> {
    const request = ReadRequest.fromPartial({
      deviceId: DEVICE_ID,
      ...more,
      entities: [...entities],
    });
    return new Promise((resolve) => {
      const found: Entity[] = [];
      const call = this.stub.read(request, { deadline: Date.now() + DEADLINE_MS } as never);
      call.on('data', (part: ReadResponse) => found.push(...structuredClone(part.entities)));
      call.on('error', (error: ServiceError) =>
        resolve({ entities: found, status: statusText(error) }),
      );
      call.on('end', () => resolve({ entities: found, status: 'OK' }));
    });
  }

  /** Everything that requests name; throws unless the Read is OK. */
  async readAll(...requests: Entity[]): Promise<Entity[]> {
    const { entities, status } = await this.read(requests);
    if (status !== 'OK') throw new Error(`Read: ${status}`);
    return entities;
  }

  /** The entries of a table, in no order but that of the target. */
  async tableEntries(table: string | number): Promise<Entity[]> {
    return this.readAll(tableRequest(this.schema.tables.get(table).id, false));
  }

  /** All that can be written, and all cells, by their keys; the status when it cannot be read. */
  async everything(): Promise<Entity[] | string> {
    const cells = (['counterEntry', 'meterEntry', 'registerEntry', 'digestEntry'] as const).map(
      (kind) => this.some(kind, {}),
    );
    const meterConfig = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n };
    const metered = this.some('tableEntry', { meterConfig });
    const requests = [...everything(this.schema), tableRequest(0, true), metered, ...cells];
    const { entities, status } = await this.read(requests);
    if (status !== 'OK') return status;
    const key = new Map(entities.map((entity) => [entity, entityKey(entity)]));
    return entities.sort((a, b) => (key.get(a)! < key.get(b)! ? -1 : +(key.get(a) !== key.get(b))));
  }

  /** A member of the plain profile that forwards to `port`. */
  member(id: number, port: number): Entity {
    return memberEntity(this.schema, 'plain_profile', id, 'forward', { port: `${port}` });
  }

  /** An entity of any kind, from what is not at its default. */
  some(kind: NonNullable<Entity['entity']>['$case'], value: object): Entity {
    return Entity.fromPartial({ entity: { $case: kind, value } as unknown as Entity['entity'] });
  }

  /** A multicast group of `[port, instance]` pairs. */
  multicast(id: number, replicas: readonly (readonly [number, number])[]): Entity {
    return Entity.fromPartial({
      entity: {
        $case: 'packetReplicationEngineEntry',
        value: {
          type: {
            $case: 'multicastGroupEntry',
            value: {
              multicastGroupId: id,
              replicas: replicas.map(([port, instance]) => ({
                portKind: { $case: 'egressPort', value: port },
                instance,
              })),
            },
          },
        },
      },
    });
  }

  /** A SetForwardingPipelineConfig of the controller: VERIFY_AND_COMMIT of its program. */
  setPipeline(more: Partial<SetForwardingPipelineConfigRequest> = {}): Promise<string> {
    const request = SetForwardingPipelineConfigRequest.fromPartial({
      deviceId: DEVICE_ID,
      electionId: election(CONTROLLER_ID),
      action: Action.VERIFY_AND_COMMIT,
      config: this.config,
      ...more,
    });
    return new Promise((resolve) =>
      this.stub.setForwardingPipelineConfig(
        request,
        { deadline: Date.now() + DEADLINE_MS } as never,
        (error) => resolve(statusText(error)),
      ),
    );
  }

  /** A GetForwardingPipelineConfig: its status and what came. */
  getPipeline(
    more: Partial<GetForwardingPipelineConfigRequest> = {},
  ): Promise<{ status: string; config: ForwardingPipelineConfig | undefined }> {
    const request = GetForwardingPipelineConfigRequest.fromPartial({
      deviceId: DEVICE_ID,
      ...more,
    });
    return new Promise((resolve) =>
      this.stub.getForwardingPipelineConfig(request, (error, response) =>
        resolve({ status: statusText(error), config: error ? undefined : response.config }),
      ),
    );
  }

  /** A Capabilities call: its status and the version. */
  capabilities(deviceId = 0n): Promise<{ status: string; version: string }> {
    return new Promise((resolve) =>
      this.stub.capabilities({ deviceId }, (error, response) =>
        resolve({
          status: statusText(error),
          version: error ? '' : response.p4runtimeApiVersion,
        }),
      ),
    );
  }

  /**
   * What becomes of a probe: all PacketIns it causes, in order. A second PacketOut that surely
   * comes back marks the end, so that nothing has to be waited for that may never come.
   */
  async probe(path: PathName, probe: Probe = {}, session = this.controller): Promise<Seen[]> {
    this.sendProbe(path, probe, session);
    return this.collect(session);
  }

  /** The PacketIns up to a marker that is sent now. */
  async collect(session = this.controller): Promise<Seen[]> {
    const marker = 0xffff0000 + ++this.#markers;
    this.sendProbe('reflect', { b: marker }, session);
    const seen: Seen[] = [];
    for (;;) {
      const packet = readPacketIn(this.schema, await session.packet(DEADLINE_MS));
      if (packet.b === marker && packet.path === 'marker') return seen;
      seen.push(packet);
    }
  }

  /** Sends a PacketOut whose probe goes through `path`. */
  sendProbe(path: PathName, probe: Probe, session = this.controller): void {
    session.send({ $case: 'packet', value: probeBytes(this.schema, paths[path], probe) });
  }

  /** The port that a probe would have left by; `dropped`, or `nothing` when no packet came. */
  async port(path: PathName, probe: Probe = {}): Promise<string> {
    const [seen] = await this.probe(path, probe);
    if (!seen) return 'nothing';
    return seen.port === 511 ? 'dropped' : `port ${seen.port}`;
  }
}

/** The status of a call as text. */
export function statusText(error: ServiceError | null): string {
  if (!error) return 'OK';
  const [packed] = error.metadata?.get('grpc-status-details-bin') ?? [];
  const details = packed ? Status.decode(packed as Buffer).details : [];
  const names = details.map(({ value }) => nameOf(P4Error.decode(value).canonicalCode));
  return details.length > 0 ? `${nameOf(error.code)}: ${names.join(', ')}` : nameOf(error.code);
}
