/**
 * The scheduler's queue. An event is a source (a link's direction, a timer) that is due; a source
 * is due at most once, so that an event is a small integer and needs no memory.
 *
 * Sources belong to parts of the network that only links connect: each switch, and all hosts
 * together. Events of one part come in the order of time, and of sources where times are equal.
 * Parts are independent for as long as a link takes, so that one may run some events ahead of the
 * others, and its code and tables stay in the processor's caches.
 * Source: conservative lookahead, Chandy and Misra 1979.
 */
import type { Arena } from '../base/arena.js';

/**
 * A binary heap of small integers by time, with their places. `slots[0]` is their count; the first
 * is `slots[1]`, the children of place n are at 2n and 2n + 1. Place 0: not queued.
 */
class Heap {
  constructor(
    private readonly time: Float64Array,
    private readonly place: Int32Array,
    private readonly slots: Int32Array,
  ) {}

  /** When the first is due; Infinity when there is none. */
  get nextNs(): number {
    return this.slots[0] === 0 ? Infinity : this.time[this.slots[1]!]!;
  }

  /** Queues an item, or moves it when it is queued. */
  set(item: number, timeNs: number): void {
    const place = this.place[item]!;
    const isEarlier = place === 0 || timeNs < this.time[item]!;
    this.time[item] = timeNs;
    if (place === 0) this.#rise(++this.slots[0]!, item);
    else if (isEarlier) this.#rise(place, item);
    else this.#sink(place, item);
  }

  remove(item: number): void {
    const place = this.place[item]!;
    if (place === 0) return;
    this.place[item] = 0;
    const last = this.slots[this.slots[0]!--]!;
    if (last === item) return;
    if (place > 1 && this.#before(last, this.slots[place >> 1]!)) this.#rise(place, last);
    else this.#sink(place, last);
  }

  /** Takes the first item, which must be there. */
  take(): number {
    const { slots } = this;
    const first = slots[1]!;
    this.place[first] = 0;
    const last = slots[slots[0]!--]!;
    if (last !== first) this.#sink(1, last);
    return first;
  }

  #before(a: number, b: number): boolean {
    const difference = this.time[a]! - this.time[b]!;
    return difference < 0 || (difference === 0 && a < b);
  }

  #rise(from: number, item: number): void {
    const { slots } = this;
    let place = from;
    while (place > 1) {
      const parent = place >> 1;
      const other = slots[parent]!;
      if (!this.#before(item, other)) break;
      slots[place] = other;
      this.place[other] = place;
      place = parent;
    }
    slots[place] = item;
    this.place[item] = place;
  }

  #sink(from: number, item: number): void {
    const { slots } = this;
    const count = slots[0]!;
    let place = from;
    for (;;) {
      let child = 2 * place;
      if (child > count) break;
      if (child < count && this.#before(slots[child + 1]!, slots[child]!)) child++;
      const other = slots[child]!;
      if (!this.#before(other, item)) break;
      slots[place] = other;
      this.place[other] = place;
      place = child;
    }
    slots[place] = item;
    this.place[item] = place;
  }
}

/** The events of one part, while it runs. */
export type PartEvents = Pick<Heap, 'nextNs' | 'take'>;

const NO_PART = -1;

/** Every source with its time, all in an arena. */
export class EventQueue {
  /** When a source is due, ns; meaningless while it is not queued. */
  readonly time: Float64Array;
  readonly #place: Int32Array;
  readonly #heaps: readonly Heap[];
  /** Parts that have events and do not run, by their next one. */
  readonly #parts: Heap;
  readonly #partTime: Float64Array;
  readonly #partPlace: Int32Array;
  #running = NO_PART;

  /** @param partOf the part of each source: 0 upwards, none left out */
  constructor(
    arena: Arena,
    private readonly partOf: Int32Array,
  ) {
    const count = partOf.reduce((max, part) => Math.max(max, part), 0) + 1;
    const sizes = new Int32Array(count);
    for (const part of partOf) sizes[part]!++;
    this.time = arena.float64(partOf.length);
    this.#place = arena.int32(partOf.length);
    this.#heaps = Array.from(sizes, (size) => {
      return new Heap(this.time, this.#place, arena.int32(size + 1));
    });
    this.#partTime = arena.float64(count);
    this.#partPlace = arena.int32(count);
    this.#parts = new Heap(this.#partTime, this.#partPlace, arena.int32(count + 1));
  }

  /**
   * When the first event is due, ns; Infinity when there is none. While a part runs, the first of
   * the others.
   */
  get nextNs(): number {
    return this.#parts.nextNs;
  }

  isQueued(source: number): boolean {
    return this.#place[source] !== 0;
  }

  /** Queues a source, or moves it when it is queued. */
  schedule(source: number, timeNs: number): void {
    const part = this.partOf[source]!;
    const heap = this.#heaps[part]!;
    heap.set(source, timeNs);
    if (part !== this.#running) this.#enlist(part, heap.nextNs);
  }

  cancel(source: number): void {
    const part = this.partOf[source]!;
    const heap = this.#heaps[part]!;
    heap.remove(source);
    if (part !== this.#running) this.#enlist(part, heap.nextNs);
  }

  /** Takes the part with the first event out of the order; there must be one. */
  begin(): PartEvents {
    this.#running = this.#parts.take();
    return this.#heaps[this.#running]!;
  }

  /** Puts the part that ran back. */
  end(): void {
    const part = this.#running;
    this.#running = NO_PART;
    this.#enlist(part, this.#heaps[part]!.nextNs);
  }

  #enlist(part: number, nextNs: number): void {
    if (nextNs === Infinity) this.#parts.remove(part);
    else if (this.#partPlace[part] === 0 || this.#partTime[part] !== nextNs) {
      this.#parts.set(part, nextNs);
    }
  }
}
