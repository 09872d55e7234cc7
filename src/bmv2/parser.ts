/** The parser of the BMv2 JSON. */
import { ACCEPT } from './program.js';
import type { Expression, Parser, ParserState, ParserStep } from './program.js';
import { integerOf, Node } from './json.js';
import type { Names } from './names.js';
import { readExpression } from './expression.js';

/** Reads the one parser of a v1model program. */
export function readParser(node: Node, names: Names): Parser {
  const states = node.nodes('parse_states');
  const index = new Map(states.map((state, i) => [state.string('name'), i]));
  const resolve = (value: unknown, place: Node['place']): number => {
    if (value === null || value === undefined) return ACCEPT;
    const target = index.get(String(value));
    if (target === undefined) throw place.invalid(`no parser state '${String(value)}'`);
    return target;
  };
  const initial = resolve(node.json['init_state'], node.place);
  if (initial === ACCEPT) throw node.place.invalid('no initial parser state');
  return { initial, states: states.map((state) => readState(state, names, resolve)) };
}

function readState(
  node: Node,
  names: Names,
  resolve: (value: unknown, place: Node['place']) => number,
): ParserState {
  const key = node.nodes('transition_key').map((part) => {
    if (part.string('type') !== 'field') {
      throw node.place.unsupported(`a select on ${part.string('type')}`);
    }
    const value = readExpression(part.json, names, [], node.place);
    return { value, width: widthOf(value, names) };
  });
  const state: ParserState = {
    name: node.string('name'),
    steps: node.nodes('parser_ops').map((step) => readStep(step, names)),
    key,
    cases: [],
    defaultNext: ACCEPT,
  };
  for (const transition of node.nodes('transitions')) {
    const next = resolve(transition.json['next_state'], node.place);
    const type = transition.string('type');
    if (type === 'default') {
      state.defaultNext = next;
    } else if (type === 'hexstr') {
      const widths = key.map((part) => part.width);
      const mask = transition.json['mask'];
      const values = split(integerOf(transition.json['value'], node.place), widths);
      const all = widths.map((width) => (1n << BigInt(width)) - 1n);
      const masks = mask === null ? all : split(integerOf(mask, node.place), widths);
      state.cases.push({ values, masks, next });
    } else {
      throw node.place.unsupported(`a transition of type '${type}'`);
    }
  }
  return state;
}

/** p4c packs a select's fields one after the other, each filled up to whole bytes. */
function split(packed: bigint, widths: readonly number[]): bigint[] {
  let rest = packed;
  const values: bigint[] = [];
  for (const width of [...widths].reverse()) {
    const bits = BigInt(Math.ceil(width / 8) * 8);
    values.unshift(rest & ((1n << BigInt(width)) - 1n));
    rest >>= bits;
  }
  return values;
}

function readStep(node: Node, names: Names): ParserStep {
  const op = node.string('op');
  const place = node.place.at(op, node.json);
  const parameters = node.array('parameters');
  const expression = (i: number): Expression => readExpression(parameters[i], names, [], place);
  switch (op) {
    case 'extract': {
      const operand = Node.of(parameters[0], place);
      if (operand.string('type') !== 'regular') {
        throw place.unsupported(`extracting a ${operand.string('type')}`);
      }
      return { op: 'extract', header: names.header(operand.json['value'], place) };
    }
    case 'set': {
      const target = Node.of(parameters[0], place);
      if (Node.of(parameters[1], place).string('type') === 'lookahead') {
        throw place.unsupported('lookahead');
      }
      return { op: 'set', target: names.target(target.json['value'], place), value: expression(1) };
    }
    case 'verify':
      return { op: 'verify', condition: expression(0), error: expression(1) };
    default:
      throw place.unsupported(`the parser operation '${op}'`);
  }
}

function widthOf(value: Expression, names: Names): number {
  if (value.kind === 'field') return names.widthOf(value.ref);
  return 1;
}
