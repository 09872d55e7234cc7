/**
 * Places where generated code keeps intermediate values: words in `L`, numbers in `F`. Each place
 * belongs to one spot of one expression, so that no two values ever share it.
 */

/** Hands out places for one program, and declares the arrays that hold them. */
export class Scratch {
  #words = 0;
  #numbers = 0;

  /** The first of `count` words of `L`. */
  words(count: number): number {
    const at = this.#words;
    this.#words += count;
    return at;
  }

  /** A number of `F`. */
  number(): number {
    return this.#numbers++;
  }

  /** Declares what was handed out so far; '' when nothing was. */
  get declarations(): string {
    if (this.#words + this.#numbers === 0) return '';
    return `const L = new Int32Array(${this.#words}), F = new Float64Array(${this.#numbers});`;
  }

  get isUsed(): boolean {
    return this.#words + this.#numbers > 0;
  }
}
