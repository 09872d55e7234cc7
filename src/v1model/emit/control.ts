/** Match-action pipelines: tables, conditions, and the jumps between them. */
import type { NodeRef, Pipeline, Table, TableKey } from '../../bmv2/index.js';
import { assert } from '../../base/assert.js';
import { emitAction, type ArgumentSource } from './action.js';
import { comment, type Emitter } from './context.js';
import { emitParts, END, topologicalOrder, type GraphPart, type NodeEmitter } from './graph.js';
import { emitHash } from './hash.js';
import { canBeQuiet, nodeKey } from './quiet.js';
import { canBeStale } from './stale.js';
import { asCondition, asLimbs, asUnsigned, limbCount, setupOf } from './value.js';
import { rowStride } from '../parameters.js';

/** The variable of a table in generated code: `ti3` is ingress table 3. */
export function tableVariable(pipeline: Pipeline, index: number): string {
  return `t${pipeline.name === 'ingress' ? 'i' : 'e'}${index}`;
}

/** How a tracer tells the pipelines apart. */
function pipelineNumber(pipeline: Pipeline): number {
  return pipeline.name === 'ingress' ? 0 : 1;
}

/** The variable of an action profile. */
export function profileVariable(pipeline: Pipeline, index: number): string {
  return `p${pipeline.name === 'ingress' ? 'i' : 'e'}${index}`;
}

/** A table whose one keyless action can never change is that action. */
export function isInline(table: Table): boolean {
  return (
    table.key.length === 0 &&
    table.profile === undefined &&
    !table.hasCounters &&
    !table.meter &&
    table.actions.length === 1 &&
    table.defaultAction?.isConst === true &&
    table.defaultAction.args.length === 0
  );
}

/**
 * Emits a pipeline as one labelled block, or as parts of about `limit` characters.
 * @param isQuiet the form for when all tables are quiet that can be: their misses only
 */
export function emitPipeline(
  emitter: Emitter,
  pipeline: Pipeline,
  limit: number,
  isQuiet = false,
): GraphPart[] {
  const tables = pipeline.tables.length;
  const isQuietTable = (node: number): boolean =>
    isQuiet && node < tables && canBeQuiet(emitter.program, pipeline.tables[node]!);
  const number = (ref: NodeRef): number =>
    ref === undefined ? END : ref.kind === 'table' ? ref.index : tables + ref.index;
  const successors = (node: number): number[] => {
    if (node >= tables) {
      const condition = pipeline.conditions[node - tables]!;
      return [number(condition.whenTrue), number(condition.whenFalse)];
    }
    const { next, defaultNext } = pipeline.tables[node]!;
    if (isQuietTable(node)) return [number(next.miss)];
    return [...next.byAction, next.hit, next.miss, defaultNext].map(number);
  };
  const order = topologicalOrder(number(pipeline.initial), successors);
  assert(order !== undefined, 'p4c emits pipelines without circles');
  const label = pipeline.name === 'ingress' ? 'IN' : 'EG';
  const emitNode: NodeEmitter = (node, jump) => {
    const go = (ref: NodeRef): string => jump(number(ref));
    if (isQuietTable(node)) return emitMiss(emitter, pipeline, node, go);
    if (node < tables) return emitTable(emitter, pipeline, node, go, `break ${label};`);
    const condition = pipeline.conditions[node - tables]!;
    const value = asCondition(emitter.value(condition.expression));
    const which = `${pipelineNumber(pipeline)}, ${node - tables}`;
    const code = emitter.isTraced ? `T.condition(${which}, ${value})` : value;
    return `if (${code}) { ${go(condition.whenTrue)} } else { ${go(condition.whenFalse)} }`;
  };
  return emitParts(order, label, emitNode, limit);
}

/** A table without entries. */
function emitMiss(
  emitter: Emitter,
  pipeline: Pipeline,
  index: number,
  go: (ref: NodeRef) => string,
): string {
  const { hasCounters, next } = pipeline.tables[index]!;
  const name = tableVariable(pipeline, index);
  const length = emitter.packetLength;
  const count = hasCounters ? `${name}_packets[0]++; ${name}_bytes[0] += ${length};` : '';
  return `${count} ${go(next.miss)}`;
}

function emitTable(
  emitter: Emitter,
  pipeline: Pipeline,
  index: number,
  go: (ref: NodeRef) => string,
  exit: string,
): string {
  const table = pipeline.tables[index]!;
  const { actions } = emitter.program;
  if (isInline(table)) {
    const none: ArgumentSource = { ints: '', doubles: '', intRow: '', doubleRow: '' };
    const next = table.next.onHit ? table.next.miss : table.next.byAction[0];
    const probe = emitter.probe(`inline(${pipelineNumber(pipeline)}, ${index})`);
    return `${probe}${emitAction(emitter, actions[table.actions[0]!]!, none, exit)} ${go(next)}`;
  }
  const name = tableVariable(pipeline, index);
  const parts = [comment(`${table.name} (${table.place})`), emitLookup(emitter, table, name)];
  if (table.hasCounters) {
    parts.push(`${name}_packets[e]++; ${name}_bytes[e] += ${emitter.packetLength};`);
  }
  if (table.supportsTimeout) parts.push(`${name}_hits[e] = NOW[0];`);
  if (table.meter) {
    const colour = `${name}_table.meterColour(e, ${emitter.packetLength})`;
    parts.push(
      emitter.assign(table.meter.target, { kind: 'number', code: colour, low: 0, high: 2 }),
    );
  }
  parts.push(emitDispatch(emitter, pipeline, table, name, go, exit));
  return parts.join('\n');
}

/** Whether the key is collected only while the table has entries: keys of one word always are. */
export function skipsWhenEmpty({ key }: Table): boolean {
  return key.reduce((words, { width }) => words + limbCount(width), 0) > 1;
}

/** Leaves the entry that matches in `e`; 0 is the default entry. */
function emitLookup(emitter: Emitter, table: Table, name: string): string {
  if (table.key.length === 0) return 'e = 0;';
  const { setup, words } = emitKey(emitter, table.key);
  if (words.length === 1) return `e = ${name}.find(${words[0]} | 0);`;
  const stores = [setup, ...words.map((word, i) => `${name}_key[${i}] = ${word};`)];
  // Many tables stay empty: their keys need not even be collected.
  return `if (${name}.used === 0) e = 0;\nelse { ${stores.join(' ')} e = ${name}.lookup(); }`;
}

/**
 * A key as words, and the statements that must run before they are read. Fields of an invalid
 * header match as zero, which is what the reference target does.
 */
function emitKey(emitter: Emitter, key: readonly TableKey[]): { setup: string; words: string[] } {
  const parts = key.map(({ value: expression, width }) => {
    const value = emitter.value(expression);
    const isZeroed = expression.kind === 'field' && canBeStale(emitter.layout, expression.ref);
    const guard = isZeroed ? emitter.isValid(expression.ref.header) : undefined;
    const orZero = (word: string): string => (guard ? `(${guard} ? ${word} : 0)` : word);
    if (width <= 32) return { setup: '', words: [orZero(asUnsigned(value, width))] };
    return { setup: setupOf(value), words: asLimbs(value, limbCount(width)).map(orZero) };
  });
  return {
    setup: parts.map((part) => part.setup).join(''),
    words: parts.flatMap((part) => part.words),
  };
}

function emitDispatch(
  emitter: Emitter,
  pipeline: Pipeline,
  table: Table,
  name: string,
  go: (ref: NodeRef) => string,
  exit: string,
): string {
  const { actions } = emitter.program;
  const isIndirect = table.profile !== undefined;
  const holder = isIndirect ? profileVariable(pipeline, table.profile!) : name;
  const row = isIndirect ? 'm' : 'e';
  const stride = rowStride(holderActions(emitter, pipeline, table));
  const source: ArgumentSource = {
    ints: `${holder}_ints`,
    doubles: `${holder}_doubles`,
    intRow: `${row} * ${stride.ints}`,
    doubleRow: `${row} * ${stride.doubles}`,
  };
  const isSameNext = table.next.onHit || new Set(table.next.byAction.map(nodeKey)).size <= 1;
  const cases = table.actions.map((id, i) => {
    const body = emitAction(emitter, actions[id]!, source, exit);
    const jump = isSameNext ? '' : go(table.next.byAction[i]);
    return `case ${actions[id]!.number}: { ${comment(actions[id]!.name)}\n${body} ${jump} break; }`;
  });
  if (!isSameNext) cases.push(`default: { ${go(table.defaultNext)} }`);
  const choose = isIndirect ? emitMemberChoice(emitter, pipeline, table, name, holder) : '';
  const id = isIndirect ? `m < 0 ? -1 : ${holder}_action[m]` : `${name}_action[e]`;
  const after = table.next.onHit
    ? `if (e !== 0) { ${go(table.next.hit)} } else { ${go(table.next.miss)} }`
    : isSameNext
      ? go(table.next.byAction[0])
      : '';
  const probe = emitTableProbe(emitter, pipeline, table, isIndirect);
  return `${choose}${probe}switch (${id}) {\n${cases.join('\n')}\n}\n${after}`;
}

/** Tells the tracer which table met which key, entry and member. */
function emitTableProbe(
  emitter: Emitter,
  pipeline: Pipeline,
  table: Table,
  isIndirect: boolean,
): string {
  if (!emitter.isTraced) return '';
  const index = pipeline.tables.indexOf(table);
  const { setup, words } = emitKey(emitter, table.key);
  const member = isIndirect ? 'm' : '-1';
  const at = `${pipelineNumber(pipeline)}, ${index}`;
  return setup + emitter.probe(`table(${at}, e, ${member}, [${words.join(', ')}])`);
}

/** All actions whose arguments share the columns that this table uses. */
function holderActions(emitter: Emitter, pipeline: Pipeline, table: Table) {
  const sharing =
    table.profile === undefined
      ? [table]
      : pipeline.tables.filter((other) => other.profile === table.profile);
  return sharing.flatMap((t) => t.actions.map((id) => emitter.program.actions[id]!));
}

/** Leaves the member to run in `m`, -1 when there is none. */
function emitMemberChoice(
  emitter: Emitter,
  pipeline: Pipeline,
  table: Table,
  name: string,
  holder: string,
): string {
  const profile = pipeline.profiles[table.profile!]!;
  if (!profile.selector) return `m = ${name}_ref[e];\n`;
  const hash = emitHash(emitter, profile.selector.calculation);
  const { value } = hash;
  const choice =
    value.kind === 'limbs'
      ? `chooseWide(m, ${value.limbs.join(', ')})`
      : `choose(m, ${asUnsigned(value, 53)})`;
  return `m = ${name}_ref[e];
    if (m < -1) {
      ${hash.statements}
      m = ${holder}.${choice};
      if (m < 0) m = ${name}_ref[0];
    }\n`;
}
