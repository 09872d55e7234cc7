/**
 * Copies of one ERSPAN session of one source, counted by the sequence numbers of GRE: what is
 * missing was lost on the way, what comes twice is taken once.
 */

/** Numbers that are remembered behind the highest one: how late a copy may come. */
const WINDOW = 1024;
/** The most that can be missing at once; a larger step is another count. */
const JUMP_LIMIT = 2 ** 20;

/** One session of one source. */
export class CopyStream {
  packets = 0;
  bytes = 0;
  /** Copies that came again; they are not counted among `packets`. */
  duplicates = 0;
  /** How often the numbers began anew. */
  restarts = 0;
  /** Copies without a number. */
  unnumbered = 0;
  #announced = 0;
  #first = 0;
  #highest = 0;
  /** A number far from the others: two in a row are a restart, one is a straggler. */
  #suspect = -1;
  /** By number modulo WINDOW, whether it came. */
  #seen: Uint8Array | undefined;

  /** @param rule index of its rule, or -1 when its session is nobody's */
  constructor(
    readonly source: number,
    readonly session: number,
    readonly device: string,
    readonly rule: number,
  ) {}

  /** Copies that the source has sent, as far as its numbers tell. */
  get expected(): number {
    return Math.max(this.packets, this.#announced + this.unnumbered);
  }

  /** Whether numbers tell what is missing. */
  get isNumbered(): boolean {
    return this.#seen !== undefined;
  }

  /** Counts a copy; false when it came before. `sequence` is -1 without a number. */
  take(sequence: number, bytes: number): boolean {
    if (sequence < 0) this.unnumbered++;
    else if (!this.#isNew(sequence)) {
      this.duplicates++;
      return false;
    }
    this.packets++;
    this.bytes += bytes;
    return true;
  }

  #isNew(sequence: number): boolean {
    if (!this.#seen) {
      this.#seen = new Uint8Array(WINDOW);
      this.#begin(sequence);
      return true;
    }
    const ahead = (sequence - this.#highest) | 0;
    if (ahead > JUMP_LIMIT || ahead <= -WINDOW) return this.#isFar(sequence);
    const seen = this.#seen;
    if (ahead > 0) {
      if (ahead >= WINDOW) seen.fill(0);
      else for (let i = 1; i < ahead; i++) seen[(this.#highest + i) % WINDOW] = 0;
      this.#announced += ahead;
      this.#highest = sequence;
    } else if (seen[sequence % WINDOW] === 1) {
      return false;
    }
    seen[sequence % WINDOW] = 1;
    const before = (this.#first - sequence) | 0;
    if (before > 0) {
      this.#announced += before;
      this.#first = sequence;
    }
    return true;
  }

  #isFar(sequence: number): boolean {
    if (sequence === (this.#suspect + 1) >>> 0 && this.#suspect >= 0) {
      this.restarts++;
      this.#begin(sequence);
      return true;
    }
    this.#suspect = sequence;
    this.#announced++;
    return true;
  }

  #begin(sequence: number): void {
    this.#seen!.fill(0);
    this.#seen![sequence % WINDOW] = 1;
    this.#first = sequence;
    this.#highest = sequence;
    this.#suspect = -1;
    this.#announced++;
  }
}
