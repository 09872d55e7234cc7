/** What a switch offers to the P4Runtime server. */
import type {
  DigestList,
  DigestListAck,
  Entity,
  ForwardingPipelineConfig,
  PacketIn,
  PacketOut,
  Update,
} from '../proto/index.js';

/** Where a target sends what it has to say. */
export interface TargetListener {
  packetIn(packet: PacketIn): void;
  digest(list: DigestList): void;
}

/**
 * One device. The server has checked every update against the device's P4Info; what only the
 * device can know (existing keys, references, room) it answers with a StatusError or UmbraError.
 */
export interface Target {
  readonly deviceId: bigint;
  /** What the device runs; undefined before the first commit. */
  pipeline(): ForwardingPipelineConfig | undefined;
  /** Throws when the device cannot run this configuration. */
  verify(config: ForwardingPipelineConfig): void;
  /** Runs it; all state of the one before is gone. */
  commit(config: ForwardingPipelineConfig): void;
  /** Carries out one update; it acts on the next packet. */
  write(update: Update): void;
  /** The entities that a request names; ids of 0 and absent keys are wildcards. */
  read(request: Entity): Entity[];
  packetOut(packet: PacketOut): void;
  digestAck(ack: DigestListAck): void;
  listen(listener: TargetListener): void;
}
