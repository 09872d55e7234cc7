/**
 * Switches as the controller holds them. Production and shadow are different types, told apart by
 * private members: what takes a ShadowDevice can never be handed a production switch.
 */
import {
  bigintOf,
  bytesOfBigint,
  compareEntities,
  entityKey,
  everything,
  isUnset,
  P4RuntimeClient,
  P4RuntimeReader,
  ruleEntity,
  ruleFromEntry,
  Schema,
  tableRequest,
  updatesFor,
  WireState,
  WriteError,
  type Channel,
  type ClientListener,
  type Difference,
  type GuestChannel,
  type Rule,
  type StateChange,
} from '../p4runtime/index.js';
import { UmbraError } from '../base/errors.js';
import { Hindrance } from './hindrance.js';
import { portField } from './packetPorts.js';
import { TableRoom } from './tableRoom.js';
import {
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  p4info as messages,
  type Entity,
  type ForwardingPipelineConfig,
  type PacketIn,
  type Update,
} from '../proto/index.js';

/** Looks at a device. */
export interface DeviceReader {
  readonly name: string;
  readonly schema: Schema;
  /** Everything a controller has written, default entries included. */
  readState(): Promise<Entity[]>;
  /** Rules of one table, or of all, with their direct counters. */
  rules(table?: string): Promise<Rule[]>;
  /** One cell of a counter array, or all of them. */
  readCounter(counter: string, index?: number): Promise<{ packets: number; bytes: number }[]>;
}

/** Reading, the same for every kind of device. */
class Reading implements DeviceReader {
  constructor(
    readonly name: string,
    readonly schema: Schema,
    private readonly reader: P4RuntimeReader,
  ) {}

  async readState(): Promise<Entity[]> {
    return (await this.reader.read(everything(this.schema))).filter((entity) => !isUnset(entity));
  }

  async rules(table?: string): Promise<Rule[]> {
    const id = table === undefined ? 0 : this.schema.tables.get(table).id;
    const entities = await this.reader.read([tableRequest(id, true)]);
    return entities.flatMap(({ entity }) =>
      entity?.$case === 'tableEntry' ? [ruleFromEntry(this.schema, entity.value)] : [],
    );
  }

  async readCounter(counter: string, index?: number) {
    const counterId = this.schema.counters.get(counter).id;
    const at = index === undefined ? undefined : { index: BigInt(index) };
    const entities = await this.reader.read([
      { entity: { $case: 'counterEntry', value: { counterId, index: at, data: undefined } } },
    ]);
    return entities.flatMap(({ entity }) => {
      const data = entity?.$case === 'counterEntry' ? entity.value.data : undefined;
      return data ? [{ packets: Number(data.packetCount), bytes: Number(data.byteCount) }] : [];
    });
  }
}

/** A production switch as a guest sees it: nothing here writes (invariant I2). */
export class ProductionView extends Reading {
  readonly #state = new WireState();
  readonly #reader: P4RuntimeReader;

  private constructor(
    name: string,
    schema: Schema,
    readonly config: ForwardingPipelineConfig,
    reader: P4RuntimeReader,
  ) {
    super(name, schema, reader);
    this.#reader = reader;
  }

  /** What changed since the last look; the first one gives everything. */
  look(): Promise<StateChange> {
    return this.#reader.look(everything(this.schema), this.#state);
  }

  /** Makes the next look the first one again. */
  forget(): void {
    this.#state.clear();
  }

  /** The device's program now, beside the one that it ran when it was opened. */
  async comparePrograms(): Promise<'same' | 'other' | 'none'> {
    const now = await this.#reader.getPipelineConfig(ResponseType.P4INFO_AND_COOKIE);
    const { p4info } = this.config;
    if (!now?.p4info || now.p4info.tables.length === 0 || !p4info) return 'none';
    const bytes = (info: messages.P4Info): Buffer =>
      Buffer.from(messages.P4Info.encode(info).finish());
    return bytes(now.p4info).equals(bytes(p4info)) ? 'same' : 'other';
  }

  /** Reads the device's pipeline. Throws UNAVAILABLE when it has none. */
  static async open(name: string, channel: GuestChannel, deviceId: bigint) {
    const reader = new P4RuntimeReader(channel, deviceId);
    const config = await reader.getPipelineConfig();
    if (!config?.p4info) throw new UmbraError('UNAVAILABLE', `${name}: no pipeline has been set`);
    return new ProductionView(name, new Schema(config.p4info), config, reader);
  }
}

/** Reading and writing, shared by the two kinds of device that are written to. */
class Writable extends Reading {
  protected constructor(
    name: string,
    schema: Schema,
    protected readonly client: P4RuntimeClient,
  ) {
    super(name, schema, client);
  }

  /** Carries out updates in their order. Throws a WriteError with those that failed. */
  write(updates: readonly Update[]): Promise<void> {
    return this.client.write(updates);
  }

  /** Makes all entities that `mine` accepts those of `want`; returns what had to be done. */
  async reconcile(
    want: readonly Entity[],
    mine: (entity: Entity) => boolean,
  ): Promise<Difference[]> {
    const have = (await this.readState()).filter(mine);
    const differences = compareEntities(have, want);
    for (const batch of updatesFor(differences)) await this.write(batch);
    return differences;
  }

  close(): void {
    this.client.close();
  }
}

/** How to reach a device that is written to. */
export interface DeviceAccess {
  name: string;
  channel: Channel;
  deviceId: bigint;
  /** Set when the device is opened; left out, what it runs stays. */
  config?: ForwardingPipelineConfig;
  listener?: ClientListener;
  /** The highest one wins; 1 unless given. */
  electionId?: bigint;
}

async function connect(access: DeviceAccess): Promise<[string, Schema, P4RuntimeClient]> {
  const { name, channel, deviceId, config, electionId = 1n } = access;
  const identity = { deviceId, electionId: { high: 0n, low: electionId } };
  const client = new P4RuntimeClient(channel, identity, access.listener);
  try {
    await client.becomePrimary();
    if (config) await client.setPipelineConfig(config);
    const running = config ?? (await client.getPipelineConfig());
    if (!running?.p4info) throw new UmbraError('UNAVAILABLE', `${name}: no pipeline has been set`);
    return [name, new Schema(running.p4info), client];
  } catch (error) {
    // Nobody else could become primary while this client's stream is open.
    client.close();
    throw error;
  }
}

/** A production switch as its own controller holds it. */
export class ProductionDevice extends Writable {
  /** Makes the type nominal: no other device is taken for one. */
  readonly #production = true;
  /** Called after every write, one that failed too: whoever follows this switch may look now. */
  onWritten: () => void = () => {};

  /** Becomes primary and, when a config is given, sets the pipeline. */
  static async open(access: DeviceAccess): Promise<ProductionDevice> {
    return new ProductionDevice(...(await connect(access)));
  }

  /** Sends a frame out of a port. Throws UNSUPPORTED_PROGRAM when no PacketOut can name one. */
  sendOut(port: number, payload: Uint8Array): void {
    const field = portField(this.schema.packetOut, 'egress');
    if (!field) {
      const what = 'its program has no packet_out header that names an egress port';
      throw new UmbraError('UNSUPPORTED_PROGRAM', `${this.name}: ${what}`);
    }
    const metadata = this.schema.packetOut.fields.map(({ id }) => ({
      metadataId: id,
      value: bytesOfBigint(id === field.id ? BigInt(port) : 0n),
    }));
    this.client.packetOut({ payload, metadata });
  }

  /** The port that a PacketIn came in at; undefined when its header names none. */
  portOf({ metadata }: PacketIn): number | undefined {
    const field = portField(this.schema.packetIn, 'ingress');
    const found = metadata.find(({ metadataId }) => metadataId === field?.id);
    return found && Number(bigintOf(found.value));
  }

  override async write(updates: readonly Update[]): Promise<void> {
    try {
      await super.write(updates);
    } finally {
      this.onWritten();
    }
  }

  get isProduction(): boolean {
    return this.#production;
  }
}

/** Clone sessions from here on belong to faults; production's lie below. */
export const FIRST_FAULT_SESSION = 16384;
/** Tables of the fault stage, as their names contain it. */
const faultTable = /\.(link_fault|device_fault|app_fault)\./;

/** A device as faults reach it: nothing that hinders its control plane is in the way. */
class Unhindered extends Writable {
  constructor(name: string, schema: Schema, client: P4RuntimeClient) {
    super(name, schema, client);
  }
}

/** A shadow switch: the only kind of device that faults accept (invariant I1). */
export class ShadowDevice extends Writable {
  /** Makes the type nominal: a production device is never taken for a shadow one. */
  readonly #shadow = true;
  readonly #faultTables = new Set(
    this.schema.tables.all.filter(({ name }) => faultTable.test(name)).map(({ id }) => id),
  );

  /** What hinders everybody who reads and writes through this handle. */
  readonly hindrance = new Hindrance(this.name);
  /** The way of faults and of their end: nothing hinders it. */
  readonly unhindered = new Unhindered(this.name, this.schema, this.client);

  /** Becomes primary and, when a config is given, sets the pipeline. */
  static async open(access: DeviceAccess): Promise<ShadowDevice> {
    const { listener } = access;
    let made: ShadowDevice | undefined;
    const packetIn = (packet: PacketIn): void => {
      const deliver = (): void => listener?.packetIn?.(packet);
      if (made) made.hindrance.pass(deliver);
      else deliver();
    };
    made = new ShadowDevice(
      ...(await connect({ ...access, ...(listener && { listener: { ...listener, packetIn } }) })),
    );
    return made;
  }

  override async readState(): Promise<Entity[]> {
    await this.hindrance.wait();
    return super.readState();
  }

  override async rules(table?: string): Promise<Rule[]> {
    await this.hindrance.wait();
    return super.rules(table);
  }

  override async readCounter(counter: string, index?: number) {
    await this.hindrance.wait();
    return super.readCounter(counter, index);
  }

  /** Carries updates out, but for those of stale entities, which are held back. */
  override async write(updates: readonly Update[]): Promise<void> {
    await this.hindrance.wait();
    const free = updates.flatMap((update, index) => {
      return this.hindrance.hold(update) ? [] : [{ update, index }];
    });
    if (free.length === 0) return;
    try {
      await this.#writeFitting(free.map(({ update }) => update));
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      const failures = error.failures.map((one) => ({ ...one, index: free[one.index]!.index }));
      throw new WriteError(failures, updates.length, this.name);
    }
  }

  /** Carries out what was held back and is not any more; returns how many entities it was. */
  async releaseHeld(): Promise<number> {
    const held = this.hindrance.takeHeld();
    const want = [...held.values()].filter((entity) => entity !== undefined);
    const mine = (entity: Entity): boolean => held.has(entityKey(entity));
    return (await this.unhindered.reconcile(want, mine)).length;
  }

  get isShadow(): boolean {
    return this.#shadow;
  }

  /** What its tables still take. */
  readonly room = new TableRoom(this.schema, (tableId) => !this.#faultTables.has(tableId));

  /** As on any device; what finds no room in a table that is short of space fails. */
  async #writeFitting(updates: readonly Update[]): Promise<void> {
    const refused = await this.room.refused(updates, () => this.unhindered.readState());
    if (refused.length === 0) return super.write(updates);
    const left = new Set(refused.map(({ index }) => index));
    const tried = updates.flatMap((_, index) => (left.has(index) ? [] : [index]));
    const failures = [...refused];
    try {
      await super.write(tried.map((index) => updates[index]!));
    } catch (error) {
      if (!(error instanceof WriteError)) throw error;
      failures.push(...error.failures.map((f) => ({ ...f, index: tried[f.index]! })));
    }
    failures.sort((a, b) => a.index - b.index);
    throw new WriteError(failures, updates.length, this.name);
  }

  /** Whether an entity belongs to a fault. */
  isFault(entity: Entity): boolean {
    const e = entity.entity;
    const isDefault = e?.$case === 'tableEntry' && e.value.isDefaultAction;
    return !isDefault && this.isShadowOnly(entity);
  }

  /** Whether an entity is of the fault stage, and so has no counterpart in production. */
  isShadowOnly({ entity }: Entity): boolean {
    if (entity?.$case === 'tableEntry') return this.#faultTables.has(entity.value.tableId);
    const type = entity?.$case === 'packetReplicationEngineEntry' ? entity.value.type : undefined;
    return type?.$case === 'cloneSessionEntry' && type.value.sessionId >= FIRST_FAULT_SESSION;
  }

  /** The entity of a rule of this device. */
  entityOf(rule: Rule): Entity {
    return ruleEntity(this.schema, rule);
  }

  /** Sends a frame into the pipeline from the CPU port. */
  packetOut(payload: Uint8Array): void {
    const metadata = this.schema.packetOut.fields.map(({ id }) => ({
      metadataId: id,
      value: Uint8Array.of(0),
    }));
    this.client.packetOut({ payload, metadata });
  }
}
