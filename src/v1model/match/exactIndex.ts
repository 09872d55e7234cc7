/** Exact match by hashing. */
import type { KeyRow, MatchIndex } from './matchIndex.js';
import { mixWord, SlotTable } from './slotTable.js';

/** Keys of one word: equal hashes are equal keys. */
export class WordIndex implements MatchIndex {
  used = 0;
  readonly key = new Int32Array(1);
  readonly #table = new SlotTable();

  lookup(): number {
    return this.find(this.key[0]!);
  }

  find(word: number): number {
    const { slots, hashes, mask } = this.#table;
    const hash = mixWord(word);
    let slot = hash & mask;
    for (;;) {
      const entry = slots[slot]!;
      if (entry === 0 || hashes[slot] === hash) return entry;
      slot = (slot + 1) & mask;
    }
  }

  insert(entry: number, { value }: KeyRow): void {
    this.#table.add(mixWord(value[0]!), entry);
    this.used++;
  }

  remove(entry: number, { value }: KeyRow): void {
    this.#table.remove(mixWord(value[0]!), entry);
    this.used--;
  }
}

/** Keys of several words. */
export class ExactIndex implements MatchIndex {
  used = 0;
  readonly key: Int32Array;
  readonly #table = new SlotTable();
  readonly #values: Int32Array;

  /** @param capacity the highest entry number */
  constructor(
    readonly words: number,
    capacity: number,
  ) {
    this.key = new Int32Array(words);
    this.#values = new Int32Array(words * (capacity + 1));
  }

  find(word: number): number {
    this.key[0] = word;
    return this.lookup();
  }

  lookup(): number {
    const { slots, hashes, mask } = this.#table;
    const { key, words } = this;
    const values = this.#values;
    const hash = hashWords(key);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === 0) return 0;
      if (hashes[slot] !== hash) continue;
      const at = entry * words;
      let i = 0;
      while (i < words && key[i] === values[at + i]) i++;
      if (i === words) return entry;
    }
  }

  insert(entry: number, { value }: KeyRow): void {
    this.#values.set(value, entry * this.words);
    this.#table.add(hashWords(value), entry);
    this.used++;
  }

  remove(entry: number, { value }: KeyRow): void {
    this.#table.remove(hashWords(value), entry);
    this.used--;
  }
}

function hashWords(words: Int32Array): number {
  let hash = 0;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
