/** Expressions of the BMv2 JSON. */
import type { Expression, Operator } from './program.js';
import { integerOf, isObject, Node, type Place } from './json.js';
import type { Names } from './names.js';
import { lastIndex, readElement, readElementField, readLastField, unwrapped } from './element.js';

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
    case 'field':
      return readFieldValue(value, names, widths, place);
    case 'stack_field':
    case 'union_stack_field':
      return readLastField(value, names, place);
    case 'lookahead': {
      const [offset, width] = Array.isArray(value) ? value.map(Number) : [];
      if (!Number.isInteger(offset) || !Number.isInteger(width)) throw place.invalid('lookahead');
      return { kind: 'lookahead', offset: offset!, width: width! };
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

function readFieldValue(
  value: unknown,
  names: Names,
  widths: readonly number[],
  place: Place,
): Expression {
  if (Array.isArray(value) && isObject(value[0])) {
    // The validity of an element that is found at run time.
    const read = (json: unknown): Expression => readExpression(json, names, widths, place);
    const element = readElement(value[0], names, place, read);
    if (!element || value[1] !== '$valid$') throw place.unsupported('this field of a stack');
    return { kind: 'element_valid', ...element };
  }
  if (Array.isArray(value) && names.hasStack(value[0])) {
    // `stack.last.member.field` of a stack of unions.
    return readLastField([value[0], ...String(value[1]).split('.')], names, place);
  }
  const ref = names.field(value, place);
  return 'valid' in ref ? { kind: 'valid', header: ref.valid } : { kind: 'field', ref };
}

function readOperation(node: Node, names: Names, widths: readonly number[]): Expression {
  const operator = node.string('op');
  const onHeaders = readHeaderOperation(node, names, widths);
  if (onHeaders) return onHeaders;
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
  const [left, right] = operands;
  if (left && right && operator === '==') return equal(names, left, right);
  if (operator === '!=' && left?.kind === 'field' && names.isVarbit(left.ref)) {
    return operation('not', equal(names, left, right!));
  }
  return operation(operator as Operator, ...operands);
}

function equal(names: Names, left: Expression, right: Expression): Expression {
  if (left.kind === 'field' && right.kind === 'field' && names.isVarbit(left.ref)) {
    return { kind: 'same_varbit', left: left.ref, right: right.ref };
  }
  return operation('==', left, right);
}

function operation(operator: Operator, ...operands: Expression[]): Expression {
  return { kind: 'operation', operator, operands };
}

/** Operators whose operands are headers, stacks and unions. */
function readHeaderOperation(
  node: Node,
  names: Names,
  widths: readonly number[],
): Expression | undefined {
  const { place } = node;
  const read = (json: unknown): Expression => readExpression(json, names, widths, place);
  const right = unwrapped(node.json['right']);
  const name = isObject(right) ? right['value'] : right;
  switch (node.string('op')) {
    case 'access_field': {
      const field = readElementField(node.json, names, place, read);
      return field && { kind: 'element', ...field, lastOf: undefined };
    }
    case 'last_stack_index':
      return lastIndex(names.stack(name, place));
    case 'size_stack':
      return { kind: 'next_index', stack: names.stack(name, place) };
    case 'valid': {
      const element = readElement(right, names, place, read);
      if (element) return { kind: 'element_valid', ...element };
      return { kind: 'valid', header: names.instance(name, place) };
    }
    case 'valid_union':
      return names
        .union(name, place)
        .headers.map((header): Expression => ({ kind: 'valid', header }))
        .reduce((any, valid) => operation('or', any, valid));
    default:
      return undefined;
  }
}

const casts = new Set<string>(['two_comp_mod', 'sat_cast', 'usat_cast']);

/** The headers on both sides of an operator, if that is what it compares. */
function comparedHeaders(node: Node, names: Names): [number, number] | undefined {
  const sides = ['left', 'right'].map((key) => node.json[key]);
  if (!sides.every((side) => isObject(side) && side['type'] === 'header')) return undefined;
  const header = (side: unknown): number => {
    return names.instance((side as Node['json'])['value'], node.place);
  };
  return [header(sides[0]), header(sides[1])];
}

/** As the reference target has it: equal headers are both valid, and every field is equal. */
function equality(names: Names, operator: string, left: number, right: number): Expression {
  const field = (header: number, index: number): Expression => ({
    kind: 'field',
    ref: { header, field: index },
  });
  const isSame = names.headers[left]!.fields.reduce(
    (all, _, i) => operation('and', all, equal(names, field(left, i), field(right, i))),
    operation('and', { kind: 'valid', header: left }, { kind: 'valid', header: right }),
  );
  return operator === '==' ? isSame : operation('not', isSame);
}
