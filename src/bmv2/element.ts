/** Parts of header stacks in the BMv2 JSON, which are found when a packet is there. */
import type { Expression, FieldRef } from './program.js';
import { isObject, type Place } from './json.js';
import type { Names } from './names.js';

/** Reads an expression of the same place. */
export type Read = (json: unknown) => Expression;

/** What stands in an expression, whatever number of wrappings p4c put around it. */
export function unwrapped(json: unknown): unknown {
  let inner = json;
  while (isObject(inner) && inner['type'] === 'expression') inner = inner['value'];
  return inner;
}

/** A header of a stack, chosen by an index. */
export interface Element {
  index: Expression;
  headers: number[];
}

/** A stack's element by an index found at run time, or its last; undefined for something else. */
export function readElement(
  json: unknown,
  names: Names,
  place: Place,
  read: Read,
): Element | undefined {
  const inner = unwrapped(json);
  if (!isObject(inner)) return undefined;
  const value = inner['value'];
  if (inner['type'] === 'stack_field' && Array.isArray(value) && value[1] === 'last') {
    const stack = names.stack(value[0], place);
    return { index: lastIndex(stack), headers: firstMembers(names, stack) };
  }
  const op = inner['op'];
  if (op !== 'dereference_header_stack' && op !== 'dereference_stack') return undefined;
  const left = unwrapped(inner['left']);
  const stack = names.stack(isObject(left) ? left['value'] : left, place);
  return { index: read(inner['right']), headers: firstMembers(names, stack) };
}

function firstMembers(names: Names, stack: number): number[] {
  return names.stacks[stack]!.elements.map((element) => element[0]!);
}

/** A field of an element by its position. */
export interface ElementField {
  index: Expression;
  fields: FieldRef[];
}

/** `access_field` of a stack's element; undefined when it is something else. */
export function readElementField(
  json: unknown,
  names: Names,
  place: Place,
  read: Read,
): ElementField | undefined {
  const inner = unwrapped(json);
  if (!isObject(inner) || inner['op'] !== 'access_field') return undefined;
  const element = readElement(inner['left'], names, place, read);
  const field = inner['right'];
  if (!element || typeof field !== 'number') throw place.unsupported("this 'access_field'");
  if (!names.headers[element.headers[0]!]?.fields[field]) throw place.invalid(`field ${field}`);
  return { index: element.index, fields: element.headers.map((header) => ({ header, field })) };
}

/** The index of the last element that was extracted. */
export function lastIndex(stack: number): Expression {
  const one: Expression = { kind: 'constant', value: 1n };
  return { kind: 'operation', operator: '-', operands: [{ kind: 'next_index', stack }, one] };
}

/** A field of the last element: `[stack, field]`, or `[stack, member, field]` of unions. */
export function readLastField(value: unknown, names: Names, place: Place): Expression {
  const parts = Array.isArray(value) ? value : [];
  const { stack, member } =
    parts.length === 3
      ? names.member(parts[0], parts[1], place)
      : { stack: names.stack(parts[0], place), member: 0 };
  const fields = names.elementFields(stack, member, parts.at(-1), place);
  return { kind: 'element', index: lastIndex(stack), fields, lastOf: stack };
}
