/** Big-endian bytes as int32 words, most significant first, and back. */
import { UmbraError } from '../base/errors.js';

/** Words that hold a value of `width` bits. */
export function wordCount(width: number): number {
  return Math.ceil(width / 32);
}

/**
 * Right-aligned words of a byte string. Throws INVALID_INPUT when it has not exactly the bytes
 * that `width` bits need or has bits above them; `what` names the value.
 */
export function wordsOf(bytes: Uint8Array, width: number, what: string): Int32Array {
  const expected = Math.ceil(width / 8);
  if (bytes.length !== expected) {
    throw new UmbraError('INVALID_INPUT', `${what}: ${bytes.length} bytes, ${expected} wanted`);
  }
  const words = new Int32Array(wordCount(width));
  bytes.forEach((byte, i) => {
    const position = expected - 1 - i;
    words[words.length - 1 - (position >> 2)]! |= byte << (8 * (position & 3));
  });
  const top = width % 8;
  if (top !== 0 && bytes[0]! >> top !== 0) {
    throw new UmbraError('INVALID_INPUT', `${what}: value exceeds ${width} bits`);
  }
  return words;
}

/** The bytes of a value of `width` bits from its words. */
export function bytesOf(words: ArrayLike<number>, offset: number, width: number): Uint8Array {
  const count = wordCount(width);
  const bytes = new Uint8Array(Math.ceil(width / 8));
  for (let i = 0; i < bytes.length; i++) {
    const position = bytes.length - 1 - i;
    bytes[i] = words[offset + count - 1 - (position >> 2)]! >>> (8 * (position & 3));
  }
  return bytes;
}

/** The bytes of a number below 2^53. */
export function bytesOfNumber(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(width / 8));
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** A byte string of at most 53 bits as a number. */
export function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** The bytes of a whole number. */
export function bytesOfBigint(value: bigint, width: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(width / 8));
  let rest = BigInt.asUintN(width, value);
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** The mask of a prefix of `length` bits in a value of `width` bits, as words. */
export function prefixMask(length: number, width: number): Int32Array {
  const words = new Int32Array(wordCount(width));
  for (let i = 0; i < words.length; i++) {
    // Bits above this word that the value has not, and clear bits at its end.
    const unused = i === 0 ? 32 * words.length - width : 0;
    const clear = Math.max(0, width - length - 32 * (words.length - 1 - i));
    words[i] = clear >= 32 ? 0 : (-1 << clear) & (-1 >>> unused);
  }
  return words;
}
