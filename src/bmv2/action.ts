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
  const body = node
    .nodes('primitives')
    .flatMap((p) => readPrimitive(new Operands(p, names, widths)));
  return { name: node.string('name'), number, parameters, body };
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

  /** A constant, such as the number of a field list; 0 when it is absent. */
  constant(i: number): number {
    if (i >= this.#parameters.length) return 0;
    const value = this.expression(i);
    if (value.kind !== 'constant') throw this.place.unsupported('a field list chosen at run time');
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
