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

/** A port: packets are descriptors of the pool it was made with. */
export interface WirePort {
  readonly name: string;
  readonly counters: WireCounters;
  /** Starts receiving; the listener owns each packet. `idle` follows the last one of a batch. */
  start(listener: (packet: number) => void, idle: () => void): void;
  /** Takes a packet; it may wait for `flush`. */
  transmit(packet: number): void;
  flush(): void;
  close(): void;
}

/** Counters at zero. */
export function newCounters(): WireCounters {
  return { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: 0 };
}
