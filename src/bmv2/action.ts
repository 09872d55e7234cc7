/** Actions of the BMv2 JSON: one case per primitive that the embedded switch runs. */
import type { Action, Expression, FieldRef, Primitive } from './program.js';
import { Node } from './json.js';
import type { Names } from './names.js';
import { readElement, readElementField } from './element.js';
import { readExpression } from './expression.js';

/** Reads one action. Throws UNSUPPORTED_PROGRAM naming the primitive it does not know. */
export function readAction(node: Node, names: Names, number: number): Action {
  const parameters = node.nodes('runtime_data').map((parameter) => ({
    name: parameter.string('name'),
    width: parameter.integer('bitwidth'),
  }));
  const widths = parameters.map((parameter) => parameter.width);
  const body = readBody(node, names, widths);
  return { name: node.string('name'), number, parameters, body };
}

/** Reads the primitives of an action or a deparser. */
export function readBody(node: Node, names: Names, widths: readonly number[] = []): Primitive[] {
  const body: Primitive[] = [];
  // Jumps count the primitives of the JSON, some of which are nothing.
  const starts = node.nodes('primitives').map((primitive) => {
    const start = body.length;
    body.push(...readPrimitiveNode(primitive, names, widths));
    return start;
  });
  starts.push(body.length);
  for (const primitive of body) {
    if (primitive.op !== 'jump') continue;
    const to = starts[primitive.to];
    if (to === undefined) throw node.place.invalid(`a jump to ${primitive.to}`);
    primitive.to = to;
  }
  return body;
}

/** Reads one primitive, which may become several steps or none. */
export function readPrimitiveNode(
  node: Node,
  names: Names,
  widths: readonly number[],
): Primitive[] {
  return readChosen(new Operands(node, names, widths));
}

/** A primitive on a stack's element found at run time is one body for each element. */
function readChosen(o: Operands): Primitive[] {
  const element = o.element();
  if (!element) return readPrimitive(o);
  const { index, position, count } = element;
  const cases = Array.from({ length: count }, (_, i) => readChosen(o.withElement(position, i)));
  return [{ op: 'choose', index, cases }];
}

/** Where primitives have fields that a stack's element can stand in for. */
const places: Record<string, readonly number[]> = {
  assign: [0],
  assign_VL: [0, 1],
  register_read: [0],
  modify_field_rng_uniform: [0],
  modify_field_with_hash_based_offset: [0],
  execute_meter: [2],
};

/** The operands of one primitive by position. */
class Operands {
  readonly op: string;
  readonly #parameters: Node[];

  constructor(
    readonly node: Node,
    readonly names: Names,
    readonly widths: readonly number[],
    private readonly chosen: ReadonlyMap<number, number> = new Map(),
  ) {
    this.op = node.string('op');
    this.#parameters = node
      .array('parameters')
      .map((p) => Node.of(p, node.place.at(this.op, node.json)));
  }

  get place() {
    return this.node.place.at(this.op, this.node.json);
  }

  #at(i: number): Node {
    const parameter = this.#parameters[i];
    if (!parameter) throw this.place.invalid(`operand ${i} is missing`);
    return parameter;
  }

  expression(i: number): Expression {
    return readExpression(this.#at(i).json, this.names, this.widths, this.place);
  }

  /** The first operand that is a stack's element, and not chosen yet. */
  element(): { position: number; index: Expression; count: number } | undefined {
    const read = this.#read;
    for (const [position, { json }] of this.#parameters.entries()) {
      if (this.chosen.has(position)) continue;
      const element = readElement(json, this.names, this.place, read);
      if (element) return { position, index: element.index, count: element.headers.length };
      if (!places[this.op]?.includes(position)) continue;
      const field = readElementField(json, this.names, this.place, read);
      if (field) return { position, index: field.index, count: field.fields.length };
    }
    return undefined;
  }

  /** The same operands with one element chosen. */
  withElement(position: number, i: number): Operands {
    return new Operands(
      this.node,
      this.names,
      this.widths,
      new Map(this.chosen).set(position, i),
    );
  }

  readonly #read = (json: unknown): Expression =>
    readExpression(json, this.names, this.widths, this.place);

  field(i: number): FieldRef {
    const node = this.#at(i);
    const chosen = this.chosen.get(i);
    if (chosen !== undefined) {
      return readElementField(node.json, this.names, this.place, this.#read)!.fields[chosen]!;
    }
    if (node.string('type') !== 'field') {
      throw this.place.unsupported(`a target of type '${node.string('type')}'`);
    }
    return this.names.target(node.json['value'], this.place);
  }

  /** The header whose validity bit stands there, if it does. */
  validity(i: number): number | undefined {
    if (this.chosen.has(i)) return undefined;
    const ref = this.names.field(this.#at(i).json['value'], this.place);
    return 'valid' in ref ? ref.valid : undefined;
  }

  stack(i: number): number {
    return this.names.stack(this.#at(i).json['value'], this.place);
  }

  union(i: number): number[] {
    return this.names.union(this.#at(i).json['value'], this.place).headers;
  }

  header(i: number): number {
    const node = this.#at(i);
    const chosen = this.chosen.get(i);
    if (chosen !== undefined) {
      return readElement(node.json, this.names, this.place, this.#read)!.headers[chosen]!;
    }
    if (node.string('type') !== 'header') {
      throw this.place.unsupported(`an operand of type '${node.string('type')}'`);
    }
    return this.names.instance(node.json['value'], this.place);
  }

  object(i: number, kind: string): number {
    return this.names.object(kind, this.#at(i).json['value'], this.place);
  }

  /** An object referred to by its number, which p4c writes as text: `0x1`. */
  numbered(i: number, kind: string): number {
    return this.names.object(kind, Number(this.#at(i).json['value']), this.place);
  }

  get count(): number {
    return this.#parameters.length;
  }

  /** The operands from `i` on, or those of the list that stands there. */
  list(i: number): Expression[] {
    const node = this.#at(i);
    const vector = node.json['value'];
    const isList = node.string('type') === 'parameters_vector';
    const parts = !isList
      ? this.#parameters.slice(i).map((p) => p.json)
      : Array.isArray(vector)
        ? (vector as unknown[])
        : [];
    return parts.map((part) => readExpression(part, this.names, this.widths, this.place));
  }

  text(i: number): string {
    return this.#at(i).string('value');
  }

  /** A constant, such as the number of a field list; 0 when it is absent. */
  constant(i: number): number {
    if (i >= this.#parameters.length) return 0;
    const value = this.expression(i);
    if (value.kind !== 'constant') throw this.place.unsupported('a number chosen at run time');
    return Number(value.value);
  }
}

function readPrimitive(o: Operands): Primitive[] {
  switch (o.op) {
    case 'set':
    case 'assign':
      return readAssign(o);
    case 'assign_VL':
      return [{ op: 'copy_varbit', target: o.field(0), source: o.field(1) }];
    case 'assign_header':
      return [{ op: 'copy_header', target: o.header(0), source: o.header(1) }];
    case 'add_header':
      return [{ op: 'set_valid', header: o.header(0) }];
    case 'remove_header':
      return [{ op: 'set_invalid', header: o.header(0) }];
    case 'push':
      return [{ op: 'push', stack: o.stack(0), count: o.constant(1) }];
    case 'pop':
      return [{ op: 'pop', stack: o.stack(0), count: o.constant(1) }];
    case 'assign_union':
      return copyHeaders(o.union(0), o.union(1), o);
    case 'assign_header_stack':
    case 'assign_union_stack': {
      const [target, source] = [o.stack(0), o.stack(1)];
      const headers = (stack: number): number[] => o.names.stacks[stack]!.elements.flat();
      const copies = copyHeaders(headers(target), headers(source), o);
      return [{ op: 'copy_next', target, source }, ...copies];
    }
    case 'mark_to_drop':
    case 'drop':
      return [{ op: 'drop' }];
    case 'exit':
      return [{ op: 'exit' }];
    case 'no_op':
      return [];
    case '_jump':
      return [{ op: 'jump', to: o.constant(0), condition: undefined }];
    case '_jump_if_zero':
      return [{ op: 'jump', to: o.constant(1), condition: o.expression(0) }];
    case 'assert':
    case 'assume': {
      const text = o.node.sourceText ?? o.op;
      const place = o.place.line;
      return [{ op: 'assert', kind: o.op, condition: o.expression(0), text, place }];
    }
    case 'log_msg':
      return [{ op: 'log', format: o.text(0), values: o.count > 1 ? o.list(1) : [] }];
    case 'truncate':
      return [{ op: 'truncate', length: o.expression(0) }];
    default:
      return readExternCall(o);
  }
}

function readAssign(o: Operands): Primitive[] {
  const header = o.validity(0);
  if (header === undefined) {
    return [{ op: 'assign', target: o.field(0), value: o.expression(1) }];
  }
  const cases: Primitive[][] = [[{ op: 'set_invalid', header }], [{ op: 'set_valid', header }]];
  return [{ op: 'choose', index: o.expression(1), cases }];
}

/** Copies header by header; a union's one valid member makes the others invalid. */
function copyHeaders(targets: number[], sources: number[], o: Operands): Primitive[] {
  if (targets.length !== sources.length) throw o.place.invalid('a copy between different types');
  return targets.map((target, i) => ({ op: 'copy_header', target, source: sources[i]! }));
}

function readExternCall(o: Operands): Primitive[] {
  switch (o.op) {
    case 'count': {
      const counter = o.object(0, 'counter_array');
      return [{ op: 'count', counter, index: o.expression(1) }];
    }
    case 'register_read': {
      const register = o.object(1, 'register_array');
      return [{ op: 'register_read', target: o.field(0), register, index: o.expression(2) }];
    }
    case 'register_write': {
      const register = o.object(0, 'register_array');
      return [{ op: 'register_write', register, index: o.expression(1), value: o.expression(2) }];
    }
    case 'modify_field_rng_uniform':
      return [{ op: 'random', target: o.field(0), low: o.expression(1), high: o.expression(2) }];
    case 'modify_field_with_hash_based_offset': {
      const calculation = o.object(2, 'calculation');
      const [base, size] = [o.expression(1), o.expression(3)];
      return [{ op: 'hash', target: o.field(0), base, calculation, size }];
    }
    case 'execute_meter': {
      const meter = o.object(0, 'meter_array');
      return [{ op: 'meter', meter, index: o.expression(1), target: o.field(2) }];
    }
    case 'clone_ingress_pkt_to_egress':
      return [
        { op: 'clone', stage: 'ingress', session: o.expression(0), fieldList: o.constant(1) },
      ];
    case 'clone_egress_pkt_to_egress':
      return [{ op: 'clone', stage: 'egress', session: o.expression(0), fieldList: o.constant(1) }];
    case 'recirculate':
      return [{ op: 'recirculate', fieldList: o.constant(0) }];
    case 'resubmit':
      return [{ op: 'resubmit', fieldList: o.constant(0) }];
    case 'generate_digest':
      return [{ op: 'digest', list: o.numbered(1, 'learn_list') }];
    default:
      throw o.place.unsupported(`the primitive '${o.op}'`);
  }
}
