/** What the path of packets works with. */
import type { Program } from '../bmv2/index.js';
import type { PacketPool } from '../packet/index.js';
import { waitNs } from './delayLine.js';
import type { EgressQueues } from './egressQueues.js';
import type { Layout, Slots } from './emit/layout.js';
import type { DropReason, SwitchAttachment } from './options.js';
import type { Pipeline } from './pipeline.js';
import type { Replication } from './replication.js';

/** What a path works with. */
export interface PathParts {
  program: Program;
  pool: PacketPool;
  attachment: SwitchAttachment;
  layout: Layout;
  slots: Slots;
  /** The storage that emitted code uses. */
  ints: Int32Array;
  doubles: Float64Array;
  /** The most numbers that any field list takes. */
  keptWidth: number;
  /** Takes the time of the packet under way, where emitted code reads it. */
  clock: Float64Array | undefined;
  dropPort: number;
  pipeline: Pipeline;
  replication: Replication;
  queues: EgressQueues;
  /** Sends the digests whose bits are set. */
  digest: ((bits: number) => void) | undefined;
}

/** No packet dropped yet, for any reason. */
export function noDrops(): Record<DropReason, number> {
  return {
    egress_spec: 0,
    assertion_failed: 0,
    loop_limit: 0,
    queue_full: 0,
    queue_priority: 0,
    no_clone_session: 0,
    no_multicast_group: 0,
    pool_exhausted: 0,
    too_long: 0,
    delay_line_full: 0,
    pass_limit: 0,
  };
}

/** Shortens a packet to at most `bytes`; 0 leaves it whole. */
export function cut({ wireLength, headLength }: PacketPool, packet: number, bytes: number): void {
  if (bytes === 0 || wireLength[packet]! <= bytes) return;
  wireLength[packet] = bytes;
  headLength[packet] = Math.min(headLength[packet]!, bytes);
}

/**
 * A function that says how long the program asks a packet to wait, by the hold field; 0 when it
 * does not.
 */
export function holdReader({ program, layout, doubles, slots }: PathParts): () => number {
  const storage = program.holdUntilNs && layout.storage(program.holdUntilNs);
  if (!storage || storage.array !== 'D') return () => 0;
  return () => waitNs(doubles[storage.slot]!, doubles[slots.egress_global_timestamp]!);
}
