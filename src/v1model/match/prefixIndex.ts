/**
 * Longest prefix match on up to 32 bits in direct steps of 16, 4, 4, 4 and 4 bits: a lookup's cost
 * does not grow with the number of routes. A cell is an entry, or the complement of the number of
 * the block below it. Blocks are small so that scattered routes take little memory.
 */
import type { KeyRow, MatchIndex } from './matchIndex.js';
import { grown, mixWord, SlotTable } from './slotTable.js';

/** Cells of a block: four bits. */
const BLOCK = 16;
/** The bits at which the blocks' levels begin. */
const levels = [16, 20, 24, 28] as const;

/** An index of prefixes of one field. */
export class PrefixIndex implements MatchIndex {
  used = 0;
  readonly key = new Int32Array(1);
  readonly #top = new Int32Array(65536);
  #cells = new Int32Array(BLOCK);
  #blocks = 0;
  readonly #free: number[] = [];
  /** Of a block: the prefixes that end in it or below it. */
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
      cell = cells[~cell * BLOCK + ((aligned >>> 12) & 15)]!;
      if (cell < 0) cell = cells[~cell * BLOCK + ((aligned >>> 8) & 15)]!;
      if (cell < 0) cell = cells[~cell * BLOCK + ((aligned >>> 4) & 15)]!;
      if (cell < 0) cell = cells[~cell * BLOCK + (aligned & 15)]!;
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
    for (const from of levels) {
      const block = this.#blockBelow(isTop, cell);
      if (old === -1) this.#uses[block]!++;
      const end = from + 4;
      isTop = false;
      cell = cellOf(block, prefix, from);
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
        const below = ~cell * BLOCK;
        this.#paintRange(false, below, below + BLOCK, length, old, entry);
      } else if (old === -1 ? lengths[cell]! <= length : cell === old) {
        cells[i] = entry;
      }
    }
  }

  /** The block below a cell; made, and filled with what the cell said, when there is none. */
  #blockBelow(isTop: boolean, index: number): number {
    const cell = isTop ? this.#top[index]! : this.#cells[index]!;
    if (cell < 0) return ~cell;
    const block = this.#free.pop() ?? this.#blocks++;
    this.#cells = grown(this.#cells, this.#blocks * BLOCK);
    this.#uses = grown(this.#uses, this.#blocks);
    this.#cells.fill(cell, block * BLOCK, block * BLOCK + BLOCK);
    if (isTop) this.#top[index] = ~block;
    else this.#cells[index] = ~block;
    return block;
  }

  /** Counts a removed prefix out of its blocks; a block without prefixes says one thing only. */
  #release(prefix: number, length: number): void {
    let isTop = true;
    let index = prefix >>> 16;
    let isFreed = false;
    for (const from of levels) {
      if (length <= from) break;
      const block = ~(isTop ? this.#top[index]! : this.#cells[index]!);
      if (--this.#uses[block]! === 0) {
        this.#free.push(block);
        if (!isFreed) {
          isFreed = true;
          const below = this.#lastCell(block, prefix, from);
          if (isTop) this.#top[index] = below;
          else this.#cells[index] = below;
        }
      }
      isTop = false;
      index = cellOf(block, prefix, from);
    }
  }

  /** What a block that begins at bit `from` says where `prefix` is, through the blocks below it. */
  #lastCell(block: number, prefix: number, from: number): number {
    let cell = this.#cells[cellOf(block, prefix, from)]!;
    for (let below = from + 4; cell < 0; below += 4) {
      cell = this.#cells[cellOf(~cell, prefix, below)]!;
    }
    return cell;
  }
}

/** The cell of a block for the four bits of a prefix at `from`. */
function cellOf(block: number, prefix: number, from: number): number {
  return block * BLOCK + ((prefix >>> (28 - from)) & 15);
}

function hashPrefix(prefix: number, length: number): number {
  return mixWord(mixWord(prefix) + length);
}
