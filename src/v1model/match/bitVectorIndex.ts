/**
 * Match on masks and ranges by bit vectors (Lakshman and Stiliadis, 1998; Baboescu and Varghese,
 * 2001). Each byte of the key picks a vector with one bit per entry, set where the entry can have
 * that byte; the bits that are left in all of them are the entries that match. Entries come in
 * blocks of 32, and a summary says which blocks have any bit at all: it is followed until so few
 * blocks are left that to look into them costs less.
 *
 * A vector's words lie block by block, so that an insertion writes one block and nothing moves.
 * A range of several bytes is no product of bytes: its bits admit too much, and are checked.
 */
import type { FieldShape, KeyRow, MatchIndex } from './matchIndex.js';
import { grown } from './slotTable.js';

const BYTES = 256;

/** Whether the first byte of a word in memory is its lowest. */
const isLittleEndian = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;

/** One byte of the key. */
interface Column {
  field: FieldShape;
  word: number;
  shift: number;
}

/** An index of keys with ternary, optional or range fields among them. */
export class BitVectorIndex implements MatchIndex {
  used = 0;
  readonly key: Int32Array;
  readonly #columns: readonly Column[];
  /** The bytes of `key` in memory, and which of them each column looks at. */
  readonly #keyBytes: Uint8Array;
  readonly #columnByte: Int32Array;
  readonly #ranges: readonly FieldShape[];
  readonly #rangeColumns: readonly (readonly Column[])[];
  readonly #stride: number;
  /** Per block of 32 entries, and per 32 blocks: a word per column and byte. */
  #bits = new Int32Array(0);
  #summary = new Int32Array(0);
  #blocks = 0;
  /** The highest rank in a block, -1 when it is empty. */
  #blockRank = new Int32Array(0);
  /** Entries by their position in the vectors, and what belongs to them; 0 is free. */
  #entries = new Int32Array(0);
  #ranks = new Int32Array(0);
  #sequences = new Float64Array(0);
  /** Bounds of entries whose bits admit too much, a row per position; others have none. */
  #lows = new Int32Array(0);
  #highs = new Int32Array(0);
  #isChecked = new Int32Array(0);
  readonly #positionOf: Int32Array;
  readonly #free: number[] = [];

  /** @param capacity the highest entry number */
  constructor(
    readonly words: number,
    fields: readonly FieldShape[],
    capacity: number,
  ) {
    this.key = new Int32Array(words);
    this.#columns = fields.flatMap(columnsOf);
    this.#keyBytes = new Uint8Array(this.key.buffer);
    this.#columnByte = Int32Array.from(this.#columns, ({ word, shift }) => {
      const place = isLittleEndian ? shift >> 3 : 3 - (shift >> 3);
      return word * 4 + place;
    });
    this.#stride = this.#columns.length * BYTES;
    this.#ranges = fields.filter(({ kind }) => kind === 'range');
    this.#rangeColumns = this.#ranges.map(columnsOf);
    this.#positionOf = new Int32Array(capacity + 1);
  }

  find(word: number): number {
    this.key[0] = word;
    return this.lookup();
  }

  lookup(): number {
    const summary = this.#summary;
    const bytes = this.#keyBytes;
    const columns = this.#columnByte;
    let best = -1;
    for (let first = 0, base = 0; first < this.#blocks; first += 32, base += this.#stride) {
      let blocks = -1;
      let at = base;
      for (let c = 0; c < columns.length && isMoreThanTwo(blocks); c++, at += BYTES) {
        blocks &= summary[at + bytes[columns[c]!]!]!;
      }
      if (blocks !== 0) best = this.#bestOfBlocks(blocks, first, best);
    }
    return best < 0 ? 0 : this.#entries[best]!;
  }

  /** The better of `best` and what matches in the blocks whose bits are set, `first` and on. */
  #bestOfBlocks(blocks: number, first: number, best: number): number {
    let found = best;
    for (let rest = blocks; rest !== 0; rest &= rest - 1) {
      const block = first + 31 - Math.clz32(rest & -rest);
      if (found >= 0 && this.#blockRank[block]! < this.#ranks[found]!) continue;
      found = this.#bestOfBlock(block, found);
    }
    return found;
  }

  /** The better of `best` and what matches in a block, as positions; -1 is none. */
  #bestOfBlock(block: number, best: number): number {
    const words = this.#bits;
    const bytes = this.#keyBytes;
    const columns = this.#columnByte;
    let bits = -1;
    let at = block * this.#stride;
    for (let c = 0; c < columns.length && bits !== 0; c++, at += BYTES) {
      bits &= words[at + bytes[columns[c]!]!]!;
    }
    for (; bits !== 0; bits &= bits - 1) {
      const position = block * 32 + 31 - Math.clz32(bits & -bits);
      if (best >= 0 && !this.#precedes(position, best)) continue;
      if (this.#isChecked[position] === 0 || this.#isWithin(position)) best = position;
    }
    return best;
  }

  #precedes(position: number, other: number): boolean {
    const difference = this.#ranks[position]! - this.#ranks[other]!;
    if (difference !== 0) return difference > 0;
    return this.#sequences[position]! < this.#sequences[other]!;
  }

  /** True when the present key lies within an entry's ranges. */
  #isWithin(position: number): boolean {
    const at = position * this.words;
    for (const { firstWord, words } of this.#ranges) {
      const from = at + firstWord;
      if (compareWords(this.key, firstWord, this.#lows, from, words) < 0) return false;
      if (compareWords(this.key, firstWord, this.#highs, from, words) > 0) return false;
    }
    return true;
  }

  insert(entry: number, row: KeyRow, sequence: number): void {
    const position = this.#free.pop() ?? this.used;
    this.used++;
    const block = position >>> 5;
    if (block >= this.#blocks) this.#addBlock();
    this.#entries[position] = entry;
    this.#ranks[position] = row.rank;
    this.#sequences[position] = sequence;
    this.#positionOf[entry] = position;
    this.#blockRank[block] = Math.max(this.#blockRank[block]!, row.rank);
    this.#columns.forEach((column, c) => this.#mark(position, c, column, row, true));
    const isLoose = this.#rangeColumns.some((columns) => admitsTooMuch(columns, row));
    if (isLoose) this.#keepBounds(position, row);
  }

  remove(entry: number, row: KeyRow): void {
    this.used--;
    const position = this.#positionOf[entry]!;
    const block = position >>> 5;
    this.#free.push(position);
    this.#entries[position] = 0;
    this.#isChecked[position] = 0;
    this.#columns.forEach((column, c) => this.#mark(position, c, column, row, false));
    let rank = -1;
    for (let i = block * 32; i < block * 32 + 32; i++) {
      if (this.#entries[i] !== 0) rank = Math.max(rank, this.#ranks[i]!);
    }
    this.#blockRank[block] = rank;
  }

  #addBlock(): void {
    const block = this.#blocks++;
    this.#bits = grown(this.#bits, this.#blocks * this.#stride);
    this.#summary = grown(this.#summary, ((block >>> 5) + 1) * this.#stride);
    this.#blockRank = grown(this.#blockRank, this.#blocks);
    this.#blockRank[block] = -1;
    this.#entries = grown(this.#entries, this.#blocks * 32);
    this.#ranks = grown(this.#ranks, this.#blocks * 32);
    this.#isChecked = grown(this.#isChecked, this.#blocks * 32);
    if (this.#sequences.length < this.#entries.length) {
      const sequences = new Float64Array(this.#entries.length);
      sequences.set(this.#sequences);
      this.#sequences = sequences;
    }
  }

  #keepBounds(position: number, row: KeyRow): void {
    this.#isChecked[position] = 1;
    this.#lows = grown(this.#lows, (position + 1) * this.words);
    this.#highs = grown(this.#highs, (position + 1) * this.words);
    this.#lows.set(row.value, position * this.words);
    this.#highs.set(row.mask, position * this.words);
  }

  /** Sets or clears an entry's bit for every byte that one column of its row admits. */
  #mark(position: number, c: number, column: Column, row: KeyRow, isOn: boolean): void {
    const { field, word, shift } = column;
    const value = (row.value[word]! >>> shift) & 255;
    const mask = (row.mask[word]! >>> shift) & 255;
    if (field.kind === 'range') {
      const isOpen = !isCommonPrefix(column, row);
      const last = isOpen ? 255 : mask;
      for (let byte = isOpen ? 0 : value; byte <= last; byte++) this.#flip(position, c, byte, isOn);
      return;
    }
    const open = ~mask & 255;
    for (let rest = open; ; rest = (rest - 1) & open) {
      this.#flip(position, c, value | rest, isOn);
      if (rest === 0) return;
    }
  }

  #flip(position: number, c: number, byte: number, isOn: boolean): void {
    const block = position >>> 5;
    const at = block * this.#stride + c * BYTES + byte;
    const above = (block >>> 5) * this.#stride + c * BYTES + byte;
    if (isOn) {
      this.#bits[at]! |= 1 << (position & 31);
      this.#summary[above]! |= 1 << (block & 31);
      return;
    }
    this.#bits[at]! &= ~(1 << (position & 31));
    if (this.#bits[at] === 0) this.#summary[above]! &= ~(1 << (block & 31));
  }
}

function isMoreThanTwo(bits: number): boolean {
  const rest = bits & (bits - 1);
  return (rest & (rest - 1)) !== 0;
}

function columnsOf(field: FieldShape): Column[] {
  const bytes = Math.ceil(field.bitWidth / 8);
  return Array.from({ length: bytes }, (_, place) => {
    const below = bytes - 1 - place;
    const word = field.firstWord + field.words - 1 - (below >> 2);
    return { field, word, shift: 8 * (below & 3) };
  });
}

/** True while all bytes of a range above this one are the same in both bounds. */
function isCommonPrefix({ field, word, shift }: Column, { value, mask }: KeyRow): boolean {
  for (let i = field.firstWord; i < word; i++) if (value[i] !== mask[i]) return false;
  return shift === 24 || (value[word]! ^ mask[word]!) >>> (shift + 8) === 0;
}

/** True when a range is not what its bytes say one by one. */
function admitsTooMuch(columns: readonly Column[], row: KeyRow): boolean {
  const split = columns.findIndex(({ word, shift }) => {
    return ((row.value[word]! ^ row.mask[word]!) >>> shift) & 255;
  });
  if (split < 0) return false;
  return columns.slice(split + 1).some(({ word, shift }) => {
    const [low, high] = [row.value[word]! >>> shift, row.mask[word]! >>> shift];
    return (low & 255) !== 0 || (high & 255) !== 255;
  });
}

/** Compares unsigned words, most significant first. */
function compareWords(
  a: Int32Array,
  aAt: number,
  b: Int32Array,
  bAt: number,
  words: number,
): number {
  for (let i = 0; i < words; i++) {
    const x = a[aAt + i]! >>> 0;
    const y = b[bAt + i]! >>> 0;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
