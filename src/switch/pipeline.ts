/** A pipeline config for the embedded switch: P4Info and p4c's BMv2 JSON that belong together. */
import { UmbraError } from '../base/errors.js';
import { readProgram, type Pipeline, type Program } from '../bmv2/index.js';
import { Schema, type MatchType } from '../p4runtime/index.js';
import { p4info, type ForwardingPipelineConfig } from '../proto/index.js';

/** A checked pipeline config. */
export interface CheckedPipeline {
  config: ForwardingPipelineConfig;
  program: Program;
  schema: Schema;
}

/** Programs by the bytes they came in: a fabric sets one program on many switches. */
const programs = new WeakMap<Uint8Array, Program>();

/**
 * Reads and checks a config. Throws INVALID_PROGRAM, UNSUPPORTED_PROGRAM, or PIPELINE_MISMATCH
 * naming the object in which P4Info and the device config differ.
 */
export function checkPipeline(config: ForwardingPipelineConfig): CheckedPipeline {
  if (!config.p4info) throw new UmbraError('INVALID_PROGRAM', 'pipeline config without P4Info');
  let program = programs.get(config.p4DeviceConfig);
  if (!program) {
    program = readProgram(config.p4DeviceConfig, 'p4_device_config');
    programs.set(config.p4DeviceConfig, program);
  }
  const schema = new Schema(withoutDeadCode(config.p4info, program));
  compare(schema, program);
  return { config, program, schema };
}

/** Whether two configs are the same program with the same P4Info; their cookies may differ. */
export function isSameConfig(a: ForwardingPipelineConfig, b: ForwardingPipelineConfig): boolean {
  const bytes = (config: ForwardingPipelineConfig): Uint8Array =>
    p4info.P4Info.encode(config.p4info!).finish();
  return (
    Buffer.compare(a.p4DeviceConfig, b.p4DeviceConfig) === 0 &&
    Buffer.compare(bytes(a), bytes(b)) === 0
  );
}

/**
 * P4Info without what p4c wrote there before it found it to be dead code. Only what leaves a
 * controller nothing to write may be missing from the config: tables with no key and one action at
 * most, and actions that no table has.
 */
function withoutDeadCode(info: p4info.P4Info, program: Program): p4info.P4Info {
  const pipelines = [program.ingress, program.egress];
  const tableNames = new Set(pipelines.flatMap((pipeline) => pipeline.tables.map(nameOf)));
  const actionNames = new Set(program.actions.map(nameOf));
  const tables = info.tables.filter(
    ({ preamble, matchFields, actionRefs }) =>
      matchFields.length > 0 || actionRefs.length > 1 || tableNames.has(preamble?.name ?? ''),
  );
  const inUse = new Set(tables.flatMap((table) => table.actionRefs.map((ref) => ref.id)));
  const actions = info.actions.filter(
    ({ preamble }) => inUse.has(preamble?.id ?? 0) || actionNames.has(preamble?.name ?? ''),
  );
  return { ...info, tables, actions };
}

function nameOf({ name }: { name: string }): string {
  return name;
}

/**
 * The sizes that P4Info gives to tables that take entries. p4c gives a table that brings entries
 * no room in the device config but for those.
 */
export function tableSizes({ tables }: Schema): ReadonlyMap<string, number> {
  return new Map(tables.all.filter((t) => !t.isConst).map((t) => [t.name, t.size]));
}

function mismatch(what: string): UmbraError {
  return new UmbraError(
    'PIPELINE_MISMATCH',
    `P4Info and the device config do not belong together: ${what}`,
  );
}

function compare(schema: Schema, program: Program): void {
  const pipelines: Pipeline[] = [program.ingress, program.egress];
  const tables = new Map(pipelines.flatMap((p) => p.tables).map((table) => [table.name, table]));
  for (const table of schema.tables.all) {
    const found = tables.get(table.name);
    if (!found) throw mismatch(`the config has no table '${table.name}'`);
    const ours = table.fields.map((f) => `${kindOf(f.type)} ${f.bitWidth}`).join(', ');
    // P4Info has no width for keys of type error.
    const theirs = found.key
      .map((k, i) => `${k.kind} ${table.fields[i]?.bitWidth === 0 ? 0 : k.width}`)
      .join(', ');
    if (ours !== theirs) {
      throw mismatch(`key of '${table.name}': P4Info says (${ours}), the config (${theirs})`);
    }
  }
  const actions = new Map(program.actions.map((action) => [action.name, action]));
  for (const action of schema.actions.all) {
    const found = actions.get(action.name);
    if (!found) throw mismatch(`the config has no action '${action.name}'`);
    const ours = action.params.map((p) => p.bitWidth).join(', ');
    const theirs = found.parameters.map((p) => p.width).join(', ');
    if (ours !== theirs) {
      throw mismatch(`parameters of '${action.name}': (${ours}) and (${theirs}) bits`);
    }
  }
  compareNames(
    'action profile',
    schema.profiles.all,
    pipelines.flatMap((p) => p.profiles),
  );
  compareNames('counter', schema.counters.all, program.counters);
  compareNames('register', schema.registers.all, program.registers);
  compareNames('meter', schema.meters.all, program.meters);
  compareNames('digest', schema.digests.all, program.digests);
  compareNames('value set', schema.valueSets.all, program.valueSets);
}

/** p4c has the switch match an optional key as a ternary one. */
function kindOf(type: MatchType): string {
  return type === 'optional' ? 'ternary' : type;
}

function compareNames(
  kind: string,
  wanted: readonly { name: string }[],
  have: readonly { name: string }[],
): void {
  const names = new Set(have.map((item) => item.name));
  for (const { name } of wanted) {
    if (!names.has(name)) throw mismatch(`the config has no ${kind} '${name}'`);
  }
}
