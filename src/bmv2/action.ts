/** Actions of the BMv2 JSON: one case per primitive that the embedded switch runs. */
import type { Action, Expression, FieldRef, Primitive } from './program.js';
import { Node } from './json.js';
import type { Names } from './names.js';
import { readExpression } from './expression.js';

/** Reads one action. Throws UNSUPPORTED_PROGRAM naming the primitive it does not know. */
export function readAction(node: Node, names: Names, number: number): Action {
  const parameters = node.nodes('runtime_data').map((parameter) => ({
    name: parameter.string('name'),
    width: parameter.integer('bitwidth'),
  }));
  const widths = parameters.map((parameter) => parameter.width);
  const body = readBody(node.nodes('primitives').map((p) => new Operands(p, names, widths)));
  return { name: node.string('name'), number, parameters, body };
}

/** Primitives one after the other; jumps count those of the JSON, some of which are nothing. */
function readBody(primitives: readonly Operands[]): Primitive[] {
  const body: Primitive[] = [];
  const starts = primitives.map((operands) => {
    const start = body.length;
    body.push(...readPrimitive(operands));
    return start;
  });
  starts.push(body.length);
  for (const primitive of body) {
    if (primitive.op !== 'jump') continue;
    const to = starts[primitive.to];
    if (to === undefined) throw primitives[0]!.place.invalid(`a jump to ${primitive.to}`);
    primitive.to = to;
  }
  return body;
}

/** The operands of one primitive by position. */
class Operands {
  readonly op: string;
  readonly #parameters: Node[];

  constructor(
    readonly node: Node,
    readonly names: Names,
    readonly widths: readonly number[],
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

  field(i: number): FieldRef {
    const node = this.#at(i);
    if (node.string('type') !== 'field') {
      throw this.place.unsupported(`a target of type '${node.string('type')}'`);
    }
    return this.names.target(node.json['value'], this.place);
  }

  header(i: number): number {
    const node = this.#at(i);
    if (node.string('type') !== 'header') {
      throw this.place.unsupported(`an operand of type '${node.string('type')}'`);
    }
    return this.names.header(node.json['value'], this.place);
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
    case 'assign':
      return [{ op: 'assign', target: o.field(0), value: o.expression(1) }];
    case 'assign_header':
      return [{ op: 'copy_header', target: o.header(0), source: o.header(1) }];
    case 'add_header':
      return [{ op: 'set_valid', header: o.header(0) }];
    case 'remove_header':
      return [{ op: 'set_invalid', header: o.header(0) }];
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
