/** Canonical byte strings of P4Runtime: big-endian, no leading zero bytes. Spec: section 8.3. */
import { Code, StatusError } from './status.js';

/** Drops leading zero bytes; a copy of its own, never empty unless it was. */
export function canonical(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  return bytes.slice(from);
}

/** Drops leading copies of the sign of a two's complement number. */
export function canonicalSigned(bytes: Uint8Array): Uint8Array {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === (bytes[from + 1]! > 127 ? 255 : 0)) from++;
  return bytes.slice(from);
}

/**
 * Fills up to the bytes of `width` bits, which hold a signed number in two's complement. Throws
 * INVALID_ARGUMENT or OUT_OF_RANGE naming `what`.
 */
export function padded(
  bytes: Uint8Array,
  width: number,
  what: string,
  isSigned = false,
): Uint8Array {
  if (bytes.length === 0) throw new StatusError(Code.INVALID_ARGUMENT, `${what}: empty value`);
  const length = Math.ceil(width / 8);
  const short = isSigned ? canonicalSigned(bytes) : canonical(bytes);
  const isNegative = isSigned && short[0]! > 127;
  const result = new Uint8Array(length).fill(isNegative ? 255 : 0);
  const over = isSigned ? signBits(short) > width : unsignedBits(short) > width;
  if (over) throw new StatusError(Code.OUT_OF_RANGE, `${what}: value exceeds ${width} bits`);
  result.set(short, length - short.length);
  if (width % 8 !== 0) result[0]! &= 2 ** (width % 8) - 1;
  return result;
}

/** The canonical signed string of the `width` bits that a value has in storage. */
export function signedOf(bits: Uint8Array, width: number): Uint8Array {
  const bytes = bits.slice();
  const spare = bytes.length * 8 - width;
  bytes[0] = (bytes[0]! << (24 + spare)) >> (24 + spare);
  return canonicalSigned(bytes);
}

/** The bits that a canonical string needs. */
function unsignedBits(bytes: Uint8Array): number {
  return bytes.length * 8 - (Math.clz32(bytes[0]!) - 24);
}

/** The bits that a canonical string needs, the sign's among them. */
function signBits(bytes: Uint8Array): number {
  const first = bytes[0]! > 127 ? ~bytes[0]! & 255 : bytes[0]!;
  return bytes.length * 8 - (Math.clz32(first) - 24) + 1;
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
