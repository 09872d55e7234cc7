/**
 * Longest prefix match on 32 bits in three direct steps of 16, 8 and 8 bits: a lookup's cost does
 * not grow with the number of routes. A cell is an entry, or the complement of a block's number.
 */
import type { MatchIndex } from './matchIndex.js';

const BLOCK = 256;

/** An index of 32-bit prefixes. */
export class PrefixIndex implements MatchIndex {
  used = 0;
  readonly key = new Int32Array(1);
  readonly #top = new Int32Array(65536);
  #blocks = new Int32Array(BLOCK);
  #blockCount = 0;
  /** Prefix length of an entry; entry 0 is shorter than every prefix. */
  readonly #lengths: Int8Array;
  /** Per length, entries by their prefix. */
  readonly #byLength = Array.from({ length: 33 }, () => new Map<number, number>());
  readonly #prefixOf = new Map<number, number>();

  /** @param capacity the highest entry number */
  constructor(capacity: number) {
    this.#lengths = new Int8Array(capacity + 1);
    this.#lengths[0] = -1;
  }

  lookup(): number {
    return this.find(this.key[0]!);
  }

  find(word: number): number {
    let cell = this.#top[word >>> 16]!;
    if (cell >= 0) return cell;
    cell = this.#blocks[~cell * BLOCK + ((word >>> 8) & 255)]!;
    if (cell >= 0) return cell;
    return this.#blocks[~cell * BLOCK + (word & 255)]!;
  }

  /** `priority` is the prefix length. */
  insert(entry: number, value: Int32Array, _mask: Int32Array, priority: number): void {
    const prefix = value[0]! >>> 0;
    this.#lengths[entry] = priority;
    this.#byLength[priority]!.set(prefix, entry);
    this.#prefixOf.set(entry, prefix);
    this.used++;
    const covers = (cell: number): boolean => this.#lengths[cell]! <= priority;
    this.#paint(prefix, priority, covers, entry);
  }

  remove(entry: number): void {
    const prefix = this.#prefixOf.get(entry);
    if (prefix === undefined) return;
    const length = this.#lengths[entry]!;
    this.#prefixOf.delete(entry);
    this.used--;
    this.#byLength[length]!.delete(prefix);
    this.#paint(prefix, length, (cell) => cell === entry, this.#shorter(prefix, length));
  }

  /** The entry of the next shorter prefix that covers `prefix`, or 0. */
  #shorter(prefix: number, length: number): number {
    for (let l = length - 1; l >= 0; l--) {
      const masked = l === 0 ? 0 : ((prefix >>> (32 - l)) << (32 - l)) >>> 0;
      const entry = this.#byLength[l]!.get(masked);
      if (entry !== undefined) return entry;
    }
    return 0;
  }

  /** Sets every cell of a prefix for which `covers` holds, below blocks too. */
  #paint(prefix: number, length: number, covers: (cell: number) => boolean, entry: number): void {
    if (length <= 16) {
      const first = prefix >>> 16;
      this.#paintRange(this.#top, first, first + 2 ** (16 - length), covers, entry);
      return;
    }
    const second = this.#blockAt('top', prefix >>> 16);
    if (length <= 24) {
      const first = second * BLOCK + ((prefix >>> 8) & 255);
      this.#paintRange(this.#blocks, first, first + 2 ** (24 - length), covers, entry);
      return;
    }
    const third = this.#blockAt('blocks', second * BLOCK + ((prefix >>> 8) & 255));
    const first = third * BLOCK + (prefix & 255);
    this.#paintRange(this.#blocks, first, first + 2 ** (32 - length), covers, entry);
  }

  #paintRange(
    cells: Int32Array,
    first: number,
    end: number,
    covers: (cell: number) => boolean,
    entry: number,
  ): void {
    for (let i = first; i < end; i++) {
      const cell = cells[i]!;
      if (cell < 0) {
        const block = ~cell * BLOCK;
        this.#paintRange(this.#blocks, block, block + BLOCK, covers, entry);
      } else if (covers(cell)) {
        cells[i] = entry;
      }
    }
  }

  /** The block below a cell; made, and filled with what the cell said, when there is none. */
  #blockAt(level: 'top' | 'blocks', index: number): number {
    const cell = level === 'top' ? this.#top[index]! : this.#blocks[index]!;
    if (cell < 0) return ~cell;
    const block = this.#blockCount++;
    if ((block + 1) * BLOCK > this.#blocks.length) {
      const grown = new Int32Array(this.#blocks.length * 2);
      grown.set(this.#blocks);
      this.#blocks = grown;
    }
    this.#blocks.fill(cell, block * BLOCK, (block + 1) * BLOCK);
    if (level === 'top') this.#top[index] = ~block;
    else this.#blocks[index] = ~block;
    return block;
  }
}
