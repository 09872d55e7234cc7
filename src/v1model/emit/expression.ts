/** Expressions as JavaScript, exact for unbounded integers: the way through the tree. */
import { assert, defined } from '../../base/assert.js';
import type { Expression, FieldRef, Operator } from '../../bmv2/index.js';
import {
  emitArithmetic,
  emitBits,
  emitChoice,
  emitClamp,
  emitComparison,
  emitDivision,
  emitLow,
  emitMask,
  emitNot,
  emitShiftLeft,
  emitShiftRight,
} from './arithmetic.js';
import type { Scratch } from './scratch.js';
import {
  asCondition,
  asIndex,
  asLimbs,
  asSigned,
  asUnsigned,
  bitLength,
  constantValue,
  limbCount,
  numberValue,
  type Value,
} from './value.js';
import { asWide } from './wide.js';

/** Where an expression's leaves are found, and its intermediate values kept. */
export interface Leaves {
  scratch: Scratch;
  field(ref: FieldRef): Value;
  valid(header: number): string;
  nextIndex(stack: number): Value;
  lookahead(offset: number, width: number): Value;
  sameVarbit(left: FieldRef, right: FieldRef): Value;
  parameter(index: number, width: number): Value;
}

/**
 * Emits an expression.
 * @param bits how many low bits are wanted; what stands above them may then be anything. Without
 * it, the value is exact.
 */
export function emitExpression(expression: Expression, leaves: Leaves, bits?: number): Value {
  switch (expression.kind) {
    case 'constant':
      return constantValue(expression.value);
    case 'boolean':
      return { kind: 'boolean', code: String(expression.value) };
    case 'field':
      return leaves.field(expression.ref);
    case 'valid':
      return { kind: 'boolean', code: leaves.valid(expression.header) };
    case 'element':
    case 'element_valid':
      return emitElement(expression, leaves);
    case 'next_index':
      return leaves.nextIndex(expression.stack);
    case 'lookahead':
      return leaves.lookahead(expression.offset, expression.width);
    case 'same_varbit':
      return leaves.sameVarbit(expression.left, expression.right);
    case 'parameter':
      return leaves.parameter(expression.index, expression.width);
    case 'operation':
      return emitOperation(expression.operator, expression.operands, leaves, bits);
  }
}

/** One of several values by an index, zero or false beyond them. */
function emitElement(
  expression: Extract<Expression, { kind: 'element' | 'element_valid' }>,
  leaves: Leaves,
): Value {
  const index = asIndex(emitExpression(expression.index, leaves));
  const isField = expression.kind === 'element';
  const values: Value[] = isField
    ? expression.fields.map(leaves.field)
    : expression.headers.map((header) => ({ kind: 'boolean', code: leaves.valid(header) }));
  const none: Value = isField ? numberValue('0', 0, 0) : { kind: 'boolean', code: 'false' };
  return values.reduceRight(
    (rest, value, i) => emitChoice(`${index} === ${i}`, value, rest, leaves.scratch),
    none,
  );
}

const comparisons: Partial<Record<Operator, string>> = {
  '==': '===',
  '!=': '!==',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

function emitOperation(
  operator: Operator,
  operands: Expression[],
  leaves: Leaves,
  bits: number | undefined,
): Value {
  const { scratch } = leaves;
  const emit = (i: number, wanted?: number): Value =>
    emitExpression(defined(operands[i], `operand of ${operator}`), leaves, wanted);
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
    case '~':
      return emitNot(emit(0, bits), bits, scratch);
    case '?':
      return emitChoice(asCondition(emit(0)), emit(1, bits), emit(2, bits), scratch);
    case '&':
      return emitMasked(operands, leaves) ?? emitBits('&', emit(0, bits), emit(1, bits), scratch);
    case 'two_comp_mod': {
      const width = constantOf(operands[1]);
      const value = emit(0, width);
      // The words of a wide value are repeated.
      return asSigned(width > 53 ? asWide(value, limbCount(width), scratch) : value, width);
    }
    case 'sat_cast': {
      const half = 1n << BigInt(constantOf(operands[1]) - 1);
      return emitClamp(emit(0), -half, half - 1n, scratch);
    }
    case 'usat_cast': {
      const limit = 1n << BigInt(constantOf(operands[1]));
      return emitClamp(emit(0), 0n, limit - 1n, scratch);
    }
    case '+':
    case '-':
    case '*':
      return emitArithmetic(operator, emit(0, bits), emit(1, bits), bits, scratch);
    case '|':
    case '^':
      return emitBits(operator, emit(0, bits), emit(1, bits), scratch, bits);
    case '<<':
      return emitShiftLeft(emit(0, bits), emit(1), bits, scratch);
    case '>>':
      return emitShiftRight(emit(0), emit(1), scratch);
    case '/':
    case '%':
      return emitDivision(operator, emit(0), emit(1), scratch);
    default:
      return emitComparison(comparisons[operator]!, emit(0), emit(1), scratch);
  }
}

function constantOf(expression: Expression | undefined): number {
  assert(expression?.kind === 'constant', 'the reader checks widths');
  return Number(expression.value);
}

/**
 * `x & constant`, which p4c writes around every result: what stands above the constant's bits need
 * not be exact.
 */
function emitMasked(operands: Expression[], leaves: Leaves): Value | undefined {
  const mask = operands.find((o) => o.kind === 'constant');
  const other = operands.find((o) => o !== mask);
  if (mask?.kind !== 'constant' || !other || mask.value < 0n) return undefined;
  const bits = bitLength(mask.value);
  if (bits === 0) return numberValue('0', 0, 0);
  const value = emitExpression(other, leaves, bits);
  if (mask.value === (1n << BigInt(bits)) - 1n) return emitLow(value, bits, leaves.scratch);
  return emitBits('&', value, constantValue(mask.value), leaves.scratch);
}

/** Code that is true when `value` under `mask` equals `wanted`; all of `width` bits. */
export function emitMatch(value: Value, wanted: bigint, mask: bigint, width: number): string {
  const all = (1n << BigInt(width)) - 1n;
  if (mask === 0n) return 'true';
  if (width <= 53) {
    const code = asUnsigned(value, width);
    if (mask === all) return `${code} === ${wanted}`;
    const part = numberValue(code, 0, 2 ** width - 1);
    const masked = emitMask(part, Number(mask));
    return `${asUnsigned(masked, width)} === ${wanted & mask}`;
  }
  const count = limbCount(width);
  const limbs = asLimbs(value, count);
  return limbs
    .map((limb, i) => {
      const shift = BigInt(32 * (count - 1 - i));
      const wordMask = Number(BigInt.asIntN(32, mask >> shift));
      const word = Number(BigInt.asIntN(32, (wanted & mask) >> shift));
      return `(${limb} & ${wordMask}) === ${word}`;
    })
    .join(' && ');
}
