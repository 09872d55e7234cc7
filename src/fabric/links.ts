/**
 * Links: two directions each, strict FIFO with a fixed rate, a propagation delay and a queue
 * bounded in bytes. A packet's departure is known when it is queued, so that a hop costs one event.
 */
import type { Arena } from '../base/arena.js';
import { NO_PACKET, type PacketPool } from '../packet/index.js';
import type { Link } from '../topology/index.js';
import type { EventQueue } from './eventQueue.js';

/** Preamble, frame check sequence and gap: what a frame takes on the wire besides its bytes. */
export const WIRE_OVERHEAD_BYTES = 24;

/** What one direction has carried. */
export interface LinkCounters {
  packets: number;
  bytes: number;
  drops: number;
}

/** Directions 2i (a to b) and 2i + 1 (b to a) of link i. Its events are sources 0 to 2n - 1. */
export class Links {
  /** No packet takes less than this from one end of a link to the other, ns. */
  readonly lookaheadNs: number;
  /** When a queued packet arrives at the far end, ns; by packet. */
  readonly #arrival: Float64Array;
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  /** When a direction has sent all it took, ns. */
  readonly #freeNs: Float64Array;
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;
  readonly #drops: Float64Array;
  readonly #nsPerByte: Float64Array;
  readonly #delayNs: Float64Array;
  readonly #queueNs: Float64Array;

  constructor(
    arena: Arena,
    links: readonly Link[],
    private readonly pool: PacketPool,
    private readonly events: EventQueue,
    private readonly now: Float64Array,
  ) {
    const count = links.length * 2;
    this.#arrival = arena.float64(pool.slots);
    this.#head = arena.int32(count).fill(NO_PACKET);
    this.#tail = arena.int32(count).fill(NO_PACKET);
    this.#freeNs = arena.float64(count);
    this.#packets = arena.float64(count);
    this.#bytes = arena.float64(count);
    this.#drops = arena.float64(count);
    this.#nsPerByte = Float64Array.from({ length: count }, (_, i) => {
      return 8000 / links[i >> 1]!.bandwidthMbps;
    });
    this.#delayNs = Float64Array.from({ length: count }, (_, i) => links[i >> 1]!.delayNs);
    this.#queueNs = Float64Array.from({ length: count }, (_, i) => {
      return links[i >> 1]!.queueBytes * this.#nsPerByte[i]!;
    });
    const least = this.#delayNs.map((delayNs, i) => {
      return delayNs + Math.round(WIRE_OVERHEAD_BYTES * this.#nsPerByte[i]!);
    });
    this.lookaheadNs = Math.min(...least);
  }

  /** Queues a packet, or drops it when the queue is full. */
  send(direction: number, packet: number): void {
    const nowNs = this.now[0]!;
    const length = this.pool.wireLength[packet]!;
    const free = this.#freeNs[direction]!;
    const start = free > nowNs ? free : nowNs;
    const sendNs = Math.round((length + WIRE_OVERHEAD_BYTES) * this.#nsPerByte[direction]!);
    if (start - nowNs > this.#queueNs[direction]!) {
      this.#drops[direction]!++;
      this.pool.free(packet);
      return;
    }
    this.#freeNs[direction] = start + sendNs;
    const arrival = start + sendNs + this.#delayNs[direction]!;
    this.#packets[direction]!++;
    this.#bytes[direction]! += length;
    this.#arrival[packet] = arrival;
    this.pool.next[packet] = NO_PACKET;
    const tail = this.#tail[direction]!;
    this.#tail[direction] = packet;
    if (tail === NO_PACKET) {
      this.#head[direction] = packet;
      this.events.schedule(direction, arrival);
    } else {
      this.pool.next[tail] = packet;
    }
  }

  /** The packet that now arrives at the far end; the next one's event is queued. */
  take(direction: number): number {
    const packet = this.#head[direction]!;
    const next = this.pool.next[packet]!;
    this.#head[direction] = next;
    if (next === NO_PACKET) this.#tail[direction] = NO_PACKET;
    else this.events.schedule(direction, this.#arrival[next]!);
    return packet;
  }

  counters(direction: number): LinkCounters {
    return {
      packets: this.#packets[direction]!,
      bytes: this.#bytes[direction]!,
      drops: this.#drops[direction]!,
    };
  }
}
