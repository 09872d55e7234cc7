/**
 * Lookup structures. An entry is a positive number; 0 is no match. Key words come in the order of
 * the table's key fields; masked-out bits of stored values are zero.
 */

/** How generated code and the control side see a lookup structure. */
export interface MatchIndex {
  /** Entries in the index. */
  readonly used: number;
  /** Key words of the next `lookup`. */
  readonly key: Int32Array;
  lookup(): number;
  /** The same for keys of one word. */
  find(word: number): number;
  insert(entry: number, value: Int32Array, mask: Int32Array, priority: number): void;
  remove(entry: number): void;
}

/** Exact match on one word: open addressing. */
export class WordIndex implements MatchIndex {
  used = 0;
  readonly key = new Int32Array(1);
  #words = new Int32Array(16);
  /** 0 free, -1 removed. */
  #entries = new Int32Array(16);
  #mask = 15;
  #filled = 0;
  readonly #wordOf = new Map<number, number>();

  lookup(): number {
    return this.find(this.key[0]!);
  }

  find(word: number): number {
    const entries = this.#entries;
    const mask = this.#mask;
    let slot = (Math.imul(word, 0x9e3779b1) >>> 7) & mask;
    for (;;) {
      const entry = entries[slot]!;
      if (entry === 0) return 0;
      if (entry > 0 && this.#words[slot] === word) return entry;
      slot = (slot + 1) & mask;
    }
  }

  insert(entry: number, value: Int32Array): void {
    if (this.#filled * 2 > this.#mask) this.#rebuild();
    this.#wordOf.set(entry, value[0]!);
    this.used++;
    this.#put(entry, value[0]!);
  }

  remove(entry: number): void {
    const word = this.#wordOf.get(entry);
    if (word === undefined) return;
    this.#wordOf.delete(entry);
    this.used--;
    let slot = (Math.imul(word, 0x9e3779b1) >>> 7) & this.#mask;
    while (this.#entries[slot] !== entry) slot = (slot + 1) & this.#mask;
    this.#entries[slot] = -1;
  }

  #put(entry: number, word: number): void {
    let slot = (Math.imul(word, 0x9e3779b1) >>> 7) & this.#mask;
    while (this.#entries[slot]! > 0) slot = (slot + 1) & this.#mask;
    if (this.#entries[slot] === 0) this.#filled++;
    this.#entries[slot] = entry;
    this.#words[slot] = word;
  }

  #rebuild(): void {
    let size = 16;
    while (size < this.#wordOf.size * 4) size *= 2;
    this.#words = new Int32Array(size);
    this.#entries = new Int32Array(size);
    this.#mask = size - 1;
    this.#filled = 0;
    for (const [entry, word] of this.#wordOf) this.#put(entry, word);
  }
}

/** Entries that share one mask. */
interface Group {
  mask: Int32Array;
  /** Words in which the mask is not zero. */
  active: Int32Array;
  /** Open addressing; 0 free, -1 removed. */
  slots: Int32Array;
  filled: number;
  entries: Set<number>;
  /** The highest priority in the group. */
  top: number;
}

/**
 * Tuple space search: one hash table per mask in use, the masks in order of their best priority.
 * Serves exact keys of several words (one mask), long prefixes (priority is the length) and
 * ternary keys.
 */
export class TupleIndex implements MatchIndex {
  used = 0;
  readonly key: Int32Array;
  #groups: Group[] = [];
  #values: Int32Array;
  #priorities: Int32Array;
  readonly #groupOf = new Map<number, Group>();

  constructor(
    readonly words: number,
    capacity: number,
  ) {
    this.key = new Int32Array(words);
    this.#values = new Int32Array(words * (capacity + 1));
    this.#priorities = new Int32Array(capacity + 1);
  }

  find(word: number): number {
    this.key[0] = word;
    return this.lookup();
  }

  lookup(): number {
    const { key, words } = this;
    const values = this.#values;
    let best = 0;
    let bestPriority = -1;
    for (let g = 0; g < this.#groups.length; g++) {
      const group = this.#groups[g]!;
      if (group.top < bestPriority) break;
      const { active, mask, slots } = group;
      const hash = hashMasked(key, 0, mask, active);
      const slotMask = slots.length - 1;
      for (let slot = hash & slotMask; slots[slot] !== 0; slot = (slot + 1) & slotMask) {
        const entry = slots[slot]!;
        if (entry < 0) continue;
        const at = entry * words;
        let i = 0;
        while (
          i < active.length &&
          (key[active[i]!]! & mask[active[i]!]!) === values[at + active[i]!]
        ) {
          i++;
        }
        if (i < active.length) continue;
        const priority = this.#priorities[entry]!;
        if (priority > bestPriority || (priority === bestPriority && entry < best)) {
          best = entry;
          bestPriority = priority;
        }
      }
    }
    return best;
  }

  insert(entry: number, value: Int32Array, mask: Int32Array, priority: number): void {
    this.#values.set(value, entry * this.words);
    this.#priorities[entry] = priority;
    let group = this.#groups.find((g) => g.mask.every((word, i) => word === mask[i]));
    if (!group) {
      const active = Int32Array.from(mask.keys()).filter((i) => mask[i] !== 0);
      group = {
        mask: mask.slice(),
        active,
        slots: new Int32Array(16),
        filled: 0,
        entries: new Set(),
        top: -1,
      };
      this.#groups.push(group);
    }
    group.entries.add(entry);
    this.used++;
    this.#groupOf.set(entry, group);
    if (group.filled * 2 >= group.slots.length) this.#rebuild(group);
    else this.#put(group, entry);
    if (priority > group.top) {
      group.top = priority;
      this.#sort();
    }
  }

  remove(entry: number): void {
    const group = this.#groupOf.get(entry);
    if (!group) return;
    this.#groupOf.delete(entry);
    this.used--;
    group.entries.delete(entry);
    const slot = group.slots.indexOf(entry);
    group.slots[slot] = -1;
    if (group.entries.size === 0) {
      this.#groups = this.#groups.filter((g) => g !== group);
    } else if (this.#priorities[entry] === group.top) {
      group.top = -1;
      for (const other of group.entries) group.top = Math.max(group.top, this.#priorities[other]!);
      this.#sort();
    }
  }

  #sort(): void {
    this.#groups.sort((a, b) => b.top - a.top);
  }

  #put(group: Group, entry: number): void {
    const { active, mask, slots } = group;
    const slotMask = slots.length - 1;
    let slot = hashMasked(this.#values, entry * this.words, mask, active) & slotMask;
    while (slots[slot]! > 0) slot = (slot + 1) & slotMask;
    if (slots[slot] === 0) group.filled++;
    slots[slot] = entry;
  }

  #rebuild(group: Group): void {
    let size = 16;
    while (size < group.entries.size * 4) size *= 2;
    group.slots = new Int32Array(size);
    group.filled = 0;
    for (const entry of group.entries) this.#put(group, entry);
  }
}

function hashMasked(words: Int32Array, at: number, mask: Int32Array, active: Int32Array): number {
  let hash = 0;
  for (let i = 0; i < active.length; i++) {
    const word = active[i]!;
    hash = Math.imul(hash ^ (words[at + word]! & mask[word]!), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
