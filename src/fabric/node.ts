/**
 * What the fabric asks of anything attached to it, and what it gives in return. The fabric knows
 * no P4: the embedded switch satisfies `Node` without importing this file.
 */

/** A device on the fabric: a switch, or anything else with ports. */
export interface Node {
  /** A packet has wholly arrived at `port`; the node owns it from now on. */
  receive(port: number, packet: number, nowNs: number): void;
  /** The time last asked for with `wakeAt` has come. */
  wake(nowNs: number): void;
  /** Starts the node's random streams again. */
  reseed(seed: number): void;
  /** Everything that changes while running and is not in the fabric's arena. */
  save(): unknown;
  /** Puts back what `save` gave. */
  load(saved: unknown): void;
}

/** The fabric's side of an attached node. */
export interface Attachment {
  /** Sends a packet out of `port` now; the fabric owns it from now on. */
  transmit(port: number, packet: number): void;
  /** Calls `wake` at `timeNs`; a later call replaces an earlier one, Infinity cancels. */
  wakeAt(timeNs: number): void;
}
