/** P4Info in the protobuf text format (`*.p4info.txtpb`), as p4c writes it. */
import { p4info } from '../proto/index.js';
import { annotated, dataType, typeInfo, typeName } from './p4typesText.js';
import { readTextFormat, type FieldShape, type MessageShape } from './textFormat.js';

const number: FieldShape = { kind: 'number' };
const bigint: FieldShape = { kind: 'bigint' };
const boolean: FieldShape = { kind: 'boolean' };
const string: FieldShape = { kind: 'string' };
const numbers: FieldShape = { kind: 'number', many: true };
const one = (message: MessageShape): FieldShape => ({ kind: 'message', message });
const many = (message: MessageShape): FieldShape => ({ kind: 'message', message, many: true });

/** An enum's names, spelled as in the proto file. */
function names(values: object): FieldShape {
  const entries = Object.entries(values).filter(([, value]) => typeof value === 'number');
  return { kind: 'enum', values: Object.fromEntries(entries) };
}

const document = one({ brief: string, description: string });
const indexType = one(typeName);
const preamble = one({ id: number, name: string, alias: string, doc: document, ...annotated });
const bitwidthPart = { bitwidth: number, doc: document, type_name: indexType, ...annotated };
const matchField = many({
  id: number,
  name: string,
  ...bitwidthPart,
  match_type: { ...names(p4info.MatchField_MatchType), oneof: 'match' },
  other_match_type: { kind: 'string', oneof: 'match' },
});
const counterSpec = one({ unit: names(p4info.CounterSpec_Unit) });
const meterSpec = one({ unit: names(p4info.MeterSpec_Unit), type: names(p4info.MeterSpec_Type) });
const typeSpec = one(dataType);

const shape: MessageShape = {
  pkg_info: one({
    name: string,
    version: string,
    doc: document,
    arch: string,
    organization: string,
    contact: string,
    url: string,
    platform_properties: one({
      multicast_group_table_size: number,
      multicast_group_table_total_replicas: number,
      multicast_group_table_max_replicas_per_entry: number,
    }),
    ...annotated,
  }),
  tables: many({
    preamble,
    match_fields: matchField,
    action_refs: many({
      id: number,
      scope: names(p4info.ActionRef_Scope),
      ...annotated,
    }),
    const_default_action_id: number,
    initial_default_action: one({
      action_id: number,
      arguments: many({ param_id: number, value: { kind: 'bytes' } }),
    }),
    implementation_id: number,
    direct_resource_ids: numbers,
    size: bigint,
    idle_timeout_behavior: names(p4info.Table_IdleTimeoutBehavior),
    is_const_table: boolean,
    has_initial_entries: boolean,
  }),
  actions: many({ preamble, params: many({ id: number, name: string, ...bitwidthPart }) }),
  action_profiles: many({
    preamble,
    table_ids: numbers,
    with_selector: boolean,
    size: bigint,
    max_group_size: number,
    weights_disallowed: boolean,
    sum_of_weights: { kind: 'message', oneof: 'selectorSizeSemantics', message: {} },
    sum_of_members: {
      kind: 'message',
      oneof: 'selectorSizeSemantics',
      message: { max_member_weight: number },
    },
  }),
  counters: many({ preamble, spec: counterSpec, size: bigint, index_type_name: indexType }),
  direct_counters: many({ preamble, spec: counterSpec, direct_table_id: number }),
  meters: many({ preamble, spec: meterSpec, size: bigint, index_type_name: indexType }),
  direct_meters: many({ preamble, spec: meterSpec, direct_table_id: number }),
  controller_packet_metadata: many({
    preamble,
    metadata: many({ id: number, name: string, ...bitwidthPart }),
  }),
  value_sets: many({ preamble, match: matchField, size: number }),
  registers: many({ preamble, type_spec: typeSpec, size: number, index_type_name: indexType }),
  digests: many({ preamble, type_spec: typeSpec }),
  type_info: one(typeInfo),
};

/** Reads P4Info text. Throws INVALID_FILE naming `file` and the line. */
export function readP4InfoText(text: string, file: string): p4info.P4Info {
  return p4info.P4Info.fromPartial(readTextFormat(text, shape, file));
}
