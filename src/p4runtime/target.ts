/** What a switch offers to the P4Runtime server. */
import type {
  DigestList,
  DigestListAck,
  Entity,
  ForwardingPipelineConfig,
  IdleTimeoutNotification,
  PacketIn,
  PacketOut,
  Update,
  Update_Type,
} from '../proto/index.js';
import type { PlainEntry } from './plainEntry.js';

/** Where a target sends what it has to say. */
export interface TargetListener {
  packetIn(packet: PacketIn): void;
  digest(list: DigestList): void;
  idleTimeout(notification: IdleTimeoutNotification): void;
}

/**
 * One device. The server has checked every update against the device's P4Info; what only the
 * device can know (existing keys, references, room) it answers with a StatusError or UmbraError.
 */
export interface Target {
  readonly deviceId: bigint;
  /**
   * What reads and writes are about: the config that was saved last, else the one that runs;
   * undefined before there is any.
   */
  pipeline(): ForwardingPipelineConfig | undefined;
  /** Throws when the device cannot run this configuration. */
  verify(config: ForwardingPipelineConfig): void;
  /** Keeps it aside: reads and writes are about it from now on, packets are not. */
  saveConfig(config: ForwardingPipelineConfig): void;
  /** Runs it; all state of the one before is gone. */
  commit(config: ForwardingPipelineConfig): void;
  /** Runs the saved one with what was written to it. Throws NOT_FOUND when there is none. */
  commitSaved(): void;
  /** Runs it with the state of the one before. Throws when that cannot be kept. */
  reconcile(config: ForwardingPipelineConfig): void;
  /** Carries out one update; it acts on the next packet. */
  write(update: Update): void;
  /** The same for an entry in words; false when it does not take those of this table. */
  writePlain(type: Update_Type, entry: PlainEntry): boolean;
  /** Runs `batch`; when that throws, all entities and all state are as they were before. */
  atomically(batch: () => void): void;
  /** The entities that a request names; ids of 0 and absent keys are wildcards. */
  read(request: Entity): Entity[];
  /** Throws INVALID_ARGUMENT when the metadata is not that of P4Info; the packet is dropped. */
  packetOut(packet: PacketOut): void;
  digestAck(ack: DigestListAck): void;
  listen(listener: TargetListener): void;
}
