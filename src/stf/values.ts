/**
 * Numbers of a test as the bytes and matches of a program's fields.
 *
 * A number without `*` is compared on every bit of its field, however few digits it was written
 * with; a `*` frees its digit's bits. In an lpm key the freed digits must be the last ones.
 */
import { UmbraError } from '../base/errors.js';
import type { KeyField, KeyMatch } from '../v1model/index.js';
import type { FieldMatch, NumberText } from './statement.js';

/** Big-endian bytes of a value of `bitWidth` bits. Throws INVALID_INPUT when it is wider. */
export function bytesOfValue(value: bigint, bitWidth: number, what: string): Uint8Array {
  if (value >> BigInt(bitWidth) !== 0n) {
    throw new UmbraError('INVALID_INPUT', `${what}: ${value} has more than ${bitWidth} bits`);
  }
  const bytes = new Uint8Array(Math.ceil(bitWidth / 8));
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

/** The number that big-endian bytes stand for. */
export function valueOfBytes(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** The match of a field that the test leaves out: don't care, and 0 for exact keys. */
export function matchOfMissing(field: KeyField): KeyMatch {
  if (field.kind === 'exact' || field.kind === 'valid') {
    return { value: bytesOfValue(0n, field.bitWidth, field.name) };
  }
  return null;
}

/** The match of a field as the test gives it. Throws INVALID_INPUT. */
export function matchOf(field: KeyField, { value: text, second }: FieldMatch): KeyMatch {
  const { name, kind, bitWidth } = field;
  const { value, mask } = maskedOf(text, bitWidth);
  const all = (1n << BigInt(bitWidth)) - 1n;
  const bytes = (number: bigint): Uint8Array => bytesOfValue(number, bitWidth, name);
  const limit = second === undefined ? undefined : plainOf(second, name);
  if (limit !== undefined && mask !== all) {
    throw new UmbraError('INVALID_INPUT', `${name}: give either '*' or '/', not ${text}/${second}`);
  }
  switch (kind) {
    case 'lpm': {
      const length = limit === undefined ? lengthOfMask(mask, bitWidth, name) : Number(limit);
      return prefix(bytes(value), length, field);
    }
    case 'ternary': {
      const cared = limit ?? mask;
      return cared === 0n ? null : { value: bytes(value & cared), mask: bytes(cared) };
    }
    case 'range':
      return { low: bytes(value), high: bytes(limit ?? value | (all & ~mask)) };
    case 'optional':
      if (mask === 0n && limit === undefined) return null;
  }
  if (mask !== all || limit !== undefined) {
    const written = second === undefined ? text : `${text}/${second}`;
    throw new UmbraError('INVALID_INPUT', `${name}: one value is expected, found '${written}'`);
  }
  return { value: bytes(value) };
}

function prefix(value: Uint8Array, length: number, { name, bitWidth }: KeyField): KeyMatch {
  if (length > bitWidth) {
    throw new UmbraError('INVALID_INPUT', `${name}: a prefix of ${length} bits, ${bitWidth} wide`);
  }
  return length === 0 ? null : { value, prefixLength: length };
}

/** The value with its free digits as 0, and a mask that is 0 where they are. */
function maskedOf(text: NumberText, bitWidth: number): { value: bigint; mask: bigint } {
  const all = (1n << BigInt(bitWidth)) - 1n;
  const head = text.slice(0, 2).toLowerCase();
  if (head !== '0x' && head !== '0b') return { value: BigInt(text), mask: all };
  const digits = text.slice(2);
  const one = head === '0x' ? 'f' : '1';
  const free = BigInt(head + digits.replace(/[^*]/g, '0').replaceAll('*', one));
  return { value: BigInt(head + digits.replaceAll('*', '0')), mask: all & ~free };
}

function plainOf(text: NumberText, name: string): bigint {
  if (text.includes('*')) {
    throw new UmbraError('INVALID_INPUT', `${name}: a number is expected behind '/', not ${text}`);
  }
  return BigInt(text.toLowerCase());
}

function lengthOfMask(mask: bigint, bitWidth: number, name: string): number {
  const free = ~mask & ((1n << BigInt(bitWidth)) - 1n);
  if ((free & (free + 1n)) !== 0n) {
    throw new UmbraError('INVALID_INPUT', `${name}: '*' may only end an lpm key`);
  }
  return bitWidth - (free === 0n ? 0 : free.toString(2).length);
}
