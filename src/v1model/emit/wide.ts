/** Integers beyond 53 bits: one emitter per operation, on words. */
import { UmbraError } from '../../base/errors.js';
import type { Scratch } from './scratch.js';
import {
  asIndex,
  asLimbs,
  limbCount,
  narrow,
  rangeOf,
  sequence,
  wordsFor,
  type Value,
  type WideValue,
} from './value.js';

/** Results of more bits than this are refused: no mask bounds them. */
const BIT_LIMIT = 4096;

/** The range of a result. */
export interface Range {
  low: bigint;
  high: bigint;
}

const atomic = /^-?[\w.]+(\[\d+\])?$/;

/** How many words a result takes when only `bits` low bits of it are wanted, and their range. */
function shapeOf(range: Range, bits: number | undefined): Range & { count: number } {
  const exact = wordsFor(range.low, range.high);
  const count = bits === undefined ? exact : Math.min(exact, limbCount(bits));
  if (32 * count > BIT_LIMIT) {
    throw new UmbraError(
      'UNSUPPORTED_PROGRAM',
      `an intermediate result of more than ${BIT_LIMIT} bits is not supported`,
    );
  }
  if (count === exact) return { ...range, count };
  return { low: 0n, high: (1n << BigInt(32 * count)) - 1n, count };
}

/** A value as limbs that are cheap and safe to repeat. */
export function asWide(value: Value, count: number, scratch: Scratch): WideValue {
  const range = rangeOf(value);
  if (value.kind === 'number' && !atomic.test(value.code) && value.low !== value.high) {
    const name = `F[${scratch.number()}]`;
    const limbs = asLimbs({ ...value, code: name }, count);
    return { kind: 'limbs', setup: `${name} = ${value.code}`, limbs, ...range };
  }
  const setup = value.kind === 'limbs' ? value.setup : '';
  const limbs = asLimbs(value, count);
  const wide: WideValue = { kind: 'limbs', setup, limbs, ...range };
  if (value.kind === 'limbs' && value.at !== undefined && value.limbs.length === count) {
    wide.at = value.at;
  }
  return limbs.every((limb) => atomic.test(limb)) ? wide : place(wide, scratch);
}

/** A value's limbs moved to places of `L`. */
function place(value: WideValue, scratch: Scratch): WideValue {
  const at = scratch.words(value.limbs.length);
  const limbs = value.limbs.map((_, i) => `L[${at + i}]`);
  const stores = value.limbs.map((limb, i) => `${limbs[i]} = ${limb}`);
  return { ...value, setup: sequence(value.setup, ...stores), limbs, at };
}

/** A value as words of `L`. */
export function placed(value: Value, count: number, scratch: Scratch): WideValue & { at: number } {
  const wide = asWide(value, count, scratch);
  const { at, ...moved } = wide.at === undefined ? place(wide, scratch) : wide;
  return { ...moved, at: at! };
}

/** A result that a helper leaves in `L`. */
function resultAt(at: number, shape: Range & { count: number }, setup: string): Value {
  const limbs = Array.from({ length: shape.count }, (_, i) => `L[${at + i}]`);
  return narrow({ kind: 'limbs', setup, limbs, low: shape.low, high: shape.high, at });
}

const helpers = { '+': 'addWords', '-': 'subWords', '*': 'mulWords' };

/** a + b, a - b, a * b; `range` is that of the exact result. */
export function emitWideArithmetic(
  operator: '+' | '-' | '*',
  a: Value,
  b: Value,
  range: Range,
  bits: number | undefined,
  scratch: Scratch,
): Value {
  const shape = shapeOf(range, bits);
  const [x, y] = [placed(a, shape.count, scratch), placed(b, shape.count, scratch)];
  const at = scratch.words(shape.count);
  const call = `${helpers[operator]}(${at}, ${x.at}, ${y.at}, ${shape.count})`;
  return resultAt(at, shape, sequence(x.setup, y.setup, call));
}

/** a / b or a % b, truncated towards zero; 0 when b is. */
export function emitWideDivision(
  operator: '/' | '%',
  a: Value,
  b: Value,
  range: Range,
  scratch: Scratch,
): Value {
  const [ra, rb] = [rangeOf(a), rangeOf(b)];
  const high = (r: Range): bigint => (r.high > -r.low ? r.high : -r.low);
  const count = wordsFor(-1n, high(ra) > high(rb) ? high(ra) : high(rb));
  // The helper spoils its operands, so they get places of their own.
  const own = (value: Value): WideValue => place(asWide(value, count, scratch), scratch);
  const [x, y] = [own(a), own(b)];
  const [quotient, remainder] = [scratch.words(count), scratch.words(count)];
  const call = `divideWords(${quotient}, ${remainder}, ${x.at}, ${y.at}, ${count})`;
  const at = operator === '/' ? quotient : remainder;
  return resultAt(at, { ...range, count }, sequence(x.setup, y.setup, call));
}

/** a & b, a | b, a ^ b, word by word. */
export function emitWideBits(
  operator: '&' | '|' | '^',
  a: Value,
  b: Value,
  range: Range,
  bits: number | undefined,
  scratch: Scratch,
): Value {
  const shape = shapeOf(range, bits);
  const [x, y] = [asWide(a, shape.count, scratch), asWide(b, shape.count, scratch)];
  const limbs = x.limbs.map((limb, i) => `(${limb} ${operator} ${y.limbs[i]})`);
  const setup = sequence(x.setup, y.setup);
  return narrow({ kind: 'limbs', setup, limbs, low: shape.low, high: shape.high });
}

/** ~a */
export function emitWideNot(
  a: Value,
  range: Range,
  bits: number | undefined,
  scratch: Scratch,
): Value {
  const shape = shapeOf(range, bits);
  const x = asWide(a, shape.count, scratch);
  const limbs = x.limbs.map((limb) => `(~${limb})`);
  return narrow({ kind: 'limbs', setup: x.setup, limbs, low: shape.low, high: shape.high });
}

/** a << b */
export function emitWideLeft(
  a: Value,
  b: Value,
  range: Range,
  bits: number | undefined,
  scratch: Scratch,
): Value {
  const shape = shapeOf(range, bits);
  const x = placed(a, shape.count, scratch);
  const at = scratch.words(shape.count);
  const setup = b.kind === 'limbs' ? b.setup : '';
  const call = `shiftLeftWords(${at}, ${x.at}, ${asIndex(b)}, ${shape.count})`;
  return resultAt(at, shape, sequence(setup, x.setup, call));
}

/** a >> b, arithmetically. */
export function emitWideRight(a: Value, b: Value, range: Range, scratch: Scratch): Value {
  const { low, high } = rangeOf(a);
  const count = wordsFor(low, high);
  const constant = b.kind === 'number' && b.low === b.high ? b.low : undefined;
  if (low >= 0n && constant !== undefined) return shiftRightByConstant(a, constant, range, scratch);
  const x = placed(a, count, scratch);
  const at = scratch.words(count);
  const fill = low >= 0n ? '0' : `L[${x.at}] >> 31`;
  const setup = b.kind === 'limbs' ? b.setup : '';
  const call = `shiftRightWords(${at}, ${x.at}, ${asIndex(b)}, ${count}, ${fill})`;
  return resultAt(at, { ...range, count }, sequence(setup, x.setup, call));
}

function shiftRightByConstant(a: Value, shift: number, range: Range, scratch: Scratch): Value {
  const { low, high } = rangeOf(a);
  const x = asWide(a, wordsFor(low, high), scratch);
  const kept = x.limbs.slice(0, Math.max(0, x.limbs.length - Math.floor(shift / 32)));
  const bits = shift % 32;
  if (kept.length === 0) return { kind: 'number', code: '0', low: 0, high: 0 };
  const limbs = kept.map((limb, i) => {
    if (bits === 0) return limb;
    const above = i > 0 ? ` | (${kept[i - 1]} << ${32 - bits})` : '';
    return `((${limb} >>> ${bits})${above})`;
  });
  return narrow({ kind: 'limbs', setup: x.setup, limbs, ...range });
}

/** a === b, a < b and the like, as a condition. */
export function emitWideComparison(
  comparison: string,
  a: Value,
  b: Value,
  scratch: Scratch,
): Value {
  const [ra, rb] = [rangeOf(a), rangeOf(b)];
  const low = ra.low < rb.low ? ra.low : rb.low;
  const high = ra.high > rb.high ? ra.high : rb.high;
  const count = wordsFor(low, high);
  const [x, y] = [asWide(a, count, scratch), asWide(b, count, scratch)];
  const pairs = x.limbs.map((limb, i) => [`(${limb} | 0)`, `(${y.limbs[i]} | 0)`] as const);
  const isSame = pairs.map(([p, q]) => `${p} === ${q}`).join(' && ');
  const setup = sequence(x.setup, y.setup);
  const boolean = (code: string): Value => ({
    kind: 'boolean',
    code: `(${sequence(setup, code)})`,
  });
  if (comparison === '===') return boolean(`(${isSame})`);
  if (comparison === '!==') return boolean(`!(${isSame})`);
  // The most significant words that differ decide; the last ones decide alone.
  const last = x.limbs.length - 1;
  const code = x.limbs.reduceRight((rest, limb, i) => {
    const isSigned = i === 0 && low < 0n;
    const sign = isSigned ? '|' : '>>>';
    const strict = i === last ? comparison : comparison[0]!;
    const decided = `(${limb} ${sign} 0) ${strict} (${y.limbs[i]} ${sign} 0)`;
    return i === last ? decided : `${pairs[i]!.join(' !== ')} ? ${decided} : ${rest}`;
  }, '');
  return boolean(`(${code})`);
}

/** condition ? a : b */
export function emitWideChoice(condition: string, a: Value, b: Value, scratch: Scratch): Value {
  const [ra, rb] = [rangeOf(a), rangeOf(b)];
  const range = {
    low: ra.low < rb.low ? ra.low : rb.low,
    high: ra.high > rb.high ? ra.high : rb.high,
  };
  const count = wordsFor(range.low, range.high);
  const [x, y] = [asWide(a, count, scratch), asWide(b, count, scratch)];
  const chosen = `L[${scratch.words(1)}]`;
  const setup = sequence(`${chosen} = ${condition} ? 1 : 0`, x.setup, y.setup);
  const limbs = x.limbs.map((limb, i) => `(${chosen} !== 0 ? ${limb} : ${y.limbs[i]})`);
  return { kind: 'limbs', setup, limbs, ...range };
}

/** A value's low `bits` bits, which must be more than 53. */
export function emitWideLow(value: Value, bits: number, scratch: Scratch): Value {
  const { low, high } = rangeOf(value);
  if (low >= 0n && high < 1n << BigInt(bits)) return value;
  const x = asWide(value, limbCount(bits), scratch);
  const top = bits % 32;
  const limbs = x.limbs.slice();
  if (top !== 0) limbs[0] = `(${limbs[0]} & ${2 ** top - 1})`;
  return { kind: 'limbs', setup: x.setup, limbs, low: 0n, high: (1n << BigInt(bits)) - 1n };
}
