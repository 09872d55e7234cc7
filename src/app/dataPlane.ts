/** What a switch daemon's packets come from and go to, and the clock that goes with it. */
import type { EmbeddedSwitch } from '../switch/index.js';

/** One kind of surroundings: interfaces and sockets under the wall clock, or files. */
export interface DataPlane {
  /** The time since 1970 at which `nowNs` was 0, ns. */
  readonly epochNs: number;
  /** The switch's time, ns. */
  nowNs(): number;
  transmit(port: number, packet: number): void;
  /** The switch wants `wake` at this time; Infinity: not any more. */
  wakeAt(timeNs: number): void;
  /** Lets packets in. */
  start(device: EmbeddedSwitch): void;
  /** Lets no more packets in, and waits until those inside have left, at most `limitMs`. */
  drain(limitMs: number): Promise<void>;
  /** What each port has carried, one line a port. */
  counters(): string[];
  close(): void;
}
