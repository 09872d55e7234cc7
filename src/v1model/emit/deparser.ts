/**
 * The deparser. As long as the headers are those that were parsed, only written fields are patched
 * where they are; otherwise the front of the packet is built anew.
 */
import { emitPrimitive } from './action.js';
import type { Emitter } from './context.js';
import { writeField } from './bytes.js';
import { emitUpdate, emitUpdateOverBytes } from './hash.js';
import { isOrderKept } from './order.js';
import { numberValue } from './value.js';

/** Emits `deparse(p)` and the functions it needs. False: the packet did not fit and must drop. */
export function emitDeparser(emitter: Emitter): string {
  const { layout, program } = emitter;
  const updates = program.checksums.filter((c) => c.update);
  const patches = writtenHeaders(emitter).map(
    ({ header, offset, condition }) => `if (${condition}) patch${header}(B, s + ${offset});`,
  );
  const emitted = [...new Set(program.deparser)];
  return `${emitted.map((header) => emitPatch(emitter, header)).join('\n')}
${emitRebuild(emitter)}
function deparse(p) {
  let h = 0, i = 0;
  ${declare(layout.locals('deparser'))}
  ${updates.map((c) => emitUpdate(emitter, c)).join('\n')}${emitBody(emitter)}
  if (${isInPlace(emitter)}) {
    const s = start[p];
    ${patches.join('\n')}
    ${updates.map((c) => emitUpdateOverBytes(emitter, c, 'B')).join('\n')}
  } else if (!rebuild(p)) return false;
  i = ${emitter.slot('truncate')};
  if (i !== 0) {
    if (wire[p] > i - 1) wire[p] = i - 1;
    if (head[p] > i - 1) head[p] = i - 1;
  }
  return true;
}`;
}

/** A condition: the headers are those that were parsed, where they were parsed. */
export function isInPlace(emitter: Emitter): string {
  const { layout, program } = emitter;
  if (!isOrderKept(program)) return 'false';
  const words = Array.from({ length: layout.validWords }, (_, i) => i);
  const same = words.map((i) => `I[${i}] === I[${layout.validWords + i}]`).join(' && ');
  const { reshaped } = layout;
  const unmoved = reshaped === undefined ? '' : ` && I[${reshaped}] === 0`;
  return `${same}${unmoved}${nothingUnemitted(emitter)}`;
}

/** Emitted headers that may have been written, where each stands, and the condition that it was. */
function writtenHeaders(emitter: Emitter) {
  const { layout, program } = emitter;
  return program.deparser.flatMap((header) => {
    const dirty = layout.dirtySlot(header);
    if (dirty === undefined) return [];
    const offset = `I[${layout.offsetSlot(header)}]`;
    return [{ header, offset, condition: `I[${dirty}] !== 0 && ${emitter.isValid(header)}` }];
  });
}

/**
 * Writes back in place what was written of headers, without calls: for those that some packet has.
 * @param sums variables that follow the sum over a header's bytes
 * @param code all that may have written to them; what it cannot have written is left out
 */
export function emitPatches(
  emitter: Emitter,
  sums: ReadonlyMap<number, string>,
  code: string,
): string {
  return writtenHeaders(emitter)
    .filter(({ header }) => emitter.isExtracted(header))
    .flatMap(({ header, offset, condition }) => {
      const bits = bitsSetBy(code, emitter.layout.dirtySlot(header)!);
      if (bits === 0) return [];
      const writes = emitWrites(emitter, header, 'B', sums.get(header), bits);
      return [`if (${condition}) { const b = s + ${offset}; ${writes} }`];
    })
    .join('\n');
}

/** The bits of a dirty mask that code can set. */
function bitsSetBy(code: string, slot: number): number {
  const assigned = code.matchAll(new RegExp(`I\\[${slot}\\] (\\|?=) ([^;]*);`, 'g'));
  let bits = 0;
  for (const [, , value = ''] of assigned) bits |= /^\d+$/.test(value) ? Number(value) : -1;
  return bits;
}

/** What the program's deparser does before it emits. */
function emitBody(emitter: Emitter): string {
  const body = emitter.program.deparserBody.map((primitive) =>
    emitPrimitive(emitter, primitive, () => numberValue('0', 0, 0), ''),
  );
  return body.length === 0 ? '' : `\n${body.join('\n')}`;
}

/** Declares local variables that start at zero. */
export function declare(names: readonly string[]): string {
  return names.length > 0 ? `let ${names.map((name) => `${name} = 0`).join(', ')};` : '';
}

function emitPatch(emitter: Emitter, header: number): string {
  if (emitter.layout.dirtySlot(header) === undefined) return '';
  return `function patch${header}(A, b) {\n${emitWrites(emitter, header, 'A')}\n}`;
}

/** Writes the fields whose dirty bits are set into a header that starts at `b`. */
function emitWrites(
  emitter: Emitter,
  header: number,
  array: string,
  sum?: string,
  bits = -1,
): string {
  const { layout, program } = emitter;
  const { fields, varbit } = program.headers[header]!;
  const place = layout.varbit(header);
  const dirty = layout
    .dirtyFields(header)
    .filter((field) => (layout.dirtyMask({ header, field }) & bits) !== 0);
  const isBehind = (field: number): boolean => varbit !== undefined && field > varbit.field;
  const writes = dirty.map((field) => {
    const ref = { header, field };
    const base = isBehind(field) ? 'b2' : 'b';
    const code = writeField(array, base, fields[field]!, layout.read(ref), sum);
    return `if ((d & ${layout.dirtyMask(ref)}) !== 0) { ${code} }`;
  });
  const behind = dirty.some(isBehind) ? ` const b2 = b + I[${place?.length}];` : '';
  return `const d = I[${layout.dirtySlot(header)}];${behind}\n${writes.join('\n')}`;
}

function emitRebuild(emitter: Emitter): string {
  const { program } = emitter;
  const written = new Set<number>();
  const parts = program.deparser.map((header) => {
    if (written.has(header)) return emitAgain(emitter, header);
    written.add(header);
    return emitHeader(emitter, header);
  });
  const updates = program.checksums.filter((c) => c.update);
  return `function rebuild(p) {
  const s = start[p];
  let q = 0, h = 0;
  ${parts.join('\n')}
  ${updates.map((c) => emitUpdateOverBytes(emitter, c, 'W')).join('\n')}
  return replaceFront(p, ${emitter.slot('parsed_bytes')}, q);
}`;
}

function emitHeader(emitter: Emitter, header: number): string {
  const { layout } = emitter;
  const { parsedSlot, mask } = layout.validity(header);
  const offset = `I[${layout.offsetSlot(header)}]`;
  const dirty = layout.dirtySlot(header);
  const length = emitLength(emitter, header);
  const patch = dirty === undefined ? '' : `if (I[${dirty}] !== 0) patch${header}(W, q);`;
  const place = layout.varbit(header);
  // A varbit of its own: what the packet has there is of no use.
  const isOwn = place?.own === undefined ? '' : `I[${place.own}] === 0 && `;
  const varbit =
    place?.own === undefined
      ? ''
      : `if (I[${place.own}] !== 0) writeVarbit(W, q + ${Math.floor(place.bitOffset / 8)}, ` +
        `${place.bitOffset % 8}, I[${place.length}], ${place.at});`;
  return `if (${emitter.isValid(header)}) {
      if (${isOwn}(I[${parsedSlot}] & ${mask}) !== 0) {
        for (let i = 0, b = s + ${offset}; i < ${length}; i++) W[q + i] = B[b + i];
      } else W.fill(0, q, q + ${length});
      ${varbit}${patch}
      ${offset} = q; q += ${length};
    }`;
}

/** A header that the deparser emits once more. */
function emitAgain(emitter: Emitter, header: number): string {
  const offset = `I[${emitter.layout.offsetSlot(header)}]`;
  const length = emitLength(emitter, header);
  return `if (${emitter.isValid(header)}) {
      W.copyWithin(q, ${offset}, ${offset} + ${length}); q += ${length};
    }`;
}

function emitLength(emitter: Emitter, header: number): string {
  const { byteLength } = emitter.program.headers[header]!;
  const place = emitter.layout.varbit(header);
  return place ? `(${byteLength} + I[${place.length}])` : String(byteLength);
}

/** A condition: no header was parsed that the deparser leaves out. */
function nothingUnemitted(emitter: Emitter): string {
  const { layout, program } = emitter;
  const masks = new Map<number, number>();
  program.headers.forEach(({ isMetadata }, header) => {
    if (isMetadata || program.deparser.includes(header)) return;
    const { parsedSlot, mask } = layout.validity(header);
    masks.set(parsedSlot, (masks.get(parsedSlot) ?? 0) | mask);
  });
  return [...masks].map(([slot, mask]) => ` && (I[${slot}] & ${mask}) === 0`).join('');
}
