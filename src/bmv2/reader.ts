/** Reads p4c's BMv2 JSON (`p4c-bm2-ss`, version 2.x of the format) into a checked program. */
import { UmbraError, messageOf } from '../base/errors.js';
import type { Action, Checksum, FieldList, FieldRef, Header, Program } from './program.js';
import { readHeaders, readStacks, readUnions, readValueSet } from './headers.js';
import { Node, Place } from './json.js';
import { Names } from './names.js';
import { readExpression } from './expression.js';
import { readAction, readBody } from './action.js';
import { readParser } from './parser.js';
import { readCalculation, readPipeline } from './pipeline.js';

/**
 * The field in which a program asks its target to hold a recirculated packet, by the name p4c
 * gives to a metadata field `umbra_hold_until_ns`. Other targets let the packet circulate.
 */
const holdField = /(^|_|\.)umbra_hold_until_ns\d*$/;

/**
 * Reads a program. `source` names the file in errors.
 * Throws INVALID_PROGRAM when it is none, UNSUPPORTED_PROGRAM naming a construct that is not run.
 */
export function readProgram(json: string | Uint8Array, source: string): Program {
  const place = new Place(source, '');
  const text = typeof json === 'string' ? json : new TextDecoder().decode(json);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UmbraError('INVALID_PROGRAM', `${source}: not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const root = Node.of(parsed, place);
  for (const key of ['header_types', 'headers', 'parsers', 'deparsers', 'pipelines', 'actions']) {
    if (!root.has(key)) throw place.invalid(`not a BMv2 program: it has no '${key}'`);
  }
  refuseUnsupported(root);
  return readRoot(root, source);
}

function refuseUnsupported(root: Node): void {
  const [extern] = root.nodes('extern_instances');
  if (extern) throw extern.place.unsupported('an extern instance');
}

function readRoot(root: Node, source: string): Program {
  const place = root.place;
  const headers = readHeaders(root);
  const unions = readUnions(root);
  const stacks = readStacks(root, unions);
  const names = new Names(headers, stacks, unions);
  const valueSets = root.nodes('parse_vsets').map(readValueSet);
  const counters = root.nodes('counter_arrays');
  const registers = root.nodes('register_arrays');
  const meters = root.nodes('meter_arrays');
  const calculations = root.nodes('calculations');
  const digests = root.nodes('learn_lists');
  names.add('counter_array', counters);
  names.add('register_array', registers);
  names.add('meter_array', meters);
  names.add('calculation', calculations);
  names.addNumbered('learn_list', digests);
  names.add('parse_vset', root.nodes('parse_vsets'));
  const actions = readActions(root, names);
  const [parser] = root.nodes('parsers');
  const [deparser] = root.nodes('deparsers');
  if (!parser || !deparser) throw place.invalid('no parser or no deparser');
  const pipelines = root.nodes('pipelines').map((node) => readPipeline(node, names, actions));
  const ingress = pipelines.find((pipeline) => pipeline.name === 'ingress');
  const egress = pipelines.find((pipeline) => pipeline.name === 'egress');
  if (!ingress || !egress) throw place.invalid('no ingress or no egress pipeline');
  const program: Program = {
    source,
    headers,
    stacks,
    unions: unions.map((union) => union.headers),
    valueSets,
    errors: readErrors(root),
    parser: readParser(parser, names, valueSets),
    deparser: deparser.array('order').map((name) => names.instance(name, deparser.place)),
    deparserBody: readBody(deparser, names),
    actions,
    ingress,
    egress,
    counters: counters.map((node) => ({ ...readArray(node) })),
    meters: meters.map(readMeter),
    registers: registers.map((node) => ({ ...readArray(node), width: node.integer('bitwidth') })),
    calculations: calculations.map((node) => readCalculation(node, names)),
    checksums: root.nodes('checksums').map((node) => readChecksum(node, names)),
    fieldLists: readFieldLists(root, names),
    digests: digests.map((node) => readDigest(node, names)),
    holdUntilNs: findHold(headers),
  };
  bindMeters(program, meters, names);
  return program;
}

function readActions(root: Node, names: Names): Action[] {
  const numbers = new Map<string, number>();
  return root.nodes('actions').map((node, i) => {
    const name = node.string('name');
    const number = numbers.get(name) ?? i;
    numbers.set(name, number);
    return readAction(node, names, number);
  });
}

function readErrors(root: Node): Map<number, string> {
  if (!root.has('errors')) return new Map();
  return new Map(
    root.array('errors').map((pair): [number, string] => {
      if (!Array.isArray(pair)) throw root.place.invalid('an error is a name and a number');
      return [Number(pair[1]), String(pair[0])];
    }),
  );
}

function readArray(node: Node): { name: string; size: number; directTable: string | undefined } {
  const isDirect = node.boolean('is_direct');
  return {
    name: node.string('name'),
    size: isDirect ? 0 : node.integer('size'),
    directTable: isDirect ? node.string('binding') : undefined,
  };
}

function readMeter(node: Node): Program['meters'][number] {
  if (node.has('rate_count') && node.integer('rate_count') !== 2) {
    throw node.place.unsupported(`a meter of ${node.integer('rate_count')} rates`);
  }
  const unit = node.string('type') === 'packets' ? 'packets' : 'bytes';
  return { ...readArray(node), unit };
}

/** A direct meter's colour goes where the meter array says. */
function bindMeters(program: Program, meters: Node[], names: Names): void {
  for (const table of [...program.ingress.tables, ...program.egress.tables]) {
    if (!table.meter) continue;
    const node = meters[table.meter.index]!;
    table.meter.target = names.target(node.json['result_target'], node.place);
  }
}

function readChecksum(node: Node, names: Names): Checksum {
  if (node.string('type') !== 'generic') {
    throw node.place.unsupported(`a checksum of type '${node.string('type')}'`);
  }
  const condition = node.json['if_cond'];
  return {
    target: names.target(node.json['target'], node.place),
    calculation: names.object('calculation', node.json['calculation'], node.place),
    verify: node.boolean('verify'),
    update: node.boolean('update'),
    condition: condition
      ? readExpression(condition, names, [], node.place)
      : { kind: 'boolean', value: true },
  };
}

function readFieldLists(root: Node, names: Names): Program['fieldLists'] {
  const lists: Program['fieldLists'] = new Map();
  for (const node of root.nodes('field_lists')) {
    const list: FieldList = { fields: [], headers: [], stacks: [] };
    for (const element of node.nodes('elements')) readListElement(list, element, names);
    lists.set(node.integer('id'), list);
  }
  return lists;
}

function readListElement(list: FieldList, element: Node, names: Names): void {
  const value = element.json['value'];
  const { place } = element;
  const addHeader = (header: number): void => {
    list.headers.push(header);
    names.headers[header]!.fields.forEach((_, field) => list.fields.push({ header, field }));
  };
  switch (element.string('type')) {
    case 'field':
      list.fields.push(names.target(value, place));
      return;
    case 'header':
      addHeader(names.instance(value, place));
      return;
    case 'header_union':
      names.union(value, place).headers.forEach(addHeader);
      return;
    case 'header_stack':
    case 'header_union_stack': {
      const stack = names.stack(value, place);
      list.stacks.push(stack);
      names.stacks[stack]!.elements.flat().forEach(addHeader);
      return;
    }
    default:
      throw place.unsupported(`a field list with a ${element.string('type')}`);
  }
}

function readDigest(node: Node, names: Names): Program['digests'][number] {
  const parts = node.nodes('elements').map((element) => {
    const value = readExpression(element.json, names, [], node.place);
    if (value.kind !== 'field') throw node.place.unsupported(`a digest of a ${value.kind}`);
    return { value, width: names.widthOf(value.ref) };
  });
  return {
    name: node.string('name'),
    fields: parts.map((part) => part.value),
    widths: parts.map((part) => part.width),
  };
}

function findHold(headers: readonly Header[]): FieldRef | undefined {
  for (const [header, { isMetadata, fields }] of headers.entries()) {
    const field = isMetadata ? fields.findIndex((f) => holdField.test(f.name)) : -1;
    if (field >= 0) return { header, field };
  }
  return undefined;
}
