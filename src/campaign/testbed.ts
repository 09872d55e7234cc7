/** What a campaign runs on: a network that can be set back to one warm state again and again. */
import type { Failure } from '../fault/index.js';
import type { FlowSums } from '../telemetry/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';

/** A network under test. Times are the network's own, ns. */
export interface Testbed {
  readonly topology: Topology;
  /** The flows that run, in the order of `flows()`. */
  readonly traffic: readonly TrafficFlow[];
  /** Packets that switches have handled since the testbed was made. */
  readonly packetHops: number;
  /** Back to the warm state; random streams start anew from `seed`, faults are gone. */
  restore(seed: number): void;
  inject(failure: Failure, durationNs: number): Promise<void>;
  /** Ends all failures at once. */
  clearFailures(): Promise<void>;
  run(durationNs: number): Promise<void>;
  flows(): FlowSums[];
}
