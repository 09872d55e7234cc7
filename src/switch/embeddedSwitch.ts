/**
 * The embedded switch as a device: packets on one side, P4Runtime on the other. A node of the
 * fabric and a target of the P4Runtime server; before a pipeline is set it drops everything.
 */
import { assert } from '../base/assert.js';
import { NO_PACKET, type PacketPool } from '../packet/index.js';
import {
  Code,
  StatusError,
  type PlainEntry,
  type Target,
  type TargetListener,
} from '../p4runtime/index.js';
import {
  ForwardingPipelineConfig,
  type DigestListAck,
  type Entity,
  type PacketOut,
  type PacketMetadata,
  type Update,
  type Update_Type,
} from '../proto/index.js';
import { V1Switch, type PacketTrace, type SwitchAttachment } from '../v1model/index.js';
import { Alarms } from './alarms.js';
import { Digests } from './digests.js';
import { EntityStore } from './entityStore.js';
import { readEntities } from './entityReader.js';
import { IdleTimeouts } from './idleTimeouts.js';
import { p4DataOf } from './p4Data.js';
import { decodeHeader, encodeHeader, headerLength } from './packetHeader.js';
import { checkPipeline, isSameConfig, tableSizes } from './pipeline.js';
import { carryOver } from './reconcile.js';
import { loadState, Part, saveState, type Running, type SavedState } from './running.js';

/** The port of PacketIn and PacketOut in Umbra's own programs. */
export const CPU_PORT = 510;
/** The egress port that means drop, unless another is chosen; as simple_switch_grpc has it. */
export const DROP_PORT = 511;

/** What a switch is made of. */
export interface EmbeddedSwitchOptions {
  deviceId: bigint;
  pool: PacketPool;
  attachment: SwitchAttachment;
  seed: number;
  /** The engine's time, ns. */
  now: () => number;
  /** The time since 1970 at which the engine's time was 0, ns; 0 when left out. */
  epochNs?: () => number;
  cpuPort?: number;
  /** The egress port that means drop; 511 when left out. */
  dropPort?: number;
}

interface SavedSwitch {
  config: unknown;
  downPorts: number[];
  state: SavedState;
}

/** One switch. */
export class EmbeddedSwitch implements Target {
  readonly deviceId: bigint;
  readonly cpuPort: number;
  /** Packets that came before a pipeline was set. */
  unprocessed = 0;
  /** PacketOuts whose metadata was not that of P4Info, or that found no room. */
  refusedPacketOuts = 0;
  #running: Running | undefined;
  /** A pipeline that is kept aside until it is committed. */
  #saved: Running | undefined;
  #listener: TargetListener | undefined;
  #downPorts = new Set<number>();
  #onTrace: ((trace: PacketTrace) => void) | undefined;

  constructor(private readonly options: EmbeddedSwitchOptions) {
    this.deviceId = options.deviceId;
    this.cpuPort = options.cpuPort ?? CPU_PORT;
  }

  /** The v1model switch of the present pipeline. */
  get v1(): V1Switch | undefined {
    return this.#running?.v1;
  }

  /** Packets that did not leave, by reason; all reasons are listed. */
  get drops(): Record<string, number> {
    return {
      ...this.#running?.v1.drops,
      no_pipeline: this.unprocessed,
      refused_packet_out: this.refusedPacketOuts,
    };
  }

  /** Tells `listener` what happens to every packet, whatever the pipeline; undefined ends that. */
  trace(listener: ((trace: PacketTrace) => void) | undefined): void {
    this.#onTrace = listener;
    this.#running?.v1.trace(listener);
  }

  receive(port: number, packet: number, nowNs: number): void {
    if (this.#running) {
      this.#running.v1.receive(port, packet, nowNs);
      return;
    }
    this.unprocessed++;
    this.options.pool.free(packet);
  }

  /** A time asked for with `wakeAt` has come. */
  wake(nowNs: number): void {
    if (!this.#running) return;
    const { v1, digests, alarms } = this.#running;
    alarms.rang();
    if (alarms.isDue(Part.digests, nowNs)) digests.wake(nowNs);
    if (alarms.isDue(Part.idle, nowNs)) this.#notifyIdle(this.#running, nowNs);
    v1.wake(nowNs);
    alarms.ask();
  }

  reseed(seed: number): void {
    this.#running?.v1.reseed(seed);
  }

  /** A port went down or came up: what watches it is chosen without the controller. */
  setPortState(port: number, isUp: boolean): void {
    if (isUp) this.#downPorts.delete(port);
    else this.#downPorts.add(port);
    this.#running?.v1.setPortState(port, isUp);
  }

  save(): unknown {
    const running = this.#requireRunning();
    return { config: running.config, downPorts: [...this.#downPorts], state: saveState(running) };
  }

  load(saved: unknown): void {
    const { config, downPorts, state } = saved as SavedSwitch;
    const running = this.#requireRunning();
    assert(config === running.config, 'a snapshot belongs to its pipeline');
    loadState(running, state);
    this.#downPorts = new Set(downPorts);
  }

  pipeline(): ForwardingPipelineConfig | undefined {
    const told = this.#saved ?? this.#running;
    return told?.isBare ? undefined : told?.config;
  }

  verify(config: ForwardingPipelineConfig): void {
    checkPipeline(config);
  }

  saveConfig(config: ForwardingPipelineConfig): void {
    this.#saved = this.#make(config);
  }

  commit(config: ForwardingPipelineConfig): void {
    this.#run(this.#make(config));
  }

  commitSaved(): void {
    if (!this.#saved) throw new StatusError(Code.NOT_FOUND, 'no pipeline config is saved');
    this.#run(this.#saved);
  }

  reconcile(config: ForwardingPipelineConfig): void {
    const running = this.#running?.isBare ? undefined : this.#running;
    if (running && isSameConfig(running.config, config)) {
      // Nothing changes but the cookie: not one packet is to notice.
      this.#saved = undefined;
      this.#running = { ...running, config };
      return;
    }
    const next = this.#make(config);
    if (running) carryOver(running, next);
    this.#run(next);
  }

  #run(next: Running): void {
    this.#running?.v1.close();
    next.v1.trace(this.#onTrace);
    this.#running = next;
    this.#saved = undefined;
    next.alarms.rang();
    next.alarms.ask();
  }

  /** A switch of its own for a config; no packet comes to it until it is run. */
  #make(config: ForwardingPipelineConfig, isBare = false): Running {
    const checked = checkPipeline(config);
    const { schema } = checked;
    const { pool, seed, attachment, dropPort } = this.options;
    const alarms: Alarms = new Alarms(3, this.options.now, (timeNs) => {
      // A pipeline that is kept aside is not woken.
      if (this.#running?.alarms === alarms) attachment.wakeAt(timeNs);
    });
    const alarm = (part: number) => (timeNs: number) => alarms.set(part, timeNs);
    const digests = new Digests(
      (list) => this.#listener?.digest(list),
      (nowNs) => this.#timestamp(nowNs),
      alarm(Part.digests),
    );
    const idle = new IdleTimeouts(alarm(Part.idle));
    const v1 = new V1Switch(checked.program, {
      pool,
      seed,
      tableSizes: tableSizes(schema),
      ...(dropPort === undefined ? {} : { dropPort }),
      attachment: {
        transmit: (port, packet) => {
          if (port === this.cpuPort) this.#packetIn(packet);
          else attachment.transmit(port, packet);
        },
        wakeAt: alarm(Part.packets),
      },
      onDigest: ({ name, values }) => {
        if (isBare) return;
        const { id, typeSpec } = schema.digests.get(name);
        const data = p4DataOf(typeSpec, schema.info.typeInfo, values);
        digests.learn(id, values, data, this.options.now());
      },
    });
    for (const port of this.#downPorts) v1.setPortState(port, false);
    const store = new EntityStore(schema, { v1, digests, idle, now: this.options.now });
    return { ...checked, v1, store, digests, idle, alarms, isBare };
  }

  /**
   * Runs a program that came without P4Info: its default and constant entries act, and for
   * P4Runtime no pipeline is set until a controller sets one. Throws like `commit`.
   */
  runBare(json: Uint8Array): void {
    const config = ForwardingPipelineConfig.fromPartial({ p4info: {}, p4DeviceConfig: json });
    this.#run(this.#make(config, true));
  }

  write(update: Update): void {
    this.#addressed().store.write(update);
  }

  writePlain(type: Update_Type, entry: PlainEntry): boolean {
    return this.#addressed().store.writePlain(type, entry);
  }

  atomically(batch: () => void): void {
    const addressed = this.#addressed();
    const before = saveState(addressed);
    try {
      batch();
    } catch (error) {
      loadState(addressed, before);
      addressed.alarms.rang();
      addressed.alarms.ask();
      throw error;
    }
  }

  read(request: Entity): Entity[] {
    const { schema, v1, store } = this.#addressed();
    return readEntities({ schema, v1, store, nowNs: this.options.now() }, request);
  }

  listen(listener: TargetListener): void {
    this.#listener = listener;
  }

  digestAck(ack: DigestListAck): void {
    this.#running?.digests.acknowledge(ack);
  }

  packetOut(packet: PacketOut): void {
    const running = this.#running;
    if (!running) {
      this.refusedPacketOuts++;
      throw new StatusError(Code.FAILED_PRECONDITION, 'no pipeline runs');
    }
    const header = this.#headerOf(running, packet);
    const frame = new Uint8Array(header.length + packet.payload.length);
    frame.set(header);
    frame.set(packet.payload, header.length);
    const descriptor = this.options.pool.allocFrom(frame);
    if (descriptor === NO_PACKET) {
      this.refusedPacketOuts++;
      throw new StatusError(Code.RESOURCE_EXHAUSTED, 'no room for the packet');
    }
    running.v1.receive(this.cpuPort, descriptor, this.options.now());
  }

  #headerOf(running: Running, packet: PacketOut): Uint8Array {
    try {
      return encodeHeader(running.schema.packetOut, packet.metadata);
    } catch (error) {
      this.refusedPacketOuts++;
      throw error;
    }
  }

  #packetIn(packet: number): void {
    const { pool } = this.options;
    const { schema, isBare } = this.#requireRunning();
    if (isBare) {
      pool.free(packet);
      return;
    }
    pool.materialize(packet, pool.wireLength[packet]!);
    const frame = pool.view(packet).slice();
    pool.free(packet);
    const length = headerLength(schema.packetIn);
    const metadata: PacketMetadata[] = decodeHeader(schema.packetIn, frame.subarray(0, length));
    this.#listener?.packetIn({ payload: frame.subarray(length), metadata });
  }

  /** What reads and writes are about. */
  #addressed(): Running {
    return this.#saved ?? this.#requireRunning();
  }

  #notifyIdle({ store, idle }: Running, nowNs: number): void {
    const tableEntry = idle.expired(nowNs).map((key) => store.tables.watched(key));
    if (tableEntry.length === 0) return;
    this.#listener?.idleTimeout({ tableEntry, timestamp: this.#timestamp(nowNs) });
  }

  #timestamp(nowNs: number): bigint {
    return BigInt(Math.floor((this.options.epochNs?.() ?? 0) + nowNs));
  }

  #requireRunning(): Running {
    assert(this.#running !== undefined, 'a pipeline is set');
    return this.#running;
  }
}
