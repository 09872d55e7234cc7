/**
 * Emitted expressions against an evaluator that computes with BigInt: random trees as p4c writes
 * them, with a mask or a cast around most results, over widths from 1 to 512.
 */
import test from 'ava';
import { Prng } from '../../src/base/prng.js';
import type { Expression, Operator } from '../../src/bmv2/index.js';
import { emitExpression, type Leaves } from '../../src/v1model/emit/expression.js';
import { Scratch } from '../../src/v1model/emit/scratch.js';
import {
  asLimbs,
  asSigned,
  asUnsigned,
  limbCount,
  numberValue,
  setupOf,
  valuePrelude,
  wordsValue,
} from '../../src/v1model/emit/value.js';
import { widePrelude } from '../../src/v1model/emit/widePrelude.js';

interface Leaf {
  width: number;
  isSigned: boolean;
  value: bigint;
}

const widths = [1, 3, 8, 16, 31, 32, 33, 48, 52, 53, 54, 63, 64, 65, 96, 127, 128, 255, 256, 512];

/** Makes trees; the leaves that they refer to by index are in `leaves`. */
class Trees {
  readonly leaves: Leaf[] = [];

  constructor(readonly prng: Prng) {}

  below(limit: number): number {
    return Math.floor(this.prng.unit() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  bits(width: number): bigint {
    const style = this.below(5);
    if (style === 0) return 0n;
    if (style === 1) return (1n << BigInt(width)) - 1n;
    if (style === 2) return 1n << BigInt(width - 1);
    let value = 0n;
    for (let i = 0; i < limbCount(width); i++) {
      value = (value << 32n) | BigInt(this.prng.uint32());
    }
    return BigInt.asUintN(style === 3 ? Math.min(width, 8) : width, value);
  }

  leaf(width: number, isSigned: boolean): Expression {
    const bits = this.bits(width);
    const value = isSigned ? BigInt.asIntN(width, bits) : bits;
    if (this.below(4) === 0) return { kind: 'constant', value };
    const field = this.leaves.push({ width, isSigned, value }) - 1;
    return { kind: 'field', ref: { header: 0, field } };
  }

  condition(depth: number): Expression {
    const width = this.pick(widths);
    const isSigned = width > 1 && this.below(2) === 0;
    const sides = [this.number(width, isSigned, depth), this.number(width, isSigned, depth)];
    const one = operation(this.pick(['==', '!=', '<', '<=', '>', '>=']), ...sides);
    const joined = this.below(4);
    if (joined === 0 && depth > 0) return operation('not', this.condition(depth - 1));
    if (joined > 1 || depth === 0) return one;
    return operation(this.pick(['and', 'or']), one, this.condition(depth - 1));
  }

  /** A value of one P4 type. */
  number(width: number, isSigned: boolean, depth: number): Expression {
    if (depth === 0) return this.leaf(width, isSigned);
    const sub = (): Expression => this.number(width, isSigned, depth - 1);
    const shape = this.below(8);
    if (shape === 0) return operation('?', this.condition(depth - 1), sub(), sub());
    if (shape === 1) return this.cast(this.shift(sub(), width), width, isSigned);
    if (shape === 2 && !isSigned) return operation(this.pick(['/', '%']), sub(), sub());
    if (shape === 3) {
      // A cast from another type.
      const other = this.pick(widths);
      return this.cast(this.number(other, other > 1 && isSigned, depth - 1), width, isSigned);
    }
    if (shape === 4) {
      const plain = operation(this.pick(['+', '-']), sub(), sub());
      return operation(isSigned ? 'sat_cast' : 'usat_cast', plain, constant(BigInt(width)));
    }
    if (shape === 5) return this.cast(operation('~', sub()), width, isSigned);
    const operator = this.pick<Operator>(['+', '-', '*', '&', '|', '^']);
    const inner = operation(operator, sub(), sub());
    const outer = this.below(3) === 0 ? operation('+', inner, sub()) : inner;
    return this.cast(outer, width, isSigned);
  }

  shift(value: Expression, width: number): Expression {
    const by: Expression =
      this.below(2) === 0
        ? constant(BigInt(this.below(width + 3)))
        : this.leaf(this.pick([3, 8, 9, 32, 64]), false);
    return operation(this.pick(['<<', '>>']), value, by);
  }

  cast(value: Expression, width: number, isSigned: boolean): Expression {
    if (isSigned) return operation('two_comp_mod', value, constant(BigInt(width)));
    return operation('&', value, constant((1n << BigInt(width)) - 1n));
  }
}

function constant(value: bigint): Expression {
  return { kind: 'constant', value };
}

function operation(operator: Operator, ...operands: Expression[]): Expression {
  return { kind: 'operation', operator, operands };
}

function evaluate(expression: Expression, leaves: readonly Leaf[]): bigint {
  if (expression.kind === 'constant') return expression.value;
  if (expression.kind === 'field') return leaves[expression.ref.field]!.value;
  if (expression.kind !== 'operation') throw new Error(expression.kind);
  const of = (i: number): bigint => evaluate(expression.operands[i]!, leaves);
  const truth = (value: boolean): bigint => (value ? 1n : 0n);
  switch (expression.operator) {
    case '+':
      return of(0) + of(1);
    case '-':
      return of(0) - of(1);
    case '*':
      return of(0) * of(1);
    case '/':
      return of(1) === 0n ? 0n : of(0) / of(1);
    case '%':
      return of(1) === 0n ? 0n : of(0) % of(1);
    case '&':
      return of(0) & of(1);
    case '|':
      return of(0) | of(1);
    case '^':
      return of(0) ^ of(1);
    case '~':
      return ~of(0);
    case '<<':
      return of(0) << (of(1) > 600n ? 600n : of(1));
    case '>>':
      return of(0) >> (of(1) > 600n ? 600n : of(1));
    case '==':
      return truth(of(0) === of(1));
    case '!=':
      return truth(of(0) !== of(1));
    case '<':
      return truth(of(0) < of(1));
    case '<=':
      return truth(of(0) <= of(1));
    case '>':
      return truth(of(0) > of(1));
    case '>=':
      return truth(of(0) >= of(1));
    case 'and':
      return truth(of(0) !== 0n && of(1) !== 0n);
    case 'or':
      return truth(of(0) !== 0n || of(1) !== 0n);
    case 'not':
    case 'd2b':
      return truth((expression.operator === 'd2b') === (of(0) !== 0n));
    case 'b2d':
      return of(0);
    case '?':
      return of(0) !== 0n ? of(1) : of(2);
    case 'two_comp_mod':
      return BigInt.asIntN(Number(of(1)), of(0));
    case 'sat_cast': {
      const half = 1n << (of(1) - 1n);
      return of(0) < -half ? -half : of(0) >= half ? half - 1n : of(0);
    }
    case 'usat_cast': {
      const most = (1n << of(1)) - 1n;
      return of(0) < 0n ? 0n : of(0) > most ? most : of(0);
    }
  }
}

/** The low `width` bits of an expression as emitted code has them. */
function run(expression: Expression, leaves: readonly Leaf[], width: number): [bigint, string] {
  const ints: number[] = [];
  const doubles: number[] = [];
  const scratch = new Scratch();
  const places = leaves.map(({ width: bits, isSigned, value }) => {
    const plain = BigInt.asUintN(bits, value);
    if (bits > 32 && bits <= 53) {
      const code = `D[${doubles.push(Number(plain)) - 1}]`;
      const read = numberValue(code, 0, 2 ** bits - 1);
      return isSigned ? asSigned(read, bits) : read;
    }
    const count = limbCount(bits);
    const words = Array.from({ length: count }, (_, i) => {
      const word = Number(BigInt.asIntN(32, plain >> BigInt(32 * (count - 1 - i))));
      return `I[${ints.push(word) - 1}]`;
    });
    const one = bits === 32 ? `(${words[0]} >>> 0)` : words[0]!;
    const read = bits > 53 ? wordsValue(words, bits) : numberValue(one, 0, 2 ** bits - 1);
    return isSigned ? asSigned(read, bits) : read;
  });
  const found: Leaves = {
    scratch,
    field: ({ field }) => places[field]!,
    valid: () => 'false',
    nextIndex: () => numberValue('0', 0, 0),
    lookahead: () => numberValue('0', 0, 0),
    sameVarbit: () => ({ kind: 'boolean', code: 'false' }),
    parameter: () => numberValue('0', 0, 0),
  };
  const value = emitExpression(expression, found, width);
  const words = width <= 53 ? [] : asLimbs(value, limbCount(width));
  const result = width <= 53 ? asUnsigned(value, width) : `[${words.join(', ')}]`;
  const setup = width <= 53 ? '' : setupOf(value);
  const text = `${scratch.declarations}${valuePrelude}${widePrelude}
${setup} return ${result};`;
  const made = new Function('I', 'D', text) as (
    i: Int32Array,
    d: Float64Array,
  ) => number | number[];
  const got = made(Int32Array.from(ints), Float64Array.from(doubles));
  const whole =
    typeof got === 'number'
      ? BigInt(got)
      : got.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
  return [typeof got === 'number' ? whole : BigInt.asUintN(width, whole), `${setup} ${result}`];
}

function show(expression: Expression, leaves: readonly Leaf[]): string {
  if (expression.kind === 'constant') return String(expression.value);
  if (expression.kind === 'field') {
    const { width, isSigned, value } = leaves[expression.ref.field]!;
    return `${isSigned ? 'int' : 'bit'}<${width}>(${value})`;
  }
  if (expression.kind !== 'operation') return expression.kind;
  return `(${expression.operator} ${expression.operands.map((o) => show(o, leaves)).join(' ')})`;
}

for (const depth of [1, 2, 3, 4]) {
  test(`random expressions of depth ${depth} are exact`, (t) => {
    const trees = new Prng(depth);
    const rounds = [0, 3000, 1500, 500, 150][depth]!;
    for (let i = 0; i < rounds; i++) {
      const made = new Trees(trees);
      const width = made.pick(widths);
      const expression = made.number(width, width > 1 && made.below(2) === 0, depth);
      const wanted = BigInt.asUintN(width, evaluate(expression, made.leaves));
      const [got, code] = run(expression, made.leaves, width);
      if (got !== wanted) {
        t.fail(`${show(expression, made.leaves)} is ${wanted}, not ${got}: ${code}`);
        return;
      }
    }
    t.pass();
  });
}

test('emitted code holds no BigInt', (t) => {
  const made = new Trees(new Prng(9));
  for (let i = 0; i < 300; i++) {
    const [, code] = run(made.number(512, false, 2), made.leaves, 512);
    t.false(/\dn\b|BigInt/.test(code));
  }
});
