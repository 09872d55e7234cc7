/** Production made of real things, whatever built it: kernel hosts, switch processes, cables. */
import type { TrafficFlow } from '../topology/index.js';
import type { MirrorInlet } from './mirrorInlet.js';

/** A network that can be built, used and taken away. */
export interface RealNetwork {
  /** What it is made of, for people. */
  readonly description: string;
  /** P4Runtime addresses by device, once it has started. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Builds hosts and cables and starts the switches; their mirror ports lead to `inlet`. */
  start(inlet: MirrorInlet): Promise<void>;
  /** Starts servers and clients of the flows. */
  startTraffic(flows: readonly TrafficFlow[], seed: number): void;
  /** Ends them. */
  stopTraffic(): void;
  /** Runs one command in a host and gives its output. */
  execute(host: string, command: readonly string[]): string;
  /** Ends and removes everything that was started, and nothing else. May be called again. */
  close(): void | Promise<void>;
}
