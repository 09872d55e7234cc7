/**
 * The embedded switch as a device: packets on one side, P4Runtime on the other. A node of the
 * fabric and a target of the P4Runtime server; before a pipeline is set it drops everything.
 */
import { assert } from '../base/assert.js';
import { NO_PACKET, type PacketPool } from '../packet/index.js';
import { Code, StatusError, type Target, type TargetListener } from '../p4runtime/index.js';
import {
  ForwardingPipelineConfig,
  type Entity,
  type PacketOut,
  type PacketMetadata,
  type Update,
} from '../proto/index.js';
import { V1Switch, type PacketTrace, type SwitchAttachment } from '../v1model/index.js';
import { EntityStore } from './entityStore.js';
import { readEntities, writeCell } from './entityReader.js';
import { decodeHeader, encodeHeader, headerLength } from './packetHeader.js';
import { checkPipeline, isSameConfig, type CheckedPipeline } from './pipeline.js';
import { carryOver } from './reconcile.js';

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
  cpuPort?: number;
  /** The egress port that means drop; 511 when left out. */
  dropPort?: number;
}

interface Running extends CheckedPipeline {
  v1: V1Switch;
  store: EntityStore;
  /** It runs without P4Info: to P4Runtime no pipeline is set. */
  isBare: boolean;
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
  #digests = 0n;
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

  wake(nowNs: number): void {
    this.#running?.v1.wake(nowNs);
  }

  reseed(seed: number): void {
    this.#running?.v1.reseed(seed);
  }

  save(): unknown {
    const { v1, store, config } = this.#requireRunning();
    return { config, v1: v1.save(), store: store.save() };
  }

  load(state: unknown): void {
    const saved = state as { config: unknown; v1: unknown; store: ReturnType<EntityStore['save']> };
    const { v1, store, config } = this.#requireRunning();
    assert(saved.config === config, 'a snapshot belongs to its pipeline');
    v1.load(saved.v1);
    store.load(saved.store);
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
  }

  /** A switch of its own for a config; no packet comes to it until it is run. */
  #make(config: ForwardingPipelineConfig, isBare = false): Running {
    const checked = checkPipeline(config);
    const { pool, seed, attachment, dropPort } = this.options;
    const v1 = new V1Switch(checked.program, {
      pool,
      seed,
      ...(dropPort === undefined ? {} : { dropPort }),
      attachment: {
        transmit: (port, packet) => {
          if (port === this.cpuPort) this.#packetIn(packet);
          else attachment.transmit(port, packet);
        },
        wakeAt: (timeNs) => attachment.wakeAt(timeNs),
      },
      onDigest: (message) => {
        if (isBare) return;
        const id = checked.schema.digests.get(message.name).id;
        const members = message.values.map((value) => ({
          data: { $case: 'bitstring' as const, value },
        }));
        const data = [{ data: { $case: 'struct' as const, value: { members } } }];
        const timestamp = BigInt(this.options.now());
        this.#listener?.digest({ digestId: id, listId: ++this.#digests, data, timestamp });
      },
    });
    return { ...checked, v1, store: new EntityStore(checked.schema, v1), isBare };
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
    const { schema, v1, store } = this.#addressed();
    if (update.entity && writeCell(schema, v1, update.entity)) return;
    store.write(update);
  }

  atomically(batch: () => void): void {
    const { v1, store } = this.#addressed();
    const before = { v1: v1.save(), store: store.save() };
    try {
      batch();
    } catch (error) {
      v1.load(before.v1);
      store.load(before.store);
      throw error;
    }
  }

  read(request: Entity): Entity[] {
    const { schema, v1, store } = this.#addressed();
    return readEntities(schema, v1, store, request);
  }

  listen(listener: TargetListener): void {
    this.#listener = listener;
  }

  digestAck(): void {
    // Every digest is sent once, so that there is nothing to suppress until an acknowledgement.
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

  #requireRunning(): Running {
    assert(this.#running !== undefined, 'a pipeline is set');
    return this.#running;
  }
}
