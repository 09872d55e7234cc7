/**
 * Seeded random numbers: xoshiro128** with its 16 bytes of state in a typed array, so that it can
 * live in an arena and fork with it. Source: Blackman and Vigna, "Scrambled Linear Pseudorandom
 * Number Generators" (2018); seeds are spread with splitmix32.
 */

/** A stream of random numbers; equal seeds give equal streams on every machine. */
export class Prng {
  /** @param state 4 words, owned by the caller (an arena's, when the stream must fork) */
  constructor(
    seed: number,
    readonly state: Uint32Array = new Uint32Array(4),
  ) {
    this.reseed(seed);
  }

  /** Starts the stream of `seed` (any integer; its low 32 bits count). */
  reseed(seed: number): void {
    let word = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      word = (word + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      this.state[i] = (mixed ^ (mixed >>> 15)) >>> 0;
    }
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    const s = this.state;
    const s1 = s[1]!;
    const scrambled = Math.imul(s1, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = s1 << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s1;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    const s3 = s[3]!;
    s[3] = (s3 << 11) | (s3 >>> 21);
    return result;
  }

  /** Uniform in [0, 1) with 32 bits of resolution. */
  unit(): number {
    return this.uint32() / 4294967296;
  }

  /** Uniform integer in [0, bound), bound up to 2^32. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** Exponential with the given mean, in the mean's unit. */
  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }
}

/** A seed for a named part of a whole, so that adding a part does not shift the others. */
export function deriveSeed(seed: number, label: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (let i = 0; i < label.length; i++) {
    hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash;
}
