/** What a switch is built with, and what it reports. */
import type { PacketPool } from '../packet/index.js';
import type { DigestMessage } from './control.js';

/** The switch's surroundings: what sends its packets and calls `wake`. */
export interface SwitchAttachment {
  transmit(port: number, packet: number): void;
  wakeAt(timeNs: number): void;
}

/** What a switch is built with. */
export interface V1SwitchOptions {
  pool: PacketPool;
  attachment: SwitchAttachment;
  /** Seed of `random` and of random hashes. */
  seed: number;
  /** The egress port that means drop; 511 like the reference target. */
  dropPort?: number;
  /** Egress queues of every port; 1 when it is left out. */
  priorityQueues?: number;
  /** Tables that must have more room than the program says, by name. */
  tableSizes?: ReadonlyMap<string, number>;
  onDigest?(message: DigestMessage): void;
  /** Hears what the program logs; without it, messages cost nothing. */
  onLog?(message: string): void;
  /** Hears of assertions that fail; each drops its packet. */
  onAssertion?(failure: AssertionFailure): void;
}

/** An assertion or assumption of the program that did not hold. */
export interface AssertionFailure {
  kind: 'assert' | 'assume';
  /** As in the source. */
  text: string;
  /** File and line of the source. */
  place: string;
  /** The switch's time, ns. */
  timeNs: number;
}

/** Why a packet did not leave. */
export type DropReason =
  | 'egress_spec'
  | 'assertion_failed'
  | 'loop_limit'
  | 'queue_full'
  | 'queue_priority'
  | 'no_clone_session'
  | 'no_multicast_group'
  | 'pool_exhausted'
  | 'too_long'
  | 'delay_line_full'
  | 'pass_limit';
