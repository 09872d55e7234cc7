/** Expressions as JavaScript: one emitter per operator, exact for unbounded integers. */
import { assert, defined } from '../../base/assert.js';
import type { Expression, FieldRef, Operator } from '../../bmv2/index.js';
import {
  asBigint,
  asCondition,
  asUnsigned,
  constantValue,
  limbCount,
  numberValue,
  SAFE,
  type Value,
} from './value.js';

/** Where an expression's leaves are found. */
export interface Leaves {
  field(ref: FieldRef): Value;
  valid(header: number): string;
  parameter(index: number, width: number): Value;
}

/** Emits an expression. */
export function emitExpression(expression: Expression, leaves: Leaves): Value {
  switch (expression.kind) {
    case 'constant':
      return constantValue(expression.value);
    case 'boolean':
      return { kind: 'boolean', code: String(expression.value) };
    case 'field':
      return leaves.field(expression.ref);
    case 'valid':
      return { kind: 'boolean', code: leaves.valid(expression.header) };
    case 'parameter':
      return leaves.parameter(expression.index, expression.width);
    case 'operation':
      return emitOperation(expression.operator, expression.operands, leaves);
  }
}

function emitOperation(operator: Operator, operands: Expression[], leaves: Leaves): Value {
  const emit = (i: number): Value =>
    emitExpression(defined(operands[i], `operand of ${operator}`), leaves);
  switch (operator) {
    case 'and':
      return { kind: 'boolean', code: `(${asCondition(emit(0))} && ${asCondition(emit(1))})` };
    case 'or':
      return { kind: 'boolean', code: `(${asCondition(emit(0))} || ${asCondition(emit(1))})` };
    case 'not':
      return { kind: 'boolean', code: `!${asCondition(emit(0))}` };
    case 'd2b':
      return { kind: 'boolean', code: asCondition(emit(0)) };
    case 'b2d':
      return numberValue(`(${asCondition(emit(0))} ? 1 : 0)`, 0, 1);
    case '~': {
      const value = emit(0);
      if (value.kind !== 'number') return { kind: 'bigint', code: `(~${asBigint(value)})` };
      return numberValue(`(-1 - ${value.code})`, -1 - value.high, -1 - value.low);
    }
    case '?':
      return emitChoice(asCondition(emit(0)), emit(1), emit(2));
    case '&':
      return emitMasked(operands, leaves) ?? emitBinary('&', emit(0), emit(1));
    default:
      return emitBinary(operator, emit(0), emit(1));
  }
}

function emitChoice(condition: string, a: Value, b: Value): Value {
  if (a.kind === 'boolean' && b.kind === 'boolean') {
    return { kind: 'boolean', code: `(${condition} ? ${a.code} : ${b.code})` };
  }
  if (a.kind === 'number' && b.kind === 'number') {
    const code = `(${condition} ? ${a.code} : ${b.code})`;
    return numberValue(code, Math.min(a.low, b.low), Math.max(a.high, b.high));
  }
  return { kind: 'bigint', code: `(${condition} ? ${asBigint(a)} : ${asBigint(b)})` };
}

/**
 * `x & (2^k - 1)`, which p4c writes around every result: the low bits of a sum, difference,
 * product or shift need not be exact above them.
 */
function emitMasked(operands: Expression[], leaves: Leaves): Value | undefined {
  const mask = operands.find((o) => o.kind === 'constant');
  const other = operands.find((o) => o !== mask);
  if (mask?.kind !== 'constant' || !other) return undefined;
  const bits = mask.value.toString(2).length;
  if (mask.value !== (1n << BigInt(bits)) - 1n || bits > 52) return undefined;
  const exact = emitExpression(other, leaves);
  if (exact.kind === 'number') {
    const code = asUnsigned(exact, bits);
    const isSame = code === exact.code;
    return numberValue(code, isSame ? exact.low : 0, isSame ? exact.high : 2 ** bits - 1);
  }
  if (exact.kind === 'limbs') return numberValue(asUnsigned(exact, bits), 0, 2 ** bits - 1);
  if (other.kind !== 'operation') return undefined;
  const parts = other.operands.map((o) => emitExpression(o, leaves));
  const [a, b] = parts;
  if (a?.kind !== 'number' || b?.kind !== 'number') return undefined;
  if (other.operator === '*' && a.low >= 0 && b.low >= 0) {
    const product =
      bits <= 32
        ? asUnsigned(numberValue(`Math.imul(${a.code}, ${b.code})`, -(2 ** 31), 2 ** 31), bits)
        : `mulWrap(${a.code}, ${b.code}, ${2 ** bits})`;
    return numberValue(product, 0, 2 ** bits - 1);
  }
  if (other.operator === '<<' && other.operands[1]?.kind === 'constant' && b.high < 32) {
    if (bits > 32) return undefined;
    const shifted = numberValue(`(${a.code} << ${b.code})`, -(2 ** 31), 2 ** 31);
    return numberValue(asUnsigned(shifted, bits), 0, 2 ** bits - 1);
  }
  return undefined;
}

const comparisons: Partial<Record<Operator, string>> = {
  '==': '===',
  '!=': '!==',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

function emitBinary(operator: Operator, a: Value, b: Value): Value {
  const comparison = comparisons[operator];
  if (comparison !== undefined) return emitComparison(comparison, a, b);
  if (a.kind === 'number' && b.kind === 'number') {
    const result = emitNumbers(operator, a, b);
    if (result) return result;
  }
  if (a.kind === 'limbs' || b.kind === 'limbs') {
    const result = emitLimbs(operator, a, b);
    if (result) return result;
  }
  return { kind: 'bigint', code: `(${asBigint(a)} ${operator} ${asBigint(b)})` };
}

function emitComparison(comparison: string, a: Value, b: Value): Value {
  if (a.kind === 'number' && b.kind === 'number') {
    return { kind: 'boolean', code: `(${a.code} ${comparison} ${b.code})` };
  }
  if (a.kind === 'boolean' && b.kind === 'boolean') {
    return { kind: 'boolean', code: `(${a.code} ${comparison} ${b.code})` };
  }
  const isEquality = comparison === '===' || comparison === '!==';
  if (isEquality && a.kind === 'limbs' && b.kind === 'limbs') {
    const count = Math.max(a.limbs.length, b.limbs.length);
    const x = padded(a.limbs, count);
    const y = padded(b.limbs, count);
    const same = x.map((limb, i) => `(${limb} | 0) === (${y[i]} | 0)`).join(' && ');
    return { kind: 'boolean', code: comparison === '===' ? `(${same})` : `!(${same})` };
  }
  return { kind: 'boolean', code: `(${asBigint(a)} ${comparison} ${asBigint(b)})` };
}

type NumberValue = Extract<Value, { kind: 'number' }>;

function emitNumbers(operator: Operator, a: NumberValue, b: NumberValue): Value | undefined {
  const ranged = (code: string, ends: number[]): Value | undefined => {
    const low = Math.min(...ends);
    const high = Math.max(...ends);
    return low >= -SAFE && high <= SAFE ? numberValue(code, low, high) : undefined;
  };
  switch (operator) {
    case '+':
      return ranged(`(${a.code} + ${b.code})`, [a.low + b.low, a.high + b.high]);
    case '-':
      return ranged(`(${a.code} - ${b.code})`, [a.low - b.high, a.high - b.low]);
    case '*': {
      const ends = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
      return ranged(`(${a.code} * ${b.code})`, ends);
    }
    case '&':
    case '|':
    case '^':
      return emitBits(operator, a, b);
    case '<<': {
      if (b.low < 0 || b.high > 52) return undefined;
      const code = b.low === b.high ? String(2 ** b.low) : `2 ** ${b.code}`;
      return ranged(`(${a.code} * ${code})`, [a.low * 2 ** b.high, a.high * 2 ** b.high]);
    }
    case '>>': {
      if (b.low < 0) return undefined;
      if (a.low >= 0 && a.high < 2 ** 32 && b.high < 32) {
        return numberValue(`(${a.code} >>> ${b.code})`, 0, Math.floor(a.high / 2 ** b.low));
      }
      const divisor = b.low === b.high ? String(2 ** b.low) : `2 ** ${b.code}`;
      return ranged(`Math.floor(${a.code} / ${divisor})`, [
        Math.min(a.low, 0),
        Math.max(a.high, 0),
      ]);
    }
    default:
      return undefined;
  }
}

const bits53: Partial<Record<Operator, string>> = { '&': 'and53', '|': 'or53', '^': 'xor53' };

function emitBits(operator: '&' | '|' | '^', a: NumberValue, b: NumberValue): Value | undefined {
  const fits = (v: NumberValue, limit: number): boolean => v.low >= 0 && v.high < limit;
  if (operator === '&' && (fits(a, 2 ** 32) || fits(b, 2 ** 32))) {
    // Only the low word counts, and ToInt32 is exact modulo 2^32 for every safe integer.
    const high = Math.min(fits(a, 2 ** 32) ? a.high : SAFE, fits(b, 2 ** 32) ? b.high : SAFE);
    return numberValue(`((${a.code} & ${b.code}) >>> 0)`, 0, high);
  }
  if (a.low < 0 || b.low < 0) return undefined;
  const high = operator === '&' ? Math.min(a.high, b.high) : allOnes(Math.max(a.high, b.high));
  if (fits(a, 2 ** 32) && fits(b, 2 ** 32)) {
    return numberValue(`((${a.code} ${operator} ${b.code}) >>> 0)`, 0, high);
  }
  return numberValue(`${defined(bits53[operator], operator)}(${a.code}, ${b.code})`, 0, high);
}

/** The smallest 2^k - 1 that is at least `value`. */
function allOnes(value: number): number {
  return 2 ** Math.ceil(Math.log2(value + 1)) - 1;
}

function emitLimbs(operator: Operator, a: Value, b: Value): Value | undefined {
  if (a.kind === 'boolean' || b.kind === 'boolean') return undefined;
  if (a.kind === 'bigint' || b.kind === 'bigint') return undefined;
  if (operator === '&' || operator === '|' || operator === '^') {
    const x = unsignedLimbs(a);
    const y = unsignedLimbs(b);
    if (!x || !y) return undefined;
    const count = Math.max(x.length, y.length);
    const [left, right] = [padded(x, count), padded(y, count)];
    return { kind: 'limbs', limbs: left.map((l, i) => `(${l} ${operator} ${right[i]})`) };
  }
  if (operator === '>>' && a.kind === 'limbs' && b.kind === 'number' && b.low === b.high) {
    return shiftRight(a.limbs, b.low);
  }
  return undefined;
}

function unsignedLimbs(value: Value): string[] | undefined {
  if (value.kind === 'limbs') return value.limbs;
  if (value.kind !== 'number' || value.low < 0) return undefined;
  const code = value.code;
  if (value.high < 2 ** 32) return [`(${code} | 0)`];
  return [`(Math.floor(${code} / 4294967296) | 0)`, `(${code} | 0)`];
}

function shiftRight(limbs: string[], shift: number): Value {
  const kept = limbs.slice(0, Math.max(0, limbs.length - Math.floor(shift / 32)));
  const bits = shift % 32;
  if (kept.length === 0) return numberValue('0', 0, 0);
  if (bits === 0) return { kind: 'limbs', limbs: kept };
  const moved = kept.map((limb, i) => {
    const above = i > 0 ? ` | (${kept[i - 1]} << ${32 - bits})` : '';
    return `((${limb} >>> ${bits})${above})`;
  });
  return { kind: 'limbs', limbs: moved };
}

function padded(limbs: string[], count: number): string[] {
  assert(limbs.length <= count, 'limbs');
  return [...new Array<string>(count - limbs.length).fill('0'), ...limbs];
}

/** Code that is true when `value` under `mask` equals `wanted`; all of `width` bits. */
export function emitMatch(value: Value, wanted: bigint, mask: bigint, width: number): string {
  const all = (1n << BigInt(width)) - 1n;
  if (mask === 0n) return 'true';
  if (width <= 53) {
    const code = asUnsigned(value, width);
    if (mask === all) return `${code} === ${wanted}`;
    const masked = emitBinary('&', numberValue(code, 0, 2 ** width - 1), constantValue(mask));
    return `${asUnsigned(masked, width)} === ${wanted & mask}`;
  }
  const limbs = value.kind === 'limbs' ? value.limbs : [];
  const count = limbCount(width);
  assert(limbs.length === count, 'a wide field has its limbs');
  return limbs
    .map((limb, i) => {
      const shift = BigInt(32 * (count - 1 - i));
      const wordMask = Number(BigInt.asIntN(32, mask >> shift));
      const word = Number(BigInt.asIntN(32, (wanted & mask) >> shift));
      return `(${limb} & ${wordMask}) === ${word}`;
    })
    .join(' && ');
}
