/**
 * The way of most packets in one call: in, through both pipelines, and out of a port. It stops
 * where something else than that is asked for, and leaves the rest to the switch.
 *
 * A program that is short enough has all of it in one function, whose local variables stand for the
 * slots: V8 then keeps them in registers, folds what is constant and drops what nobody reads. They
 * go to the slots only when the switch takes over.
 *
 * A program that is too long for that may be short enough while some of its tables are empty. It
 * then has both ways, and takes the one or the other packet by packet.
 */
import type { Checksum, Pipeline } from '../../bmv2/index.js';
import type { Emitter } from './context.js';
import { emitPipeline } from './control.js';
import { declare, emitPatches, isInPlace } from './deparser.js';
import { emitUpdate, emitUpdateOverBytes, emitVerify } from './hash.js';
import type { Layout, VarbitPlace } from './layout.js';
import { isOrderKept } from './order.js';
import { hasQuietTables } from './quiet.js';
import { scratchVariables } from './stage.js';
import { isOverWholeHeader } from './usage.js';

/** What `unicast` answers when the switch must take over. */
export const AFTER_INGRESS = -1;
/** As above, behind the egress pipeline. */
export const AFTER_EGRESS = -2;
/** The packet does not fit its slot. */
export const TOO_LONG = -3;
/** A pipeline dropped the packet and asked for nothing else. */
export const DROPPED = -4;
/** Within the function: the packet's front must be built anew. */
const REBUILD = -5;

/**
 * Characters beyond which the function is not worth it: V8 takes long to compile it, and code that
 * runs before that is slower than the split functions'.
 */
const FUSE_UP_TO = 48_000;

/** A sum that was never taken; it stays negative whatever is added to it. */
const NO_SUM = -(2 ** 30);
/** Bytes of the longest header of which that is true. */
const LONGEST_SUM = 8192;

/** The code of the parts, without the functions around them. */
export interface Parts {
  parser: string;
  ingress: string;
  egress: string;
}

/** Emits `unicast(p, port, length, timeUs)`. */
export function emitUnicast(emitter: Emitter, parts: Parts): string {
  const { layout, program } = emitter;
  if (!isFusible(emitter)) return emitInSteps(emitter, 'unicast');
  const isWhole = !layout.isSplit('front') && !layout.isSplit('egress');
  const fused = isWhole ? emitFused(emitter, parts, '') : '';
  if (isWhole && fused.length <= FUSE_UP_TO) return fused;
  if (!hasQuietTables(program)) return emitInSteps(emitter, 'unicast');
  const quietly = (pipeline: Pipeline): string =>
    emitPipeline(emitter, pipeline, Infinity, true)[0]?.code ?? '';
  const quiet = emitFused(
    emitter,
    { ...parts, ingress: quietly(program.ingress), egress: quietly(program.egress) },
    'if (LOUD[0] !== 0) return unicastInSteps(p, port, length, timeUs);',
  );
  if (quiet.length > FUSE_UP_TO) return emitInSteps(emitter, 'unicast');
  return `${emitInSteps(emitter, 'unicastInSteps')}\n${quiet}`;
}

/** False when functions that are called use the slots too, and where probes tell the story. */
function isFusible({ isTraced, functions, layout, program }: Emitter): boolean {
  return (
    !isTraced &&
    isOrderKept(program) &&
    functions === '' &&
    program.deparserBody.length === 0 &&
    program.headers.every((header, i) => staysInPacket(layout.varbit(i), header)) &&
    program.calculations.every(({ withPayload }) => !withPayload)
  );
}

/** True when a header has no varbit, or one whose bytes are never moved out of the packet. */
function staysInPacket(place: VarbitPlace | undefined, { isMetadata }: { isMetadata: boolean }) {
  return place === undefined || (!isMetadata && place.own === undefined);
}

/** What stands between the pipelines: `stop` is the statement that lets the switch take over. */
function emitAfterIngress(emitter: Emitter, stop: string): string {
  const { layout } = emitter;
  const name = (field: Parameters<Layout['intrinsic']>[0]): string =>
    layout.intrinsic(field).names[0]!;
  const asked = [
    emitter.slot('clone_ingress'),
    emitter.slot('resubmit'),
    emitter.slot('digests'),
    name('mcast_grp'),
  ].join(' | ');
  const enqueued = layout.queueSlot('enq_timestamp');
  return `const out = ${name('egress_spec')};
  if ((${asked}) !== 0) ${stop}
  if (out === DROP) return ${DROPPED};
  ${name('egress_spec')} = 0;
  ${name('egress_port')} = out;
  ${emitter.probe('egress(out)')}
  ${name('egress_global_timestamp')} = timeUs;
  ${enqueued < 0 ? '' : `I[${enqueued}] = timeUs | 0;`}`;
}

function emitAfterEgress(emitter: Emitter, stop: string): string {
  const spec = emitter.layout.intrinsic('egress_spec').names[0];
  return `if ((${emitter.slot('clone_egress')} | ${emitter.slot('recirculate')}) !== 0) ${stop}
  if (${spec} === DROP) return ${DROPPED};`;
}

/** By way of the slots and the functions that the switch calls too. */
function emitInSteps(emitter: Emitter, name: string): string {
  return `function ${name}(p, port, length, timeUs) {
  begin(port, length, 0, timeUs);
  front(p);
  ${emitAfterIngress(emitter, `return ${AFTER_INGRESS};`)}
  egress(p);
  ${emitAfterEgress(emitter, `return ${AFTER_EGRESS};`)}
  return deparse(p) ? out : ${TOO_LONG};
}`;
}

/** @param first the function's first statement */
function emitFused(emitter: Emitter, { parser, ingress, egress }: Parts, first: string): string {
  const { layout, program } = emitter;
  const sums = keptSums(emitter);
  const sumOf = (checksum: Checksum): string | undefined => sums.get(checksum.target.header);
  const verify = program.checksums.filter((c) => c.verify);
  const update = program.checksums.filter((c) => c.update);
  const isParsed = ({ target }: Checksum): boolean => emitter.isExtracted(target.header);
  const stop = (why: number): string => `{ why = ${why}; break SLOW; }`;
  const pipelines = `${parser}
  ${verify.map((c) => emitVerify(emitter, c, sumOf(c))).join('\n')}
  ${ingress}
  ${emitAfterIngress(emitter, stop(AFTER_INGRESS))}
  ${egress}
  ${emitAfterEgress(emitter, stop(AFTER_EGRESS))}`;
  const updates = update.map((c) => emitUpdate(emitter, c)).join('\n');
  const body = `${emitIntrinsics(layout)}
  ${pipelines}
  if (!(${isInPlace(emitter)}) || ${emitter.slot('truncate')} !== 0) ${stop(REBUILD)}
  ${updates}
  ${emitPatches(emitter, sums, pipelines + updates)}
  ${update
    .filter(isParsed)
    .map((c) => emitUpdateOverBytes(emitter, c, 'B', sumOf(c)))
    .join('\n')}
  return out;`;
  const used = new Set([...body.matchAll(slotPattern)].map(([, array, slot]) => array! + slot!));
  const slots = [...used];
  const words = new Set(body.match(/\w+/g));
  const locals = (['front', 'egress', 'deparser'] as const).flatMap((s) => layout.locals(s));
  const places = slots.map((slot) => `${slot[0]}[${slot.slice(1)}] = ${slot};`);
  return `function unicast(p, port, length, timeUs) {
  ${first}
  ${scratchVariables} ${[...sums.values()].map((sum) => `let ${sum} = ${NO_SUM};`).join(' ')}
  ${declare(locals.filter((name) => words.has(name)))}
  ${declare(slots)}
  let why = 0;
  const s = start[p]; let n = head[p];
  SLOW: {
  ${body.replaceAll(slotPattern, '$1$2')}
  }
  I.fill(0); D.fill(0);
  ${places.join(' ')}
  if (why !== ${REBUILD}) return why;
  return deparse(p) ? I[${layout.intrinsic('egress_port').slot}] : ${TOO_LONG};
}`;
}

/** A slot in emitted code: the index is always a number. */
const slotPattern = /\b([ID])\[(\d+)\]/g;

/** What a pass begins with; `type` is zero for a packet that comes in. */
function emitIntrinsics(layout: Layout): string {
  const set = (name: Parameters<Layout['intrinsic']>[0], code: string): string =>
    `${layout.intrinsic(name).names[0]} = ${code};`;
  return `${set('ingress_port', 'port')} ${set('packet_length', 'length')}
  ${set('ingress_global_timestamp', 'timeUs')}`;
}

/**
 * By header, the variable that keeps the sum over its bytes from the verification, so that the
 * update need only add what changed: for headers of which less than half is ever written.
 */
function keptSums({ layout, program }: Emitter): Map<number, string> {
  const sums = new Map<number, string>();
  for (const { verify, target, calculation } of program.checksums) {
    const { header } = target;
    const { byteLength, fields } = program.headers[header]!;
    if (!verify || byteLength > LONGEST_SUM) continue;
    if (!isOverWholeHeader(program, target, calculation)) continue;
    const written = layout.dirtyFields(header).filter((field) => field !== target.field);
    const bits = written.reduce((sum, field) => sum + fields[field]!.width, 0);
    const isUpdated = program.checksums.some(
      (c) =>
        c.update &&
        c.target.header === header &&
        c.target.field === target.field &&
        isOverWholeHeader(program, c.target, c.calculation),
    );
    if (isUpdated && bits * 2 < byteLength * 8) sums.set(header, `sum${header}`);
  }
  return sums;
}
