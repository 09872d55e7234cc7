/**
 * The packets of one engine: fixed slots in one block of memory, named by integer descriptors.
 *
 * A slot has headroom before the packet so that headers can be pushed in place. A packet's first
 * `headLength` bytes are real; up to `wireLength` the rest is virtual and reads as zero, so that a
 * 1,400-byte segment of a simulated host costs its headers only. Bytes of a slot past the real ones
 * are undefined: `materialize` makes virtual bytes real, as zeros, before anyone reads them.
 *
 * Ownership: whoever holds a descriptor frees it or hands it on, exactly once.
 */
import { Arena } from '../base/arena.js';
import { assert } from '../base/assert.js';

/** No packet: ends a list, or says that the pool is empty. */
export const NO_PACKET = -1;

/** How much memory a pool takes. */
export interface PacketPoolOptions {
  /** How many packets can exist at once. */
  slots: number;
  /** Bytes per slot, headroom included; a multiple of 8. */
  slotBytes: number;
  /** Bytes kept free before a fresh packet. */
  headroom: number;
}

/** For simulated hosts: headers (IPv6, TCP with options, ERSPAN) and the start of a payload. */
export const fabricPool: PacketPoolOptions = { slots: 16384, slotBytes: 320, headroom: 64 };
/** For real interfaces: whole frames up to 9,216 bytes. */
export const wirePool: PacketPoolOptions = { slots: 2048, slotBytes: 9408, headroom: 128 };

/** Packets in fixed slots; `alloc`, `copy` and `free` never allocate memory. */
export class PacketPool {
  /** All slots; a packet's first byte is at `start[p]`. */
  readonly bytes: Uint8Array;
  readonly start: Int32Array;
  readonly headLength: Int32Array;
  /** Length of the frame on the wire in bytes, without preamble and frame check sequence. */
  readonly wireLength: Int32Array;
  /** Intrusive link, free for the owner of the packet to use. */
  readonly next: Int32Array;
  /** When the packet was made, in ns of the engine's clock; kept by copies. */
  readonly bornNs: Float64Array;
  /** A mark of the sender's choice (the fabric: flow index), kept by copies. */
  readonly mark: Int32Array;

  readonly slotBytes: number;
  readonly #headroom: number;
  /** [0] head of the free list, [1] free slots, [2] failed allocations. */
  readonly #state: Int32Array;

  constructor(options: PacketPoolOptions, arena?: Arena) {
    const { slots, slotBytes, headroom } = options;
    assert(slotBytes % 8 === 0 && headroom < slotBytes, 'slot size');
    const home = arena ?? new Arena(slots * (slotBytes + 40) + 1024);
    this.slotBytes = slotBytes;
    this.#headroom = headroom;
    this.bytes = home.uint8(slots * slotBytes);
    this.start = home.int32(slots);
    this.headLength = home.int32(slots);
    this.wireLength = home.int32(slots);
    this.next = home.int32(slots);
    this.bornNs = home.float64(slots);
    this.mark = home.int32(slots);
    this.#state = home.int32(3);
    for (let p = 0; p < slots; p++) this.next[p] = p + 1 < slots ? p + 1 : NO_PACKET;
    this.#state[1] = slots;
  }

  get slots(): number {
    return this.start.length;
  }

  /** Slots in use. */
  get used(): number {
    return this.slots - this.#state[1]!;
  }

  /** How often `alloc` or `copy` found no free slot. */
  get exhausted(): number {
    return this.#state[2]!;
  }

  /** A packet of zero length at the default headroom, or NO_PACKET. Its bytes are undefined. */
  alloc(): number {
    const packet = this.#state[0]!;
    if (packet === NO_PACKET) {
      this.#state[2]!++;
      return NO_PACKET;
    }
    this.#state[0] = this.next[packet]!;
    this.#state[1]!--;
    this.next[packet] = NO_PACKET;
    this.start[packet] = packet * this.slotBytes + this.#headroom;
    this.headLength[packet] = 0;
    this.wireLength[packet] = 0;
    this.bornNs[packet] = 0;
    this.mark[packet] = -1;
    return packet;
  }

  free(packet: number): void {
    this.next[packet] = this.#state[0]!;
    this.#state[0] = packet;
    this.#state[1]!++;
  }

  /** A second packet with the same bytes, lengths, birth and mark, or NO_PACKET. */
  copy(packet: number): number {
    const twin = this.alloc();
    if (twin === NO_PACKET) return NO_PACKET;
    const shift = (twin - packet) * this.slotBytes;
    const from = this.start[packet]!;
    this.bytes.copyWithin(from + shift, from, from + this.headLength[packet]!);
    this.start[twin] = from + shift;
    this.headLength[twin] = this.headLength[packet]!;
    this.wireLength[twin] = this.wireLength[packet]!;
    this.bornNs[twin] = this.bornNs[packet]!;
    this.mark[twin] = this.mark[packet]!;
    return twin;
  }

  /** A packet with these bytes as its real ones, or NO_PACKET when full or too long. */
  allocFrom(frame: Uint8Array, wireLength = frame.length): number {
    if (frame.length > this.slotBytes - this.#headroom) return NO_PACKET;
    const packet = this.alloc();
    if (packet === NO_PACKET) return NO_PACKET;
    const start = this.start[packet]!;
    this.bytes.set(frame, start);
    this.headLength[packet] = frame.length;
    this.wireLength[packet] = wireLength;
    return packet;
  }

  /**
   * Makes at least the first `length` bytes real (zeros where they were virtual).
   * False when the packet is shorter on the wire or the slot has no room.
   */
  materialize(packet: number, length: number): boolean {
    const real = this.headLength[packet]!;
    if (length <= real) return true;
    const start = this.start[packet]!;
    const end = start + length;
    if (length > this.wireLength[packet]! || end > (packet + 1) * this.slotBytes) return false;
    this.bytes.fill(0, start + real, end);
    this.headLength[packet] = length;
    return true;
  }

  /**
   * Puts `newLength` bytes of `front` in the place of the first `oldLength` ones; both lengths of
   * the packet follow. Uses the headroom, or moves the rest. False when the slot has no room.
   */
  replaceFront(packet: number, oldLength: number, front: Uint8Array, newLength: number): boolean {
    const grown = newLength - oldLength;
    const slot = packet * this.slotBytes;
    let start = this.start[packet]! - grown;
    if (start < slot) {
      const rest = this.start[packet]! + oldLength;
      const end = this.start[packet]! + this.headLength[packet]!;
      start = slot;
      if (start + newLength + (end - rest) > slot + this.slotBytes) return false;
      this.bytes.copyWithin(start + newLength, rest, end);
    }
    for (let i = 0; i < newLength; i++) this.bytes[start + i] = front[i]!;
    this.start[packet] = start;
    this.headLength[packet] = this.headLength[packet]! + grown;
    this.wireLength[packet] = this.wireLength[packet]! + grown;
    return true;
  }

  /** The real bytes of a packet: a view, valid until the packet is freed. */
  view(packet: number): Uint8Array {
    const start = this.start[packet]!;
    return this.bytes.subarray(start, start + this.headLength[packet]!);
  }
}
