/**
 * Longest prefix match on fields of any width, beside exact fields: a hash table of all prefixes,
 * searched by bisecting their lengths (Waldvogel, Varghese, Turner and Plattner, 1997). A prefix
 * leaves markers at the shorter lengths where the search must turn to longer ones. A lookup takes
 * at most 1 + log2(width) probes, however many routes there are.
 *
 * A marker's answer, the longest entry above it, is worked out when it is first met and holds until
 * the entries change, so that an insertion touches its own markers only.
 */
import type { FieldShape, KeyRow, MatchIndex } from './matchIndex.js';
import { grown, SlotTable } from './slotTable.js';

/** An index of keys with one lpm field; every other field is exact. */
export class LongPrefixIndex implements MatchIndex {
  used = 0;
  readonly key: Int32Array;
  readonly #width: number;
  /** The mask of every length, one row each. */
  readonly #masks: Int32Array;
  /** Nodes, which are prefixes and markers, and entries, by length. */
  readonly #nodesOfLength: Int32Array;
  readonly #entriesOfLength: Int32Array;
  readonly #table = new SlotTable();
  #nodes = 0;
  readonly #freeNodes: number[] = [];
  #words = new Int32Array(0);
  #lengths = new Int32Array(0);
  #entries = new Int32Array(0);
  /** Prefixes that a node serves, its own among them. */
  #uses = new Int32Array(0);
  /** A marker's answer, and the version of the index it was worked out for. */
  #best = new Int32Array(0);
  #bestVersion = new Int32Array(0);
  #version = 1;

  constructor(
    readonly rowWords: number,
    fields: readonly FieldShape[],
  ) {
    this.key = new Int32Array(rowWords);
    const field = fields.find(({ kind }) => kind === 'lpm')!;
    this.#width = field.bitWidth;
    this.#nodesOfLength = new Int32Array(field.bitWidth + 1);
    this.#entriesOfLength = new Int32Array(field.bitWidth + 1);
    this.#masks = new Int32Array(rowWords * (field.bitWidth + 1)).fill(-1);
    for (let length = 0; length <= field.bitWidth; length++) {
      for (let i = 0; i < field.words; i++) {
        // Bits of the field below this word, and below the prefix: what is left of the word.
        const below = 32 * (field.words - 1 - i);
        const clear = Math.min(32, Math.max(0, field.bitWidth - length - below));
        const mask = clear === 32 ? 0 : -1 << clear;
        this.#masks[length * rowWords + field.firstWord + i] = mask;
      }
    }
  }

  find(word: number): number {
    this.key[0] = word;
    return this.lookup();
  }

  lookup(): number {
    const { key } = this;
    const counts = this.#nodesOfLength;
    let low = 1;
    let high = this.#width;
    let last = 0;
    while (low <= high) {
      const length = (low + high) >>> 1;
      const node = counts[length] === 0 ? 0 : this.#probe(key, length);
      if (node === 0) {
        high = length - 1;
      } else {
        last = node;
        low = length + 1;
      }
    }
    return last === 0 ? this.#longestUpTo(key, 0) : this.#answer(last);
  }

  /** The rank is the prefix length. */
  insert(entry: number, { value, rank }: KeyRow): void {
    this.used++;
    this.#version = (this.#version + 1) | 0;
    this.#entriesOfLength[rank]!++;
    for (const length of this.#path(rank)) {
      const node = this.#probe(value, length) || this.#addNode(value, length);
      this.#uses[node]!++;
      if (length === rank) this.#entries[node] = entry;
    }
  }

  remove(_entry: number, { value, rank }: KeyRow): void {
    this.used--;
    this.#version = (this.#version + 1) | 0;
    this.#entriesOfLength[rank]!--;
    for (const length of this.#path(rank)) {
      const node = this.#probe(value, length);
      if (length === rank) this.#entries[node] = 0;
      if (--this.#uses[node]! > 0) continue;
      this.#table.remove(this.#hash(value, length), node);
      this.#nodesOfLength[length]!--;
      this.#freeNodes.push(node);
    }
  }

  /** Lengths at which a prefix must be found for the search to reach it, the last its own. */
  #path(rank: number): number[] {
    const path: number[] = [];
    let low = 1;
    let high = this.#width;
    while (low <= high && rank > 0) {
      const length = (low + high) >>> 1;
      if (length > rank) high = length - 1;
      else low = length + 1;
      if (length < rank) path.push(length);
      if (length === rank) break;
    }
    path.push(rank);
    return path;
  }

  /** The entry at or above a node. */
  #answer(node: number): number {
    const own = this.#entries[node]!;
    if (own !== 0) return own;
    if (this.#bestVersion[node] === this.#version) return this.#best[node]!;
    const best = this.#longestUpTo(this.key, this.#lengths[node]! - 1);
    this.#best[node] = best;
    this.#bestVersion[node] = this.#version;
    return best;
  }

  /** The entry of the longest prefix of at most `length` bits, one length after the other. */
  #longestUpTo(key: Int32Array, length: number): number {
    for (let l = length; l >= 0; l--) {
      if (this.#entriesOfLength[l] === 0) continue;
      const node = this.#probe(key, l);
      if (node !== 0 && this.#entries[node] !== 0) return this.#entries[node]!;
    }
    return 0;
  }

  /** The node of a length that covers `row`, or 0. */
  #probe(row: Int32Array, length: number): number {
    const { slots, hashes, mask } = this.#table;
    const { rowWords } = this;
    const masks = this.#masks;
    const words = this.#words;
    const hash = this.#hash(row, length);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const node = slots[slot]!;
      if (node === 0) return 0;
      if (hashes[slot] !== hash || this.#lengths[node] !== length) continue;
      const at = node * rowWords;
      const maskAt = length * rowWords;
      let i = 0;
      while (i < rowWords && (row[i]! & masks[maskAt + i]!) === words[at + i]) i++;
      if (i === rowWords) return node;
    }
  }

  #hash(row: Int32Array, length: number): number {
    const masks = this.#masks;
    const maskAt = length * this.rowWords;
    let hash = length;
    for (let i = 0; i < this.rowWords; i++) {
      hash = Math.imul(hash ^ (row[i]! & masks[maskAt + i]!), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #addNode(row: Int32Array, length: number): number {
    const node = this.#freeNodes.pop() ?? ++this.#nodes;
    const { rowWords } = this;
    this.#words = grown(this.#words, (node + 1) * rowWords);
    this.#lengths = grown(this.#lengths, node + 1);
    this.#entries = grown(this.#entries, node + 1);
    this.#uses = grown(this.#uses, node + 1);
    this.#best = grown(this.#best, node + 1);
    this.#bestVersion = grown(this.#bestVersion, node + 1);
    for (let i = 0; i < rowWords; i++) {
      this.#words[node * rowWords + i] = row[i]! & this.#masks[length * rowWords + i]!;
    }
    this.#lengths[node] = length;
    this.#entries[node] = 0;
    this.#uses[node] = 0;
    this.#bestVersion[node] = 0;
    this.#table.add(this.#hash(row, length), node);
    this.#nodesOfLength[length]!++;
    return node;
  }
}
