/** Expressions of the BMv2 JSON. */
import type { Expression, Operator } from './program.js';
import { integerOf, isObject, Node, type Place } from './json.js';
import type { Names } from './names.js';

const operators = new Set<string>([
  '+',
  '-',
  '*',
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
  const operands = ['cond', 'left', 'right']
    .filter((key) => node.has(key))
    .map((key) => readExpression(node.json[key], names, widths, node.place));
  return { kind: 'operation', operator: operator as Operator, operands };
}
