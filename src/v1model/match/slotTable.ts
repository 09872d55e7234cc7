/**
 * Open addressing from hashes to positive numbers. A removal moves later ones up into its gap, so
 * that no probe ever passes cells of the past. Readers walk `slots` and `hashes` by themselves.
 */

/** At most half full; 0 in `slots` is free. */
export class SlotTable {
  slots = new Int32Array(16);
  hashes = new Int32Array(16);
  mask = 15;
  #count = 0;

  add(hash: number, number: number): void {
    if (++this.#count * 2 > this.slots.length) this.#grow();
    this.#put(hash, number);
  }

  /** The number must be there under this hash. */
  remove(hash: number, number: number): void {
    const { slots, hashes, mask } = this;
    let gap = hash & mask;
    while (slots[gap] !== number) gap = (gap + 1) & mask;
    for (let at = (gap + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      // One moves up unless its own place lies behind the gap.
      if (((at - hashes[at]!) & mask) < ((at - gap) & mask)) continue;
      slots[gap] = slots[at]!;
      hashes[gap] = hashes[at]!;
      gap = at;
    }
    slots[gap] = 0;
    this.#count--;
  }

  #put(hash: number, number: number): void {
    let slot = hash & this.mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
    this.slots[slot] = number;
    this.hashes[slot] = hash;
  }

  #grow(): void {
    const { slots, hashes } = this;
    this.slots = new Int32Array(slots.length * 2);
    this.hashes = new Int32Array(slots.length * 2);
    this.mask = slots.length * 2 - 1;
    slots.forEach((number, i) => {
      if (number !== 0) this.#put(hashes[i]!, number);
    });
  }
}

/** Mixes one word; no two words have the same result. */
export function mixWord(word: number): number {
  const mixed = Math.imul(word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** An array at least `length` long, with the same beginning; doubled when it is too short. */
export function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const result = new Int32Array(Math.max(length, array.length * 2));
  result.set(array);
  return result;
}
