/** A switch port on something real. */

/** What a port has carried. */
export interface WireCounters {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  /** Packets that found no room, on either way. */
  drops: number;
}

/** Whom a port tells what it has. */
export interface PortListener {
  /** A packet has arrived; the listener owns it. */
  packet(packet: number): void;
  /** The last packet of a batch was told: time to send what waits. */
  idle(): void;
  /** The port can carry packets, or no longer can. Told once at the start too. */
  state(isUp: boolean): void;
}

/** A port: packets are descriptors of the pool it was made with. */
export interface WirePort {
  readonly name: string;
  readonly counters: WireCounters;
  /** Starts receiving; tells what happens to the port from then on. */
  start(listener: PortListener): void;
  /** Receives no more; packets can still be sent. */
  pause(): void;
  /** Takes a packet; it may wait for `flush`. */
  transmit(packet: number): void;
  flush(): void;
  close(): void;
}

/** Counters at zero. */
export function newCounters(): WireCounters {
  return { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: 0 };
}
