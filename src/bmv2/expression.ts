/** Expressions of the BMv2 JSON. */
import type { Expression, Operator } from './program.js';
import { integerOf, isObject, Node, type Place } from './json.js';
import type { Names } from './names.js';

const operators = new Set<string>([
  '+',
  '-',
  '*',
  '/',
  '%',
  '<<',
  '>>',
  '&',
  '|',
  '^',
  '~',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'and',
  'or',
  'not',
  'b2d',
  'd2b',
  '?',
  'two_comp_mod',
  'sat_cast',
  'usat_cast',
] satisfies Operator[]);

/** Reads `{type, value}`; `widths` are those of the surrounding action's parameters. */
export function readExpression(
  json: unknown,
  names: Names,
  widths: readonly number[],
  place: Place,
): Expression {
  const node = Node.of(json, place);
  const type = node.string('type');
  const value = node.json['value'];
  switch (type) {
    case 'hexstr':
      return { kind: 'constant', value: integerOf(value, place) };
    case 'bool':
      return { kind: 'boolean', value: value === true };
    case 'field': {
      const ref = names.field(value, place);
      return 'valid' in ref ? { kind: 'valid', header: ref.valid } : { kind: 'field', ref };
    }
    case 'runtime_data':
    case 'local': {
      const width = typeof value === 'number' ? widths[value] : undefined;
      if (width === undefined) throw place.invalid(`no action parameter ${String(value)}`);
      return { kind: 'parameter', index: value as number, width };
    }
    case 'expression':
      if (isObject(value) && typeof value['type'] === 'string') {
        return readExpression(value, names, widths, place);
      }
      return readOperation(Node.of(value, place), names, widths);
    default:
      throw place.unsupported(`an operand of type '${type}'`);
  }
}

function readOperation(node: Node, names: Names, widths: readonly number[]): Expression {
  const operator = node.string('op');
  if (!operators.has(operator)) throw node.place.unsupported(`the operator '${operator}'`);
  const headers = comparedHeaders(node, names);
  if (headers) return equality(names, operator, headers[0], headers[1]);
  const operands = ['cond', 'left', 'right']
    .filter((key) => node.has(key))
    .map((key) => readExpression(node.json[key], names, widths, node.place));
  if (casts.has(operator)) {
    const width = operands[1];
    if (width?.kind !== 'constant' || width.value < 1n || width.value > 65535n) {
      throw node.place.invalid(`${operator} without a width`);
    }
  }
  return { kind: 'operation', operator: operator as Operator, operands };
}

const casts = new Set<string>(['two_comp_mod', 'sat_cast', 'usat_cast']);

/** The headers on both sides of an operator, if that is what it compares. */
function comparedHeaders(node: Node, names: Names): [number, number] | undefined {
  const sides = ['left', 'right'].map((key) => node.json[key]);
  if (!sides.every((side) => isObject(side) && side['type'] === 'header')) return undefined;
  const header = (side: unknown): number => {
    return names.header((side as Node['json'])['value'], node.place);
  };
  return [header(sides[0]), header(sides[1])];
}

/** As the reference target has it: equal headers are both valid, and every field is equal. */
function equality(names: Names, operator: string, left: number, right: number): Expression {
  const operation = (op: Operator, ...operands: Expression[]): Expression => ({
    kind: 'operation',
    operator: op,
    operands,
  });
  const field = (header: number, index: number): Expression => ({
    kind: 'field',
    ref: { header, field: index },
  });
  const isSame = names.headers[left]!.fields.reduce(
    (all, _, i) => operation('and', all, operation('==', field(left, i), field(right, i))),
    operation('and', { kind: 'valid', header: left }, { kind: 'valid', header: right }),
  );
  return operator === '==' ? isSame : operation('not', isSame);
}
