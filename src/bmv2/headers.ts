/** Headers of the BMv2 JSON: instances, unions and stacks of them; and value sets. */
import type { Field, Header, HeaderStack, ValueSet, Varbit } from './program.js';
import type { Node } from './json.js';

/** A header union, with the members' names within it. */
export interface NamedUnion {
  name: string;
  headers: number[];
  members: string[];
}

/** All header and metadata instances, in the order of the file. */
export function readHeaders(root: Node): Header[] {
  const types = new Map(root.nodes('header_types').map((type) => [type.string('name'), type]));
  return root.nodes('headers').map((node) => {
    const type = types.get(node.string('header_type'));
    if (!type) throw node.place.invalid(`no header type '${node.string('header_type')}'`);
    return { name: node.string('name'), isMetadata: node.boolean('metadata'), ...readType(type) };
  });
}

function readType(type: Node): Omit<Header, 'name' | 'isMetadata'> {
  let bits = 0;
  let varbitField = -1;
  const fields = type.array('fields').map((value, i): Field => {
    const [name, width, signed] = Array.isArray(value) ? value : [];
    if (typeof name !== 'string') throw type.place.invalid('a field without a name');
    if (width === '*') {
      if (varbitField >= 0) throw type.place.unsupported('a second varbit field');
      varbitField = i;
      return { name, width: 0, bitOffset: bits, isSigned: false };
    }
    if (typeof width !== 'number' || width < 1) throw type.place.invalid(`width of '${name}'`);
    const field = { name, width, bitOffset: bits, isSigned: signed === true };
    bits += width;
    return field;
  });
  if (bits % 8 !== 0) throw type.place.invalid(`${bits} bits`);
  const byteLength = bits / 8;
  let varbit: Varbit | undefined;
  if (varbitField >= 0) {
    const maxBytes = type.integer('max_length') - byteLength;
    if (maxBytes < 0) throw type.place.invalid(`'max_length' below ${byteLength}`);
    varbit = { field: varbitField, maxBytes };
  }
  return { fields, byteLength, varbit };
}

/** Positions by the ids that the file refers to. */
function positions(root: Node, key: string): Map<number, number> {
  return new Map(root.nodes(key).map((node, i) => [node.integer('id'), i]));
}

function readIds(node: Node, key: string, known: ReadonlyMap<number, number>): number[] {
  return node.array(key).map((id) => {
    const position = known.get(Number(id));
    if (position === undefined) throw node.place.invalid(`'${key}' refers to ${String(id)}`);
    return position;
  });
}

/** The header unions; empty when there are none. */
export function readUnions(root: Node): NamedUnion[] {
  const ids = positions(root, 'headers');
  const types = new Map(
    root.nodes('header_union_types').map((type) => [
      type.string('name'),
      type.array('headers').map((pair) => String(Array.isArray(pair) ? pair[0] : pair)),
    ]),
  );
  return root.nodes('header_unions').map((node) => {
    const headers = readIds(node, 'header_ids', ids);
    const members = types.get(node.string('union_type'));
    if (members?.length !== headers.length) throw node.place.invalid("its 'header_ids'");
    return { name: node.string('name'), headers, members };
  });
}

/** Stacks of headers, then stacks of unions. */
export function readStacks(root: Node, unions: readonly NamedUnion[]): HeaderStack[] {
  const headerIds = positions(root, 'headers');
  const unionIds = positions(root, 'header_unions');
  const ofHeaders = root.nodes('header_stacks').map((node) => ({
    name: node.string('name'),
    elements: readIds(node, 'header_ids', headerIds).map((header) => [header]),
  }));
  const ofUnions = root.nodes('header_union_stacks').map((node) => ({
    name: node.string('name'),
    elements: readIds(node, 'header_union_ids', unionIds).map((union) => unions[union]!.headers),
  }));
  return [...ofHeaders, ...ofUnions];
}

/** A value set; the widths of its fields follow from the select that uses it. */
export function readValueSet(node: Node): ValueSet {
  return {
    name: node.string('name'),
    size: node.integer('max_size'),
    widths: [node.integer('compressed_bitwidth')],
  };
}
