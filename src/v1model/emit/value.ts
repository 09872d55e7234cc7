/**
 * Values in generated code, by the cheapest form that is exact.
 *
 * - number: an integer of known range within the 53 bits of a double,
 * - limbs: an integer of known range as int32 words, most significant first. One that cannot be
 *   negative fills its words unsigned, another is in two's complement,
 * - boolean.
 *
 * The code of a number or a boolean has no side effects beyond its own scratch places and is
 * enclosed, so that it can be used anywhere. Limbs can be read once `setup` has run.
 */
import { unreachable } from '../../base/assert.js';

/** An integer in a double. */
export interface NumberValue {
  kind: 'number';
  code: string;
  low: number;
  high: number;
}

/** An integer in words. */
export interface WideValue {
  kind: 'limbs';
  /** Expressions, comma-separated, that fill the scratch places of the limbs; '' for none. */
  setup: string;
  limbs: string[];
  low: bigint;
  high: bigint;
  /** Where the limbs lie one after the other in `L`, if they do. */
  at?: number;
}

export type Value = NumberValue | WideValue | { kind: 'boolean'; code: string };

/** The largest magnitude that a double holds exactly. */
export const SAFE = Number.MAX_SAFE_INTEGER;
const WORD = 4294967296;

/** A number known to lie in [low, high]. */
export function numberValue(code: string, low: number, high: number): NumberValue {
  return { kind: 'number', code, low, high };
}

/** Words, most significant first, that hold an unsigned integer of `width` bits. */
export function wordsValue(limbs: string[], width = 32 * limbs.length): WideValue {
  return { kind: 'limbs', setup: '', limbs, low: 0n, high: (1n << BigInt(width)) - 1n };
}

/** A literal. */
export function constantValue(value: bigint): Value {
  if (value >= -BigInt(SAFE) && value <= BigInt(SAFE)) {
    const number = Number(value);
    return numberValue(number < 0 ? `(${number})` : String(number), number, number);
  }
  const count = wordsFor(value, value);
  const limbs = Array.from({ length: count }, (_, i) =>
    String(Number(BigInt.asIntN(32, value >> BigInt(32 * (count - 1 - i))))),
  );
  return { kind: 'limbs', setup: '', limbs, low: value, high: value };
}

/** How many 32-bit words an unsigned field of `width` bits takes. */
export function limbCount(width: number): number {
  return Math.ceil(width / 32);
}

/** The bits of a non-negative integer. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** The fewest words that hold every integer of a range, as limbs hold them. */
export function wordsFor(low: bigint, high: bigint): number {
  if (low >= 0n) return Math.max(1, limbCount(bitLength(high)));
  const magnitude = high > -1n - low ? high : -1n - low;
  return limbCount(bitLength(magnitude) + 1);
}

/** The range of a value. */
export function rangeOf(value: Value): { low: bigint; high: bigint } {
  if (value.kind === 'boolean') return { low: 0n, high: 1n };
  return { low: BigInt(value.low), high: BigInt(value.high) };
}

/** Expressions in sequence. */
export function sequence(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}

/** What must run before a value's limbs are read, as a statement; '' for nothing. */
export function setupOf(value: Value): string {
  return value.kind === 'limbs' && value.setup !== '' ? `${value.setup};` : '';
}

function after(setup: string, code: string): string {
  return setup === '' ? code : `(${setup}, ${code})`;
}

/** Limbs as a number when their range allows it. */
export function narrow(value: WideValue): Value {
  if (value.low < -BigInt(SAFE) || value.high > BigInt(SAFE)) return value;
  const [low, high] = [Number(value.low), Number(value.high)];
  const sign = low < 0 ? '|' : '>>>';
  const last = value.limbs.at(-1)!;
  const code =
    value.limbs.length === 1
      ? `(${last} ${sign} 0)`
      : `((${value.limbs.at(-2)} ${sign} 0) * ${WORD} + (${last} >>> 0))`;
  return numberValue(after(value.setup, code), low, high);
}

/** The value as a JavaScript condition. */
export function asCondition(value: Value): string {
  switch (value.kind) {
    case 'boolean':
      return value.code;
    case 'number':
      return `(${value.code} !== 0)`;
    case 'limbs':
      return after(value.setup, `((${value.limbs.join(' | ')}) !== 0)`);
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
      if (width < 32) return after(value.setup, `(${low} & ${2 ** width - 1})`);
      if (width === 32 || value.limbs.length === 1) return after(value.setup, `(${low} >>> 0)`);
      const high = value.limbs.at(-2)!;
      const mask = 2 ** (width - 32) - 1;
      return after(value.setup, `((${high} & ${mask}) * ${WORD} + (${low} >>> 0))`);
    }
    case 'boolean':
      return `(${value.code} ? 1 : 0)`;
    default:
      return unreachable(value);
  }
}

/** The value as a number for an index or a length; what no array reaches ends beyond them all. */
export function asIndex(value: Value): string {
  if (value.kind === 'boolean') return asUnsigned(value, 1);
  if (value.kind === 'number') {
    return value.low < 0 ? `(${value.code} < 0 ? ${SAFE} : ${value.code})` : value.code;
  }
  const { limbs, setup } = value;
  const above = limbs.slice(0, -1).join(' | ') || '0';
  return after(setup, `((${above}) !== 0 ? ${SAFE} : (${limbs.at(-1)} >>> 0))`);
}

/**
 * The low `count` words of a value, most significant first. Limbs with a setup want `setupOf` to
 * run before.
 */
export function asLimbs(value: Value, count: number): string[] {
  switch (value.kind) {
    case 'limbs': {
      const missing = Math.max(0, count - value.limbs.length);
      const fill = value.low < 0n ? `(${value.limbs[0]} >> 31)` : '0';
      return [...new Array<string>(missing).fill(fill), ...value.limbs].slice(-count);
    }
    case 'number':
      return Array.from({ length: count }, (_, i) => numberWord(value, count - 1 - i));
    case 'boolean':
      return asLimbs(numberValue(asUnsigned(value, 1), 0, 1), count);
    default:
      return unreachable(value);
  }
}

/** The word of weight 2^(32 * weight). */
function numberWord({ code, low, high }: NumberValue, weight: number): string {
  if (weight === 0) return `(${code} | 0)`;
  if (low >= 0 && (weight > 1 || high < WORD)) return '0';
  if (low >= -(2 ** 31) && high < 2 ** 31) return `(${code} >> 31)`;
  if (weight === 1 && low >= 0) return `((${code} / ${WORD}) | 0)`;
  if (weight === 1) return `(Math.floor(${code} / ${WORD}) | 0)`;
  return `(${code} < 0 ? -1 : 0)`;
}

/**
 * The value modulo 2^width as a signed integer, -2^(width-1) and up. Limbs must be safe to repeat.
 */
export function asSigned(value: Value, width: number): Value {
  const half = 1n << BigInt(width - 1);
  const { low, high } = rangeOf(value);
  if (low >= -half && high < half) return value;
  if (width <= 32) {
    const word = value.kind === 'limbs' ? value.limbs.at(-1)! : asUnsigned(value, 32);
    const shift = 32 - width;
    const code = shift === 0 ? `(${word} | 0)` : `((${word} << ${shift}) >> ${shift})`;
    const setup = value.kind === 'limbs' ? value.setup : '';
    return numberValue(after(setup, code), Number(-half), Number(half) - 1);
  }
  if (width <= 53) {
    const code = `signed(${asUnsigned(value, width)}, ${2 ** width})`;
    return numberValue(code, Number(-half), Number(half) - 1);
  }
  const limbs = asLimbs(value, limbCount(width));
  const shift = 32 * limbs.length - width;
  if (shift > 0) limbs[0] = `((${limbs[0]} << ${shift}) >> ${shift})`;
  const setup = value.kind === 'limbs' ? value.setup : '';
  return { kind: 'limbs', setup, limbs, low: -half, high: half - 1n };
}

/** Helpers that the code of values calls; part of every generated program. */
export const valuePrelude = `
function wrap(a, m) { return a - Math.floor(a / m) * m; }
function signed(a, m) { return a >= m / 2 ? a - m : a; }
function clamp(a, low, high) { return a < low ? low : a > high ? high : a; }
function shiftLeft(a, by) { return by < 32 ? a << by : 0; }
function over(a, b) { return b === 0 ? 0 : Math.trunc(a / b); }
function rest(a, b) { return b === 0 ? 0 : a % b; }
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
