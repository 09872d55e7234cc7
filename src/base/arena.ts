/**
 * One block of memory from which typed arrays are carved, so that everything in it is saved with
 * one `slice` and restored with one `set`. What must fork lives here; what never changes after
 * set-up need not.
 */
import { assert } from './assert.js';

const ALIGNMENT = 8;

/** Carves zeroed typed arrays out of one ArrayBuffer of fixed capacity. */
export class Arena {
  readonly #buffer: ArrayBuffer;
  #used = 0;

  /** @param byteCapacity bytes reserved; memory is only committed by the kernel when touched */
  constructor(byteCapacity: number) {
    this.#buffer = new ArrayBuffer(byteCapacity);
  }

  /** Bytes carved so far: the size of a snapshot. */
  get byteLength(): number {
    return this.#used;
  }

  float64(length: number): Float64Array {
    return new Float64Array(this.#buffer, this.#carve(length * 8), length);
  }

  int32(length: number): Int32Array {
    return new Int32Array(this.#buffer, this.#carve(length * 4), length);
  }

  uint32(length: number): Uint32Array {
    return new Uint32Array(this.#buffer, this.#carve(length * 4), length);
  }

  uint8(length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#carve(length), length);
  }

  /** A copy of everything carved so far. */
  save(): Uint8Array {
    return new Uint8Array(this.#buffer, 0, this.#used).slice();
  }

  /** Puts back a copy made by `save`; the arena must have been carved the same way. */
  load(saved: Uint8Array): void {
    assert(saved.length === this.#used, `snapshot of ${saved.length} bytes, arena ${this.#used}`);
    new Uint8Array(this.#buffer, 0, this.#used).set(saved);
  }

  #carve(bytes: number): number {
    const offset = this.#used;
    const end = offset + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const capacity = this.#buffer.byteLength;
    assert(end <= capacity, `arena of ${capacity} bytes cannot hold ${end}`);
    this.#used = end;
    return offset;
  }
}
