/**
 * Values in generated code, by the cheapest form that is exact.
 *
 * - number: an integer of known range within the 53 bits of a double,
 * - limbs: an unsigned integer as int32 words, most significant first,
 * - boolean,
 * - bigint: what fits nowhere else. Exact and slow; programs rarely come here.
 *
 * The code of a value has no side effects and is enclosed, so that it can be used anywhere.
 */
import { unreachable } from '../../base/assert.js';

export type Value =
  | { kind: 'number'; code: string; low: number; high: number }
  | { kind: 'limbs'; limbs: string[] }
  | { kind: 'boolean'; code: string }
  | { kind: 'bigint'; code: string };

/** The largest magnitude that a double holds exactly. */
export const SAFE = Number.MAX_SAFE_INTEGER;
const WORD = 4294967296;

/** A number known to lie in [low, high]. */
export function numberValue(code: string, low: number, high: number): Value {
  return { kind: 'number', code, low, high };
}

/** A literal. */
export function constantValue(value: bigint): Value {
  if (value >= -BigInt(SAFE) && value <= BigInt(SAFE)) {
    const number = Number(value);
    return numberValue(number < 0 ? `(${number})` : String(number), number, number);
  }
  if (value < 0n) return { kind: 'bigint', code: `(${value}n)` };
  const limbs: string[] = [];
  for (let rest = value; rest > 0n; rest >>= 32n) {
    limbs.unshift(String(Number(BigInt.asIntN(32, rest))));
  }
  return { kind: 'limbs', limbs };
}

/** How many 32-bit words an unsigned field of `width` bits takes. */
export function limbCount(width: number): number {
  return Math.ceil(width / 32);
}

/** The value as a JavaScript condition. */
export function asCondition(value: Value): string {
  switch (value.kind) {
    case 'boolean':
      return value.code;
    case 'number':
      return `(${value.code} !== 0)`;
    case 'limbs':
      return `((${value.limbs.join(' | ')}) !== 0)`;
    case 'bigint':
      return `(${value.code} !== 0n)`;
    default:
      return unreachable(value);
  }
}

/** The value as a BigInt. */
export function asBigint(value: Value): string {
  switch (value.kind) {
    case 'bigint':
      return value.code;
    case 'number':
      return `BigInt(${value.code})`;
    case 'limbs':
      return `joinLimbs(${value.limbs.join(', ')})`;
    case 'boolean':
      return `(${value.code} ? 1n : 0n)`;
    default:
      return unreachable(value);
  }
}

/** The value modulo 2^width as a non-negative number; width at most 53. */
export function asUnsigned(value: Value, width: number): string {
  switch (value.kind) {
    case 'number': {
      const limit = 2 ** width;
      if (value.low >= 0 && value.high < limit) return value.code;
      if (width < 32) return `(${value.code} & ${limit - 1})`;
      if (width === 32) return `(${value.code} >>> 0)`;
      return `wrap(${value.code}, ${limit})`;
    }
    case 'limbs': {
      const low = value.limbs.at(-1)!;
      if (width < 32) return `(${low} & ${2 ** width - 1})`;
      if (width === 32 || value.limbs.length === 1) return `(${low} >>> 0)`;
      const high = value.limbs.at(-2)!;
      const mask = width === 64 ? -1 : 2 ** (width - 32) - 1;
      return `((${high} & ${mask}) * ${WORD} + (${low} >>> 0))`;
    }
    case 'boolean':
      return `(${value.code} ? 1 : 0)`;
    case 'bigint':
      return `Number(BigInt.asUintN(${width}, ${value.code}))`;
    default:
      return unreachable(value);
  }
}

/** The value as a number for an index or a length; huge values end beyond every array. */
export function asIndex(value: Value): string {
  return value.kind === 'number' ? value.code : asUnsigned(value, 53);
}

/** The low `count` words of a value, most significant first. */
export function asLimbs(value: Value, count: number): string[] {
  switch (value.kind) {
    case 'limbs': {
      const missing = Math.max(0, count - value.limbs.length);
      return [...new Array<string>(missing).fill('0'), ...value.limbs].slice(-count);
    }
    case 'number':
      return Array.from({ length: count }, (_, i) => {
        const shift = count - 1 - i;
        if (shift === 0) return `(${value.code} | 0)`;
        if (shift > 1 && value.low >= 0) return '0';
        if (value.high < WORD && value.low >= 0) return '0';
        return `(Math.floor(${value.code} / ${WORD ** shift}) | 0)`;
      });
    case 'boolean':
      return asLimbs(numberValue(asUnsigned(value, 1), 0, 1), count);
    case 'bigint':
      return Array.from(
        { length: count },
        (_, i) => `limbOf(${value.code}, ${32 * (count - 1 - i)}n)`,
      );
    default:
      return unreachable(value);
  }
}

/** Helpers that the code of values calls; part of every generated program. */
export const valuePrelude = `
function wrap(a, m) { return a - Math.floor(a / m) * m; }
function joinLimbs(...limbs) {
  let value = 0n;
  for (const limb of limbs) value = (value << 32n) | BigInt(limb >>> 0);
  return value;
}
function limbOf(value, shift) { return Number(BigInt.asIntN(32, value >> shift)); }
function mulWrap(a, b, m) {
  const S = 67108864, aLow = a % S, aHigh = Math.floor(a / S) % S;
  const bLow = b % S, bHigh = Math.floor(b / S) % S, top = m / S;
  const middle = wrap(wrap(aLow * bHigh, top) + wrap(aHigh * bLow, top), top);
  return wrap(aLow * bLow + middle * S, m);
}
function and53(a, b) {
  return ((a / ${WORD}) & (b / ${WORD})) * ${WORD} + ((a & b) >>> 0);
}
function or53(a, b) {
  return ((a / ${WORD}) | (b / ${WORD})) * ${WORD} + ((a | b) >>> 0);
}
function xor53(a, b) {
  return ((a / ${WORD}) ^ (b / ${WORD})) * ${WORD} + ((a ^ b) >>> 0);
}`;
