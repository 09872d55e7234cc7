/**
 * A whole program as the text of one JavaScript function body. The emitter never runs anything: the
 * switch does, and gives the emitted code all it needs in `env`.
 */
import type { Pipeline, Program } from '../../bmv2/index.js';
import { Emitter, type Assertion } from './context.js';
import { isInline, profileVariable, tableVariable } from './control.js';
import { declare, emitDeparser } from './deparser.js';
import { emitVerify } from './hash.js';
import { emitKeep } from './keep.js';
import { Layout } from './layout.js';
import { emitStage, scratchVariables, stagesToSplit } from './stage.js';
import { emitParser } from './parser.js';
import { emitUnicast } from './unicast.js';
import { valuePrelude } from './value.js';
import { varbitPrelude } from './varbit.js';
import { widePrelude } from './widePrelude.js';

/** The emitted text and the plan of its storage. */
export interface EmittedProgram {
  text: string;
  layout: Layout;
  /** By the numbers that emitted code passes on. */
  assertions: readonly Assertion[];
  messages: readonly string[];
}

/**
 * Emits a program. Throws UNSUPPORTED_PROGRAM for what has no emitter.
 * @param isTraced with probes, which want a Tracer bound as `T`
 */
export function emitProgram(program: Program, isTraced = false): EmittedProgram {
  const layout = new Layout(program, stagesToSplit(program));
  const emitter = new Emitter(program, layout, isTraced);
  const ingress = emitStage(emitter, 'front', program.ingress);
  const egress = emitStage(emitter, 'egress', program.egress);
  const parser = emitParser(emitter);
  const verify = program.checksums.filter((c) => c.verify).map((c) => emitVerify(emitter, c));
  const body = `${emitBegin(layout)}${ingress.functions}${egress.functions}
function front(p) {
  ${scratchVariables} ${declare(layout.locals('front'))}
  const s = start[p]; let n = head[p];
  ${parser}
  ${verify.join('\n')}
  ${ingress.code}
}
function reparse(p) {
  ${scratchVariables} ${declare(layout.locals('front'))}
  const s = start[p]; let n = head[p];
  ${parser}
  ${verify.join('\n')}
}
function egress(p) {
  ${scratchVariables} ${declare(layout.locals('egress'))}
  ${egress.code}
}
${emitDeparser(emitter)}
${emitKeep(emitter)}
${emitUnicast(emitter, { parser, ingress: ingress.code, egress: egress.code })}${emitter.functions}
return { begin, front, reparse, egress, deparse, keep, restore, unicast };`;
  const { assertions, messages } = emitter;
  const text = `'use strict';
${emitBindings(program, isTraced)}
${valuePrelude}${program.headers.some((header) => header.varbit) ? varbitPrelude : ''}
${emitter.scratch.isUsed ? `${emitter.scratch.declarations}${widePrelude}` : ''}
${body}
//# sourceURL=v1model/${program.source.replace(/[^\w.-]/g, '_')}
`;
  return { text, layout, assertions, messages };
}

/** Everything that emitted code reaches is bound as a constant, which V8 can fold. */
function emitBindings(program: Program, isTraced: boolean): string {
  const names = [
    'I',
    'Z',
    'D',
    'B',
    'W',
    'DROP',
    'LOUD',
    'NOW',
    'start',
    'head',
    'wire',
    'ensure',
    'replaceFront',
    'random',
    'payloadSum',
    'crc32Table',
    'crc16Table',
    'crcCcittTable',
    'H',
    'appendPayload',
    'crc16Of',
    'crc32Of',
    'crcCcittOf',
    'csum16Of',
    'xor16Of',
    'xxh64Into',
    'identityInto',
    'randomWords',
    'isLogged',
    'log',
    'assertionFailed',
    'endLoop',
  ];
  program.counters.forEach((counter, i) => {
    if (counter.directTable === undefined) names.push(`c${i}_packets`, `c${i}_bytes`);
  });
  program.registers.forEach((_, i) => names.push(`r${i}`));
  program.meters.forEach((meter, i) => {
    if (meter.directTable === undefined) names.push(`m${i}`);
  });
  for (const pipeline of [program.ingress, program.egress]) {
    names.push(...pipelineBindings(pipeline));
  }
  program.valueSets.forEach((_, i) => names.push(`v${i}`, `v${i}_key`));
  if (program.headers.some((header) => header.varbit)) names.push('V');
  if (isTraced) names.push('T');
  return `const { ${names.join(', ')} } = env;`;
}

function pipelineBindings(pipeline: Pipeline): string[] {
  const tables = pipeline.tables.flatMap((table, i) => {
    if (isInline(table)) return [];
    const name = tableVariable(pipeline, i);
    const names = [name];
    if (table.key.length > 0) names.push(`${name}_key`);
    if (table.hasCounters) names.push(`${name}_packets`, `${name}_bytes`);
    if (table.supportsTimeout) names.push(`${name}_hits`);
    if (table.meter) names.push(`${name}_table`);
    if (table.profile !== undefined) names.push(`${name}_ref`);
    else names.push(`${name}_action`, `${name}_ints`, `${name}_doubles`);
    return names;
  });
  const profiles = pipeline.profiles.flatMap((_, i) => {
    const name = profileVariable(pipeline, i);
    return [name, `${name}_action`, `${name}_ints`, `${name}_doubles`];
  });
  return [...tables, ...profiles];
}

/** Stores that take longer than to fill an array. */
const MOST_STORES = 48;

/** Clears all slots, so that nothing of an earlier packet is ever read. */
function emitBegin(layout: Layout): string {
  const set = (name: Parameters<Layout['intrinsic']>[0], code: string): string =>
    `${layout.intrinsic(name).names[0]} = ${code};`;
  const { intSlots, doubleSlots } = layout;
  // Two words a store, through a view of the same memory.
  const zeros = [
    ...Array.from({ length: intSlots >> 1 }, (_, i) => `Z[${i}] = 0;`),
    ...(intSlots % 2 === 0 ? [] : [`I[${intSlots - 1}] = 0;`]),
    ...Array.from({ length: doubleSlots }, (_, i) => `D[${i}] = 0;`),
  ];
  const clear = zeros.length > MOST_STORES ? 'I.fill(0); D.fill(0);' : zeros.join(' ');
  return `function begin(port, length, type, timeUs) {
  ${clear}
  ${set('ingress_port', 'port')} ${set('packet_length', 'length')} ${set('instance_type', 'type')}
  ${set('ingress_global_timestamp', 'timeUs')}
}`;
}
