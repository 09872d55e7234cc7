/**
 * Packets that wait inside the switch, released in the order of their time; equal times in the
 * order of arrival. A binary heap over fixed slots.
 */
import { MICROSECONDS_48 } from './clock.js';
import { Handles } from './rows.js';

/** How many packets can wait in one switch. */
export const DELAY_LINE_SLOTS = 8192;

/** Room for the numbers of so many packets is there from the start. */
const FIRST_SLOTS = 64;
/** Arrivals never come to this many: a lower rank precedes any earlier arrival. */
const RANK = 2 ** 45;

/** The packets that wait in one switch. */
export class DelayLine {
  /** Numbers that go with a packet, `width` for each slot; may be replaced by `add`. */
  kept: Float64Array;
  readonly #time = new Float64Array(DELAY_LINE_SLOTS);
  readonly #order = new Float64Array(DELAY_LINE_SLOTS);
  readonly #packet = new Int32Array(DELAY_LINE_SLOTS);
  readonly #port = new Int32Array(DELAY_LINE_SLOTS);
  readonly #fieldList = new Int32Array(DELAY_LINE_SLOTS);
  readonly #heap = new Int32Array(DELAY_LINE_SLOTS);
  #slots = new Handles(0, DELAY_LINE_SLOTS, 'delay line');
  #count = 0;
  #arrivals = 0;

  constructor(readonly width: number) {
    this.kept = new Float64Array(FIRST_SLOTS * Math.max(1, width));
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === DELAY_LINE_SLOTS;
  }

  /** When the next packet is due, ns; Infinity when none waits. */
  get nextNs(): number {
    return this.#count === 0 ? Infinity : this.#time[this.#heap[0]!]!;
  }

  /**
   * Adds a packet and returns its slot, where `kept` is to be filled.
   * @param rank among packets of equal time, the lowest goes first
   */
  add(timeNs: number, packet: number, port: number, fieldList: number, rank = 0): number {
    const slot = this.#slots.take();
    this.#grow(slot + 1);
    this.#time[slot] = timeNs;
    this.#order[slot] = rank * RANK + this.#arrivals++;
    this.#packet[slot] = packet;
    this.#port[slot] = port;
    this.#fieldList[slot] = fieldList;
    let at = this.#count++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(slot, this.#heap[parent]!)) break;
      this.#heap[at] = this.#heap[parent]!;
      at = parent;
    }
    this.#heap[at] = slot;
    return slot;
  }

  /** The slot of the packet that is due first; it stays valid until the next `add`. */
  takeFirst(): number {
    const first = this.#heap[0]!;
    const last = this.#heap[--this.#count]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#count) break;
      if (child + 1 < this.#count && this.#before(this.#heap[child + 1]!, this.#heap[child]!)) {
        child++;
      }
      if (!this.#before(this.#heap[child]!, last)) break;
      this.#heap[at] = this.#heap[child]!;
      at = child;
    }
    this.#heap[at] = last;
    this.#slots.give(first);
    return first;
  }

  packet(slot: number): number {
    return this.#packet[slot]!;
  }

  port(slot: number): number {
    return this.#port[slot]!;
  }

  fieldList(slot: number): number {
    return this.#fieldList[slot]!;
  }

  save(): unknown {
    const end = this.#slots.end;
    return {
      columns: this.#columns().map((column) => column.slice(0, end)),
      kept: this.kept.slice(0, end * this.width),
      heap: this.#heap.slice(0, this.#count),
      slots: this.#slots.save(),
      arrivals: this.#arrivals,
    };
  }

  load(state: unknown): void {
    const saved = state as {
      columns: (Float64Array | Int32Array)[];
      kept: Float64Array;
      heap: Int32Array;
      slots: ReturnType<Handles['save']>;
      arrivals: number;
    };
    this.#columns().forEach((column, i) => column.set(saved.columns[i]!));
    this.#grow(saved.slots.next);
    this.kept.set(saved.kept);
    this.#heap.set(saved.heap);
    this.#count = saved.heap.length;
    this.#slots.load(saved.slots);
    this.#arrivals = saved.arrivals;
  }

  #grow(slots: number): void {
    const wanted = slots * this.width;
    if (wanted <= this.kept.length) return;
    const grown = new Float64Array(Math.max(wanted, 2 * this.kept.length));
    grown.set(this.kept);
    this.kept = grown;
  }

  #columns(): (Float64Array | Int32Array)[] {
    return [this.#time, this.#order, this.#packet, this.#port, this.#fieldList];
  }

  #before(a: number, b: number): boolean {
    const difference = this.#time[a]! - this.#time[b]!;
    return difference < 0 || (difference === 0 && this.#order[a]! < this.#order[b]!);
  }
}

/**
 * How long a packet waits that is to be held until `untilNs`, in nanoseconds modulo 2^48, when the
 * 48-bit clock shows `timeUs`; 0 when that time has passed or the field is 0.
 */
export function waitNs(untilNs: number, timeUs: number): number {
  if (untilNs === 0) return 0;
  const difference = untilNs - timeUs * 1000;
  const wait = difference - Math.floor(difference / MICROSECONDS_48) * MICROSECONDS_48;
  return wait < MICROSECONDS_48 / 2 ? wait : 0;
}
