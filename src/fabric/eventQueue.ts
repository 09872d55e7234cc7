/**
 * The scheduler's heap. An event is a source (a link's direction, a timer) that is due; each source
 * is due at most once, so that an event is a small integer and needs no memory. Equal times come
 * in the order of sources: a total order.
 */
import type { Arena } from '../base/arena.js';

/** A binary heap of sources by time, with their places, all in an arena. */
export class EventQueue {
  /** When a source is due, ns; meaningless while it is not queued. */
  readonly time: Float64Array;
  readonly #heap: Int32Array;
  /** A source's place in the heap, or -1. */
  readonly #place: Int32Array;
  readonly #count: Int32Array;

  constructor(arena: Arena, sources: number) {
    this.time = arena.float64(sources);
    this.#heap = arena.int32(sources + 1);
    this.#place = arena.int32(sources).fill(-1);
    this.#count = arena.int32(1);
  }

  /** When the first event is due, ns; Infinity when there is none. */
  get nextNs(): number {
    return this.#count[0] === 0 ? Infinity : this.time[this.#heap[0]!]!;
  }

  isQueued(source: number): boolean {
    return this.#place[source]! >= 0;
  }

  /** Queues a source, or moves it when it is queued. */
  schedule(source: number, timeNs: number): void {
    const place = this.#place[source]!;
    const earlier = place < 0 || timeNs < this.time[source]!;
    this.time[source] = timeNs;
    if (place < 0) this.#rise(this.#count[0]!++, source);
    else if (earlier) this.#rise(place, source);
    else this.#sink(place, source);
  }

  cancel(source: number): void {
    const place = this.#place[source]!;
    if (place < 0) return;
    this.#place[source] = -1;
    const last = this.#heap[--this.#count[0]!]!;
    if (last === source) return;
    if (place > 0 && this.#before(last, this.#heap[(place - 1) >> 1]!)) this.#rise(place, last);
    else this.#sink(place, last);
  }

  /** Takes the first source out of the queue, which must not be empty. */
  take(): number {
    const heap = this.#heap;
    const first = heap[0]!;
    this.#place[first] = -1;
    const count = --this.#count[0]!;
    if (count > 0) this.#sink(0, heap[count]!);
    return first;
  }

  #before(a: number, b: number): boolean {
    const difference = this.time[a]! - this.time[b]!;
    return difference < 0 || (difference === 0 && a < b);
  }

  #rise(from: number, source: number): void {
    const heap = this.#heap;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const other = heap[parent]!;
      if (!this.#before(source, other)) break;
      heap[place] = other;
      this.#place[other] = place;
      place = parent;
    }
    heap[place] = source;
    this.#place[source] = place;
  }

  #sink(from: number, source: number): void {
    const heap = this.#heap;
    const count = this.#count[0]!;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= count) break;
      if (child + 1 < count && this.#before(heap[child + 1]!, heap[child]!)) child++;
      const other = heap[child]!;
      if (!this.#before(other, source)) break;
      heap[place] = other;
      this.#place[other] = place;
      place = child;
    }
    heap[place] = source;
    this.#place[source] = place;
  }
}
