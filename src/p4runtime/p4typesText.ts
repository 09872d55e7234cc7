/** The shapes of P4 types in the text format: what digests, registers and `type_info` hold. */
import type { FieldShape, MessageShape } from './textFormat.js';

const number: FieldShape = { kind: 'number' };
const string: FieldShape = { kind: 'string' };
const strings: FieldShape = { kind: 'string', many: true };
const one = (message: MessageShape): FieldShape => ({ kind: 'message', message });
const many = (message: MessageShape): FieldShape => ({ kind: 'message', message, many: true });
const mapOf = (message: MessageShape): FieldShape => ({ kind: 'message', message, map: true });

/** The alternatives of a oneof, each with the fields of its message. */
function oneOf(name: string, alternatives: Record<string, MessageShape>): MessageShape {
  const fields = Object.entries(alternatives).map(([field, message]): [string, FieldShape] => [
    field,
    { kind: 'message', message, oneof: name },
  ]);
  return Object.fromEntries(fields);
}

const expression: MessageShape = {
  string_value: { kind: 'string', oneof: 'value' },
  int64_value: { kind: 'bigint', oneof: 'value' },
  bool_value: { kind: 'boolean', oneof: 'value' },
};
const location: MessageShape = { file: string, line: number, column: number };

/** What every annotated message carries. */
export const annotated: MessageShape = {
  annotations: strings,
  annotation_locations: many(location),
  structured_annotations: many({
    name: string,
    source_location: one(location),
    ...oneOf('body', {
      expression_list: { expressions: many(expression) },
      kv_pair_list: { kv_pairs: many({ key: string, value: one(expression) }) },
    }),
  }),
};

/** A reference to a named type. */
export const typeName: MessageShape = { name: string };

const bit: MessageShape = { bitwidth: number };
const bitstring: MessageShape = {
  ...oneOf('typeSpec', { bit, int: bit, varbit: { max_bitwidth: number } }),
  ...annotated,
};
const tuple: MessageShape = {};

/** Any type. */
export const dataType: MessageShape = oneOf('typeSpec', {
  bitstring,
  bool: {},
  tuple,
  struct: typeName,
  header: typeName,
  header_union: typeName,
  header_stack: { header: one(typeName), size: number },
  header_union_stack: { header_union: one(typeName), size: number },
  enum: typeName,
  error: {},
  serializable_enum: typeName,
  new_type: typeName,
});
// A tuple's members are types again.
tuple['members'] = many(dataType);

const translated: MessageShape = {
  uri: string,
  sdn_bitwidth: { kind: 'number', oneof: 'sdnType' },
  ...oneOf('sdnType', { sdn_string: {} }),
};

/** All named types of a program. */
export const typeInfo: MessageShape = {
  structs: mapOf({ members: many({ name: string, type_spec: one(dataType) }), ...annotated }),
  headers: mapOf({ members: many({ name: string, type_spec: one(bitstring) }), ...annotated }),
  header_unions: mapOf({ members: many({ name: string, header: one(typeName) }), ...annotated }),
  enums: mapOf({ members: many({ name: string, ...annotated }), ...annotated }),
  error: one({ members: strings }),
  serializable_enums: mapOf({
    underlying_type: one(bit),
    members: many({ name: string, value: { kind: 'bytes' }, ...annotated }),
    ...annotated,
  }),
  new_types: mapOf({
    ...oneOf('representation', { original_type: dataType, translated_type: translated }),
    ...annotated,
  }),
};
