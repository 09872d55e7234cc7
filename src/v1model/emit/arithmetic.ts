/** One emitter per operator, by the cheapest form of its operands that is exact. */
import { defined } from '../../base/assert.js';
import type { Scratch } from './scratch.js';
import {
  asCondition,
  asIndex,
  asUnsigned,
  bitLength,
  constantValue,
  narrow,
  numberValue,
  rangeOf,
  SAFE,
  wordsFor,
  type NumberValue,
  type Value,
} from './value.js';
import * as wide from './wide.js';

/** The low bits of a value. */
export function emitLow(value: Value, bits: number, scratch: Scratch): Value {
  if (bits > 53) return wide.emitWideLow(value, bits, scratch);
  const code = asUnsigned(value, bits);
  if (value.kind !== 'number' || code !== value.code) return numberValue(code, 0, 2 ** bits - 1);
  return value;
}

/** ~value */
export function emitNot(value: Value, bits: number | undefined, scratch: Scratch): Value {
  if (value.kind === 'number') {
    return numberValue(`(-1 - ${value.code})`, -1 - value.high, -1 - value.low);
  }
  const { low, high } = rangeOf(value);
  return wide.emitWideNot(value, { low: -1n - high, high: -1n - low }, bits, scratch);
}

/** condition ? a : b */
export function emitChoice(condition: string, a: Value, b: Value, scratch: Scratch): Value {
  if (a.kind === 'boolean' && b.kind === 'boolean') {
    return { kind: 'boolean', code: `(${condition} ? ${a.code} : ${b.code})` };
  }
  if (a.kind === 'number' && b.kind === 'number') {
    const code = `(${condition} ? ${a.code} : ${b.code})`;
    return numberValue(code, Math.min(a.low, b.low), Math.max(a.high, b.high));
  }
  return wide.emitWideChoice(condition, a, b, scratch);
}

/** The value, or the end of [low, high] that it lies beyond. */
export function emitClamp(value: Value, low: bigint, high: bigint, scratch: Scratch): Value {
  const range = rangeOf(value);
  if (range.low >= low && range.high <= high) return value;
  if (value.kind === 'number' && high <= BigInt(SAFE)) {
    const [from, to] = [Number(low), Number(high)];
    return numberValue(
      `clamp(${value.code}, ${from}, ${to})`,
      Math.max(from, Math.min(value.low, to)),
      Math.min(to, Math.max(value.high, from)),
    );
  }
  const x = wide.asWide(value, wordsFor(range.low, range.high), scratch);
  const [least, most] = [constantValue(low), constantValue(high)];
  const isBelow = asCondition(emitComparison('<', x, least, scratch));
  const isAbove = asCondition(emitComparison('>', x, most, scratch));
  const inner = emitChoice(isAbove, most, x, scratch);
  const outer = emitChoice(isBelow, least, inner, scratch);
  // The choice's own range forgets that what is beyond is never chosen.
  const count = wordsFor(low, high);
  if (outer.kind !== 'limbs') return outer;
  return narrow({ ...outer, limbs: outer.limbs.slice(-count), low, high });
}

/** target = base + hash mod size; a size of 0 leaves the base. */
export function emitOffset(hash: Value, base: Value, size: Value, scratch: Scratch): Value {
  const { high } = rangeOf(hash);
  const isWhole = rangeOf(size).low > high;
  const part = isWhole ? hash : emitDivision('%', hash, size, scratch);
  return emitArithmetic('+', part, base, undefined, scratch);
}

/** A comparison by JavaScript's operator. */
export function emitComparison(comparison: string, a: Value, b: Value, scratch: Scratch): Value {
  if (a.kind === 'number' && b.kind === 'number') {
    return { kind: 'boolean', code: `(${a.code} ${comparison} ${b.code})` };
  }
  if (a.kind === 'boolean' && b.kind === 'boolean') {
    return { kind: 'boolean', code: `(${a.code} ${comparison} ${b.code})` };
  }
  return wide.emitWideComparison(comparison, a, b, scratch);
}

/** a + b, a - b or a * b. */
export function emitArithmetic(
  operator: '+' | '-' | '*',
  a: Value,
  b: Value,
  bits: number | undefined,
  scratch: Scratch,
): Value {
  const range = arithmeticRange(operator, rangeOf(a), rangeOf(b));
  if (a.kind !== 'number' || b.kind !== 'number') {
    return wide.emitWideArithmetic(operator, a, b, range, bits, scratch);
  }
  // No sum is there to be taken: a base of zero under a hash, for one.
  if (operator === '+' && b.low === 0 && b.high === 0) return a;
  const [low, high] = [Number(range.low), Number(range.high)];
  if (isSafe(range)) return numberValue(`(${a.code} ${operator} ${b.code})`, low, high);
  if (bits !== undefined && bits <= 32) {
    const [x, y] = [`(${a.code} | 0)`, `(${b.code} | 0)`];
    const code =
      operator === '*' ? `Math.imul(${a.code}, ${b.code})` : `(${x} ${operator} ${y} | 0)`;
    return numberValue(code, -(2 ** 31), 2 ** 31 - 1);
  }
  if (operator === '*' && bits !== undefined && bits <= 52 && a.low >= 0 && b.low >= 0) {
    return numberValue(`mulWrap(${a.code}, ${b.code}, ${2 ** bits})`, 0, 2 ** bits - 1);
  }
  return wide.emitWideArithmetic(operator, a, b, range, bits, scratch);
}

function isSafe({ low, high }: wide.Range): boolean {
  return low >= -BigInt(SAFE) && high <= BigInt(SAFE);
}

function arithmeticRange(operator: '+' | '-' | '*', a: wide.Range, b: wide.Range): wide.Range {
  if (operator === '+') return { low: a.low + b.low, high: a.high + b.high };
  if (operator === '-') return { low: a.low - b.high, high: a.high - b.low };
  return hull([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]);
}

function hull(ends: readonly bigint[]): wide.Range {
  return {
    low: ends.reduce((least, end) => (end < least ? end : least)),
    high: ends.reduce((most, end) => (end > most ? end : most)),
  };
}

/** a / b or a % b, truncated towards zero; 0 when b is. */
export function emitDivision(operator: '/' | '%', a: Value, b: Value, scratch: Scratch): Value {
  const [x, y] = [rangeOf(a), rangeOf(b)];
  const magnitude = (r: wide.Range): bigint => (r.high > -r.low ? r.high : -r.low);
  const most =
    operator === '/' || magnitude(y) > magnitude(x) ? magnitude(x) : magnitude(y);
  const isSigned = x.low < 0n || (operator === '/' && y.low < 0n);
  const range = { low: isSigned ? -most : 0n, high: most };
  if (a.kind === 'number' && b.kind === 'number') {
    const [low, high] = [Number(range.low), Number(range.high)];
    if (b.low > 0) {
      const plain = operator === '/' ? `Math.trunc(${a.code} / ${b.code})` : undefined;
      return numberValue(plain ?? `(${a.code} % ${b.code})`, low, high);
    }
    const helper = operator === '/' ? 'over' : 'rest';
    return numberValue(`${helper}(${a.code}, ${b.code})`, low, high);
  }
  return wide.emitWideDivision(operator, a, b, range, scratch);
}

/** a << b */
export function emitShiftLeft(
  a: Value,
  b: Value,
  bits: number | undefined,
  scratch: Scratch,
): Value {
  const { low: least, high: most } = rangeOf(b);
  if (bits !== undefined && least >= BigInt(bits)) return numberValue('0', 0, 0);
  // Beyond what is wanted nothing is left, so the range need not go there.
  const limit = bits === undefined || most < BigInt(bits) ? most : BigInt(bits);
  const { low, high } = rangeOf(a);
  const by = limit < 0n ? 0n : limit > 8192n ? 8192n : limit;
  const range = hull([low, high, low << by, high << by]);
  if (a.kind === 'number' && b.kind === 'number' && b.low >= 0) {
    if (b.high <= 52 && isSafe(range)) {
      const factor = b.low === b.high ? String(2 ** b.low) : `2 ** ${b.code}`;
      return numberValue(`(${a.code} * ${factor})`, Number(range.low), Number(range.high));
    }
    if (bits !== undefined && bits <= 32 && b.high < 32) {
      return numberValue(`(${a.code} << ${b.code})`, -(2 ** 31), 2 ** 31 - 1);
    }
  }
  if (bits !== undefined && bits <= 32) {
    const code = `shiftLeft(${asUnsigned(a, 32)}, ${asIndex(b)})`;
    return numberValue(code, -(2 ** 31), 2 ** 31 - 1);
  }
  return wide.emitWideLeft(a, b, range, bits, scratch);
}

/** a >> b, arithmetically. */
export function emitShiftRight(a: Value, b: Value, scratch: Scratch): Value {
  const [x, y] = [rangeOf(a), rangeOf(b)];
  const by = y.low < 0n ? 0n : y.low > 8192n ? 8192n : y.low;
  const range = hull([x.low >> by, x.high >> by, x.low < 0n ? -1n : 0n, x.high > 0n ? 0n : -1n]);
  if (x.low >= 0n) range.low = 0n;
  if (a.kind !== 'number') return wide.emitWideRight(a, b, range, scratch);
  const [low, high] = [Number(range.low), Number(range.high)];
  if (b.kind === 'number' && b.low >= 0 && b.high < 32) {
    if (a.low >= 0 && a.high < 2 ** 32) return numberValue(`(${a.code} >>> ${b.code})`, low, high);
    if (a.low >= -(2 ** 31) && a.high < 2 ** 31) {
      return numberValue(`(${a.code} >> ${b.code})`, low, high);
    }
  }
  if (b.kind === 'number' && b.low === b.high && b.low >= 0 && b.low < 60) {
    return numberValue(`Math.floor(${a.code} / ${2 ** b.low})`, low, high);
  }
  // Sixty places empty every double; shifting further changes nothing.
  return numberValue(`Math.floor(${a.code} / 2 ** Math.min(${asIndex(b)}, 60))`, low, high);
}

const bits53: Record<'&' | '|' | '^', string> = { '&': 'and53', '|': 'or53', '^': 'xor53' };

/** a & b, a | b or a ^ b. */
export function emitBits(
  operator: '&' | '|' | '^',
  a: Value,
  b: Value,
  scratch: Scratch,
  bits?: number,
): Value {
  const range = bitsRange(operator, rangeOf(a), rangeOf(b));
  if (a.kind === 'number' && b.kind === 'number') {
    return emitNumberBits(operator, a, b, range) ?? wideBits();
  }
  return wideBits();

  function wideBits(): Value {
    return wide.emitWideBits(operator, a, b, range, bits, scratch);
  }
}

/** value & mask for a value and a mask that fit a number and are not negative. */
export function emitMask(value: NumberValue, mask: number): Value {
  const constant = numberValue(String(mask), mask, mask);
  const range = bitsRange('&', rangeOf(value), rangeOf(constant));
  return defined(emitNumberBits('&', value, constant, range), 'a mask of a number');
}

function bitsRange(operator: '&' | '|' | '^', a: wide.Range, b: wide.Range): wide.Range {
  const width = (r: wide.Range): number => bitLength(r.high > -1n - r.low ? r.high : -1n - r.low);
  const all = 1n << BigInt(Math.max(width(a), width(b)));
  if (a.low >= 0n && b.low >= 0n && operator !== '&') return { low: 0n, high: all - 1n };
  if (operator !== '&' || (a.low < 0n && b.low < 0n)) return { low: -all, high: all - 1n };
  // One operand that cannot be negative bounds a conjunction.
  const [x, y] = [a.low >= 0n ? a.high : b.high, b.low >= 0n ? b.high : a.high];
  return { low: 0n, high: x < y ? x : y };
}

function emitNumberBits(
  operator: '&' | '|' | '^',
  a: NumberValue,
  b: NumberValue,
  range: wide.Range,
): Value | undefined {
  const fits = (v: NumberValue): boolean => v.low >= 0 && v.high < 2 ** 32;
  const [low, high] = [Number(range.low), Number(range.high)];
  const isConjunction = operator === '&' && (fits(a) || fits(b));
  // Only the low word counts, and ToInt32 is exact modulo 2^32 for every safe integer.
  if (isConjunction || (fits(a) && fits(b))) {
    return numberValue(`((${a.code} ${operator} ${b.code}) >>> 0)`, low, high);
  }
  const isInt32 = (v: NumberValue): boolean => v.low >= -(2 ** 31) && v.high < 2 ** 31;
  if (isInt32(a) && isInt32(b)) return numberValue(`(${a.code} ${operator} ${b.code})`, low, high);
  if (a.low < 0 || b.low < 0) return undefined;
  return numberValue(`${bits53[operator]}(${a.code}, ${b.code})`, low, high);
}
