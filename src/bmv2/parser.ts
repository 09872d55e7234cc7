/** The parser of the BMv2 JSON. */
import { ACCEPT } from './program.js';
import type {
  Expression,
  Parser,
  ParserCase,
  ParserState,
  ParserStep,
  ValueSet,
} from './program.js';
import { integerOf, isObject, Node } from './json.js';
import type { Names } from './names.js';
import { readPrimitiveNode } from './action.js';
import { unwrapped } from './element.js';
import { readExpression } from './expression.js';

type Resolve = (value: unknown, place: Node['place']) => number;

/** Reads the one parser of a v1model program; tells the value sets the widths of their fields. */
export function readParser(node: Node, names: Names, valueSets: readonly ValueSet[]): Parser {
  const states = node.nodes('parse_states');
  const index = new Map(states.map((state, i) => [state.string('name'), i]));
  const resolve: Resolve = (value, place) => {
    if (value === null || value === undefined) return ACCEPT;
    const target = index.get(String(value));
    if (target === undefined) throw place.invalid(`no parser state '${String(value)}'`);
    return target;
  };
  const initial = resolve(node.json['init_state'], node.place);
  if (initial === ACCEPT) throw node.place.invalid('no initial parser state');
  return { initial, states: states.map((state) => readState(state, names, valueSets, resolve)) };
}

function readState(
  node: Node,
  names: Names,
  valueSets: readonly ValueSet[],
  resolve: Resolve,
): ParserState {
  const key = node.nodes('transition_key').map((part) => {
    const value = readExpression(part.json, names, [], node.place);
    return { value, width: widthOf(value, part.json, names, node.place) };
  });
  const state: ParserState = {
    name: node.string('name'),
    steps: node.nodes('parser_ops').map((step) => readStep(step, names)),
    key,
    cases: [],
    defaultNext: ACCEPT,
  };
  for (const transition of node.nodes('transitions')) {
    if (transition.string('type') === 'default') {
      // What stands behind the first default is never reached.
      state.defaultNext = resolve(transition.json['next_state'], node.place);
      break;
    }
    const widths = key.map((part) => part.width);
    const way = readCase(transition, names, widths, resolve);
    if ('valueSet' in way) valueSets[way.valueSet]!.widths = widths;
    state.cases.push(way);
  }
  return state;
}

function readCase(
  transition: Node,
  names: Names,
  widths: readonly number[],
  resolve: Resolve,
): ParserCase {
  const { place } = transition;
  const next = resolve(transition.json['next_state'], place);
  const type = transition.string('type');
  const value = transition.json['value'];
  const mask = transition.json['mask'];
  switch (type) {
    case 'hexstr': {
      const all = widths.map((width) => (1n << BigInt(width)) - 1n);
      const masks = mask === null ? all : split(integerOf(mask, place), widths);
      return { values: split(integerOf(value, place), widths), masks, next };
    }
    case 'parse_vset':
      if (transition.has('mask')) throw place.unsupported('a value set under a mask');
      return { valueSet: names.object('parse_vset', value, place), next };
    default:
      throw place.unsupported(`a transition of type '${type}'`);
  }
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
    case 'extract':
      return readExtract(Node.of(parameters[0], place), undefined, names);
    case 'extract_VL':
      return readExtract(Node.of(parameters[0], place), expression(1), names);
    case 'set': {
      const target = names.target(Node.of(parameters[0], place).json['value'], place);
      const value = expression(1);
      if (value.kind === 'field' && names.isVarbit(target)) {
        return { op: 'run', body: [{ op: 'copy_varbit', target, source: value.ref }] };
      }
      return { op: 'set', target, value };
    }
    case 'verify':
      return { op: 'verify', condition: expression(0), error: expression(1) };
    case 'advance':
      return { op: 'advance', bits: expression(0) };
    case 'shift': {
      const bytes = integerOf(parameters[0], place);
      return { op: 'advance', bits: { kind: 'constant', value: 8n * bytes } };
    }
    case 'primitive':
      return { op: 'run', body: readPrimitiveNode(Node.of(parameters[0], place), names, []) };
    default:
      throw place.unsupported(`the parser operation '${op}'`);
  }
}

function readExtract(operand: Node, bits: Expression | undefined, names: Names): ParserStep {
  const { place } = operand;
  const value = operand.json['value'];
  const type = operand.string('type');
  switch (type) {
    case 'regular':
      return { op: 'extract', header: names.instance(value, place), bits };
    case 'stack':
      return { op: 'extract_next', stack: names.stack(value, place), member: 0, bits };
    case 'union_stack': {
      const [stack, member] = Array.isArray(value) ? value : [];
      return { op: 'extract_next', ...names.member(stack, member, place), bits };
    }
    default:
      throw place.unsupported(`extracting a ${type}`);
  }
}

/** Bits of a part of a select's key. */
function widthOf(value: Expression, json: unknown, names: Names, place: Node['place']): number {
  const inner = unwrapped(json);
  // A stack's last index is the one operation that p4c leaves in a key.
  if (isObject(inner) && inner['op'] === 'last_stack_index') return 32;
  switch (value.kind) {
    case 'field':
      return names.widthOf(value.ref);
    case 'element':
      return names.widthOf(value.fields[0]!);
    case 'lookahead':
      return value.width;
    case 'valid':
    case 'element_valid':
      return 1;
    default:
      throw place.unsupported(`a select on a ${value.kind}`);
  }
}
