/** Canonical byte strings of P4Runtime: big-endian, no leading zero bytes. Spec: section 8.3. */
import { Code, StatusError } from './status.js';

/** Drops leading zero bytes; a copy of its own, never empty. */
export function canonical(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  return bytes.slice(from);
}

/** Fills up to the bytes of `width` bits. Throws OUT_OF_RANGE naming `what`. */
export function padded(bytes: Uint8Array, width: number, what: string): Uint8Array {
  if (bytes.length === 0) throw new StatusError(Code.INVALID_ARGUMENT, `${what}: empty value`);
  const length = Math.ceil(width / 8);
  const short = canonical(bytes);
  const top = width % 8 === 0 ? 255 : 2 ** (width % 8) - 1;
  if (short.length > length || (short.length === length && short[0]! > top)) {
    throw new StatusError(Code.OUT_OF_RANGE, `${what}: value exceeds ${width} bits`);
  }
  const result = new Uint8Array(length);
  result.set(short, length - short.length);
  return result;
}

/** The canonical bytes of a whole number. */
export function bytesOfBigint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 255n));
  return Uint8Array.from(bytes.length > 0 ? bytes : [0]);
}

/** A byte string as a whole number. */
export function bigintOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** A byte string as lower-case hex; equal values in canonical form give equal texts. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
