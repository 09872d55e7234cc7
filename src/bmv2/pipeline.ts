/** Match-action pipelines of the BMv2 JSON. */
import type {
  Action,
  Calculation,
  Condition,
  Expression,
  HashAlgorithm,
  InitialEntry,
  InitialMatch,
  NodeRef,
  Pipeline,
  Profile,
  Table,
  TableKey,
} from './program.js';
import { integerOf, Node } from './json.js';
import type { Names } from './names.js';
import { readExpression } from './expression.js';

const algorithms = new Map<string, HashAlgorithm>([
  ['crc16', 'crc16'],
  ['crc16_custom', 'crc16'],
  ['crc32', 'crc32'],
  ['crc32_custom', 'crc32'],
  ['crcCCITT', 'crcCCITT'],
  ['csum16', 'csum16'],
  ['cksum16', 'csum16'],
  ['xor16', 'xor16'],
  ['xxh64', 'xxh64'],
  ['identity', 'identity'],
  ['random', 'random'],
]);
const matchKinds = new Set<string>(['exact', 'lpm', 'ternary', 'range', 'optional', 'valid']);

/** What a pipeline refers to beyond its own nodes. */
interface Context {
  names: Names;
  actions: readonly Action[];
  /** Node name to place in the graph. */
  nodes: Map<string, NonNullable<NodeRef>>;
  profiles: Map<string, number>;
}

/** Reads `ingress` or `egress`. */
export function readPipeline(node: Node, names: Names, actions: readonly Action[]): Pipeline {
  const tables = node.nodes('tables');
  const conditionals = node.nodes('conditionals');
  const profiles = node.nodes('action_profiles');
  if (node.nodes('action_calls').length > 0) throw node.place.unsupported('an action call');
  const context: Context = {
    names,
    actions,
    nodes: new Map<string, NonNullable<NodeRef>>([
      ...tables.map((t, i) => [t.string('name'), { kind: 'table', index: i }] as const),
      ...conditionals.map((c, i) => [c.string('name'), { kind: 'condition', index: i }] as const),
    ]),
    profiles: new Map(profiles.map((p, i) => [p.string('name'), i])),
  };
  return {
    name: node.string('name') as Pipeline['name'],
    initial: resolve(node.json['init_table'], context, node),
    tables: tables.map((table) => readTable(table, context)),
    conditions: conditionals.map((condition) => readCondition(condition, context)),
    profiles: profiles.map((profile) => readProfile(profile, names)),
  };
}

function resolve(name: unknown, context: Context, node: Node): NodeRef {
  if (name === null || name === undefined) return undefined;
  const found = context.nodes.get(String(name));
  if (!found) throw node.place.invalid(`no table or condition '${String(name)}'`);
  return found;
}

function readCondition(node: Node, context: Context): Condition {
  return {
    expression: readExpression(node.json['expression'], context.names, [], node.place),
    text: node.sourceText ?? node.string('name'),
    place: node.place.line,
    whenTrue: resolve(node.json['true_next'], context, node),
    whenFalse: resolve(node.json['false_next'], context, node),
  };
}

function readProfile(node: Node, names: Names): Profile {
  const selector = node.has('selector') ? node.node('selector') : undefined;
  return {
    name: node.string('name'),
    size: node.integer('max_size'),
    selector: selector && { calculation: readCalculation(selector, names) },
  };
}

/** A hash over fields: of a selector, a hash extern or a checksum. */
export function readCalculation(node: Node, names: Names): Calculation {
  const name = node.string('algo');
  const algorithm = algorithms.get(name);
  if (!algorithm) throw node.place.unsupported(`the hash algorithm '${name}'`);
  const result: Calculation = {
    algorithm,
    input: [],
    widths: [],
    withPayload: false,
  };
  for (const part of node.nodes('input')) {
    const type = part.string('type');
    if (type === 'payload') {
      result.withPayload = true;
      continue;
    }
    if (type === 'header') {
      const header = names.header(part.json['value'], node.place);
      names.headers[header]!.fields.forEach(({ width }, field) => {
        result.input.push({ kind: 'field', ref: { header, field } });
        result.widths.push(width);
      });
      continue;
    }
    const value = readExpression(part.json, names, [], node.place);
    if (value.kind === 'field') result.widths.push(names.widthOf(value.ref));
    else if (part.has('bitwidth')) result.widths.push(part.integer('bitwidth'));
    else throw node.place.unsupported(`a hash over ${type}`);
    result.input.push(value);
  }
  return result;
}

function readTable(node: Node, context: Context): Table {
  const type = node.string('type');
  if (!['simple', 'indirect', 'indirect_ws'].includes(type)) {
    throw node.place.unsupported(`a table of type '${type}'`);
  }
  const profileName = type === 'simple' ? undefined : node.string('action_profile');
  const profile = profileName === undefined ? undefined : context.profiles.get(profileName);
  if (profileName !== undefined && profile === undefined) {
    throw node.place.invalid(`no action profile '${profileName}'`);
  }
  const actions = node.array('action_ids').map((id) => {
    if (typeof id !== 'number' || !context.actions[id]) throw node.place.invalid(`no action ${id}`);
    return id;
  });
  const key = node.nodes('key').map((part) => readKey(part, context.names));
  const meter = node.has('direct_meters') ? node.string('direct_meters') : undefined;
  const entries = node.nodes('entries').map((entry) => readEntry(entry, key, context.actions));
  return {
    name: node.string('name'),
    key,
    size: node.integer('max_size'),
    profile,
    hasCounters: node.boolean('with_counters'),
    supportsTimeout: node.boolean('support_timeout'),
    meter:
      meter === undefined
        ? undefined
        : {
            index: context.names.object('meter_array', meter, node.place),
            target: { header: -1, field: -1 },
          },
    actions,
    defaultAction: readDefault(node, context.actions),
    entries,
    next: readNext(node, actions, context),
    defaultNext: resolve(node.json['base_default_next'], context, node),
    place: node.place.line,
  };
}

function readKey(node: Node, names: Names): TableKey {
  const kind = node.string('match_type');
  if (!matchKinds.has(kind)) throw node.place.unsupported(`a key of kind '${kind}'`);
  const target = node.json['target'];
  const ref =
    kind === 'valid' && !Array.isArray(target)
      ? { valid: names.header(target, node.place) }
      : names.field(target, node.place);
  const field: Expression =
    'valid' in ref ? { kind: 'valid', header: ref.valid } : { kind: 'field', ref };
  const value = node.has('mask') ? masked(field, node) : field;
  const width = 'valid' in ref ? 1 : names.widthOf(ref);
  const name = node.has('name') ? node.string('name') : [target].flat().join('.');
  return { name, kind: kind as TableKey['kind'], value, width };
}

/** A key of the form `field & mask`, which p4c keeps out of the expressions. */
function masked(field: Expression, node: Node): Expression {
  const mask: Expression = {
    kind: 'constant',
    value: integerOf(node.json['mask'], node.place),
  };
  return { kind: 'operation', operator: '&', operands: [field, mask] };
}

function readDefault(node: Node, actions: readonly Action[]): Table['defaultAction'] {
  if (!node.has('default_entry')) return undefined;
  const entry = node.node('default_entry');
  const action = entry.integer('action_id');
  const args = entry.array('action_data').map((value) => integerOf(value, node.place));
  if (actions[action]?.parameters.length !== args.length) {
    throw node.place.invalid(`default action ${action} with ${args.length} arguments`);
  }
  return { action, args, isConst: entry.boolean('action_const') };
}

function readNext(node: Node, actions: number[], context: Context): Table['next'] {
  const next = node.node('next_tables').json;
  const onHit = '__HIT__' in next || '__MISS__' in next;
  const hit = resolve(next['__HIT__'], context, node);
  const miss = resolve(next['__MISS__'], context, node);
  const byAction = actions.map((id) =>
    onHit ? undefined : resolve(next[context.actions[id]!.name], context, node),
  );
  return { byAction, hit, miss, onHit };
}

function readEntry(node: Node, key: TableKey[], actions: readonly Action[]): InitialEntry {
  const parts = node.nodes('match_key');
  if (parts.length !== key.length) throw node.place.invalid(`an entry with ${parts.length} keys`);
  const entry = node.node('action_entry');
  const action = entry.integer('action_id');
  if (!actions[action]) throw node.place.invalid(`no action ${action}`);
  const args = entry.array('action_data').map((value) => integerOf(value, node.place));
  const match = parts.map((part, i) => readMatch(part, key[i]!));
  return { match, priority: node.has('priority') ? node.integer('priority') : 0, action, args };
}

function readMatch(node: Node, { kind, width }: TableKey): InitialMatch {
  const number = (name: string): bigint => integerOf(node.json[name], node.place);
  switch (kind) {
    case 'exact':
      return { value: number('key') };
    case 'valid':
      return { value: node.boolean('key') ? 1n : 0n };
    case 'lpm':
      return { value: number('key'), prefixLength: node.integer('prefix_length') };
    case 'range':
      return { low: number('start'), high: number('end') };
    case 'ternary':
    case 'optional': {
      if (!node.has('key')) return null;
      const mask = node.has('mask') ? number('mask') : (1n << BigInt(width)) - 1n;
      return mask === 0n ? null : { value: number('key'), mask };
    }
  }
}
