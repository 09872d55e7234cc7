/** What every flow has done, in the arena: sums and a histogram of latencies. */
import type { Arena } from '../base/arena.js';
import { bucketOf, histogramBuckets } from '../base/histogram.js';
import type { TrafficFlow } from '../topology/index.js';

/** One flow's sums since the traffic began. Latency: see `kind`. */
export interface FlowStats {
  name: string;
  /** http: request to whole response; bulk: one transfer; udp: one way; ping: round trip. */
  kind: TrafficFlow['kind'];
  /** Data packets and payload bytes that left the sender, retransmissions included. */
  sentPackets: number;
  sentBytes: number;
  /** Payload that reached the receiving application, once. */
  deliveredPackets: number;
  deliveredBytes: number;
  /**
   * Exchanges begun, completed, and ended by a timeout, a reset, a refusal, an early end, or an
   * answer with an error status.
   */
  requests: number;
  completed: number;
  errors: number;
  retransmits: number;
  /** Counts by bucket of `base/histogram`. */
  latency: Float64Array;
}

/** Columns of the sums. */
export const FlowColumn = {
  SENT_PACKETS: 0,
  SENT_BYTES: 1,
  DELIVERED_PACKETS: 2,
  DELIVERED_BYTES: 3,
  REQUESTS: 4,
  COMPLETED: 5,
  ERRORS: 6,
  RETRANSMITS: 7,
} as const;

const COLUMNS = 8;

/** The sums of up to `flows` flows. */
export class FlowTable {
  readonly sums: Float64Array;
  readonly #latency: Float64Array;

  constructor(
    arena: Arena,
    readonly flows: number,
  ) {
    this.sums = arena.float64(flows * COLUMNS);
    this.#latency = arena.float64(flows * histogramBuckets);
  }

  add(flow: number, column: number, amount: number): void {
    this.sums[flow * COLUMNS + column]! += amount;
  }

  addLatency(flow: number, ns: number): void {
    this.#latency[flow * histogramBuckets + bucketOf(ns)]!++;
  }

  clear(): void {
    this.sums.fill(0);
    this.#latency.fill(0);
  }

  read(flow: number, of: TrafficFlow): FlowStats {
    const sums = this.sums.subarray(flow * COLUMNS, (flow + 1) * COLUMNS);
    return {
      name: of.name,
      kind: of.kind,
      sentPackets: sums[FlowColumn.SENT_PACKETS]!,
      sentBytes: sums[FlowColumn.SENT_BYTES]!,
      deliveredPackets: sums[FlowColumn.DELIVERED_PACKETS]!,
      deliveredBytes: sums[FlowColumn.DELIVERED_BYTES]!,
      requests: sums[FlowColumn.REQUESTS]!,
      completed: sums[FlowColumn.COMPLETED]!,
      errors: sums[FlowColumn.ERRORS]!,
      retransmits: sums[FlowColumn.RETRANSMITS]!,
      latency: this.#latency.slice(flow * histogramBuckets, (flow + 1) * histogramBuckets),
    };
  }
}
