/**
 * Longest prefix match on up to 32 bits in direct steps of 16, 8, 4 and 4 bits: a lookup's cost
 * does not grow with the number of routes. A cell is an entry, or the complement of the number of
 * the block below it. The small blocks at the end keep scattered host routes small.
 */
import type { KeyRow, MatchIndex } from './matchIndex.js';
import { grown, mixWord, SlotTable } from './slotTable.js';

/** Blocks begin at multiples of this many cells. */
const UNIT = 16;

/** Where the levels below the first begin, in bits, and the bits that each one takes. */
const levels = [
  { from: 16, bits: 8 },
  { from: 24, bits: 4 },
  { from: 28, bits: 4 },
] as const;

/** An index of prefixes of one field. */
export class PrefixIndex implements MatchIndex {
  used = 0;
  readonly key = new Int32Array(1);
  readonly #top = new Int32Array(65536);
  #cells = new Int32Array(UNIT);
  #units = 0;
  /** Free blocks' first units, by the bits of the block. */
  readonly #free: Record<4 | 8, number[]> = { 4: [], 8: [] };
  /** Of a block, by its first unit: the prefixes that end in it or below it. */
  #uses = new Int32Array(1);
  /** Entry of the empty prefix: it answers where no cell has an entry. */
  #default = 0;
  /** By entry; entry 0 is shorter than every prefix. */
  readonly #prefixes: Int32Array;
  readonly #lengths: Int8Array;
  readonly #entries = new SlotTable();
  readonly #countOfLength = new Int32Array(33);
  readonly #shift: number;

  /** @param capacity the highest entry number */
  constructor(bitWidth: number, capacity: number) {
    this.#shift = 32 - bitWidth;
    this.#prefixes = new Int32Array(capacity + 1);
    this.#lengths = new Int8Array(capacity + 1);
    this.#lengths[0] = -1;
  }

  lookup(): number {
    return this.find(this.key[0]!);
  }

  find(word: number): number {
    const aligned = word << this.#shift;
    let cell = this.#top[aligned >>> 16]!;
    if (cell < 0) {
      const cells = this.#cells;
      cell = cells[~cell * UNIT + ((aligned >>> 8) & 255)]!;
      if (cell < 0) {
        cell = cells[~cell * UNIT + ((aligned >>> 4) & 15)]!;
        if (cell < 0) cell = cells[~cell * UNIT + (aligned & 15)]!;
      }
    }
    return cell === 0 ? this.#default : cell;
  }

  /** The rank is the prefix length. */
  insert(entry: number, { value, rank }: KeyRow): void {
    this.used++;
    if (rank === 0) {
      this.#default = entry;
      return;
    }
    const prefix = value[0]! << this.#shift;
    this.#prefixes[entry] = prefix;
    this.#lengths[entry] = rank;
    this.#entries.add(hashPrefix(prefix, rank), entry);
    this.#countOfLength[rank]!++;
    this.#paint(prefix, rank, -1, entry);
  }

  remove(entry: number, { value, rank }: KeyRow): void {
    this.used--;
    if (rank === 0) {
      this.#default = 0;
      return;
    }
    const prefix = value[0]! << this.#shift;
    this.#entries.remove(hashPrefix(prefix, rank), entry);
    this.#countOfLength[rank]!--;
    this.#paint(prefix, rank, entry, this.#shorter(prefix, rank));
    this.#release(prefix, rank);
  }

  /** The entry of the next shorter prefix that covers `prefix`; 0 when that is the empty one. */
  #shorter(prefix: number, length: number): number {
    const { slots, hashes, mask } = this.#entries;
    for (let l = length - 1; l > 0; l--) {
      if (this.#countOfLength[l] === 0) continue;
      const masked = prefix & (-1 << (32 - l));
      const hash = hashPrefix(masked, l);
      for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
        const entry = slots[slot]!;
        if (hashes[slot] !== hash || this.#lengths[entry] !== l) continue;
        if (this.#prefixes[entry] === masked) return entry;
      }
    }
    return 0;
  }

  /**
   * Writes `entry` into the cells of a prefix, below blocks too: where `old` stands, or, when that
   * is -1, where no longer prefix stands; then the blocks on the way count one more prefix.
   */
  #paint(prefix: number, length: number, old: number, entry: number): void {
    if (length <= 16) {
      const first = prefix >>> 16;
      this.#paintRange(true, first, first + 2 ** (16 - length), length, old, entry);
      return;
    }
    let isTop = true;
    let cell = prefix >>> 16;
    for (const { from, bits } of levels) {
      const unit = this.#blockBelow(isTop, cell, bits);
      if (old === -1) this.#uses[unit]!++;
      const end = from + bits;
      isTop = false;
      cell = unit * UNIT + ((prefix >>> (32 - end)) & (2 ** bits - 1));
      if (length > end) continue;
      this.#paintRange(false, cell, cell + 2 ** (end - length), length, old, entry);
      return;
    }
  }

  #paintRange(
    isTop: boolean,
    first: number,
    end: number,
    length: number,
    old: number,
    entry: number,
  ): void {
    const cells = isTop ? this.#top : this.#cells;
    const lengths = this.#lengths;
    for (let i = first; i < end; i++) {
      const cell = cells[i]!;
      if (cell < 0) {
        const block = ~cell * UNIT;
        // A block below the first level has 256 cells, one further down 16.
        const size = isTop ? 256 : 16;
        this.#paintRange(false, block, block + size, length, old, entry);
      } else if (old === -1 ? lengths[cell]! <= length : cell === old) {
        cells[i] = entry;
      }
    }
  }

  /** The block below a cell; made, and filled with what the cell said, when there is none. */
  #blockBelow(isTop: boolean, index: number, bits: 4 | 8): number {
    const cell = isTop ? this.#top[index]! : this.#cells[index]!;
    if (cell < 0) return ~cell;
    const size = 2 ** bits;
    let unit = this.#free[bits].pop();
    if (unit === undefined) {
      unit = this.#units;
      this.#units += size / UNIT;
      this.#cells = grown(this.#cells, this.#units * UNIT);
      this.#uses = grown(this.#uses, this.#units);
    }
    this.#cells.fill(cell, unit * UNIT, unit * UNIT + size);
    if (isTop) this.#top[index] = ~unit;
    else this.#cells[index] = ~unit;
    return unit;
  }

  /** Counts a removed prefix out of its blocks; a block without prefixes says one thing only. */
  #release(prefix: number, length: number): void {
    let isTop = true;
    let index = prefix >>> 16;
    let isFreed = false;
    for (const { from, bits } of levels) {
      if (length <= from) break;
      const unit = ~(isTop ? this.#top[index]! : this.#cells[index]!);
      if (--this.#uses[unit]! === 0) {
        this.#free[bits].push(unit);
        if (!isFreed) {
          isFreed = true;
          const below = this.#lastCell(unit, bits, prefix, from);
          if (isTop) this.#top[index] = below;
          else this.#cells[index] = below;
        }
      }
      isTop = false;
      index = unit * UNIT + ((prefix >>> (32 - from - bits)) & (2 ** bits - 1));
    }
  }

  /** What a block says where `prefix` is, through the blocks below it. */
  #lastCell(unit: number, bits: number, prefix: number, from: number): number {
    let cell = this.#cells[unit * UNIT + ((prefix >>> (32 - from - bits)) & (2 ** bits - 1))]!;
    for (let end = from + bits + 4; cell < 0; end += 4) {
      cell = this.#cells[~cell * UNIT + ((prefix >>> (32 - end)) & 15)]!;
    }
    return cell;
  }
}

function hashPrefix(prefix: number, length: number): number {
  return mixWord(mixWord(prefix) + length);
}
