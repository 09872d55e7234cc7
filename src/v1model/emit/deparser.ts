/**
 * The deparser. As long as the headers are those that were parsed, only written fields are patched
 * where they are; otherwise the front of the packet is built anew.
 */
import type { Emitter } from './context.js';
import { writeField } from './bytes.js';
import { emitUpdate, emitUpdateOverBytes } from './hash.js';

/** Emits `deparse(p)` and the functions it needs. False: the packet did not fit and must drop. */
export function emitDeparser(emitter: Emitter): string {
  const { layout, program } = emitter;
  const updates = program.checksums.filter((c) => c.update);
  const words = Array.from({ length: layout.validWords }, (_, i) => i);
  const same = words.map((i) => `I[${i}] === I[${layout.validWords + i}]`).join(' && ');
  const inPlace = isOrderKept(emitter) ? `${same}${nothingUnemitted(emitter)}` : 'false';
  const patches = program.deparser
    .filter((header) => layout.dirtySlot(header) !== undefined)
    .map((header) => {
      const dirty = `I[${layout.dirtySlot(header)}]`;
      const offset = `I[${layout.offsetSlot(header)}]`;
      return `if (${dirty} !== 0 && ${emitter.isValid(header)}) patch${header}(B, s + ${offset});`;
    });
  return `${program.deparser.map((header) => emitPatch(emitter, header)).join('\n')}
${emitRebuild(emitter)}
function deparse(p) {
  let h = 0, i = 0;
  ${declare(layout.locals('deparser'))}
  ${updates.map((c) => emitUpdate(emitter, c)).join('\n')}
  if (${inPlace}) {
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

/** Declares local variables that start at zero. */
export function declare(names: readonly string[]): string {
  return names.length > 0 ? `let ${names.map((name) => `${name} = 0`).join(', ')};` : '';
}

function emitPatch(emitter: Emitter, header: number): string {
  const { layout, program } = emitter;
  const slot = layout.dirtySlot(header);
  if (slot === undefined) return '';
  const { fields } = program.headers[header]!;
  const writes = layout.dirtyFields(header).map((field) => {
    const ref = { header, field };
    const code = writeField('A', 'b', fields[field]!, layout.read(ref));
    return `if ((d & ${layout.dirtyMask(ref)}) !== 0) { ${code} }`;
  });
  return `function patch${header}(A, b) {\nconst d = I[${slot}];\n${writes.join('\n')}\n}`;
}

function emitRebuild(emitter: Emitter): string {
  const { layout, program } = emitter;
  const parts = program.deparser.map((header) => {
    const { byteLength } = program.headers[header]!;
    const { parsedSlot, mask } = layout.validity(header);
    const offset = `I[${layout.offsetSlot(header)}]`;
    const dirty = layout.dirtySlot(header);
    const patch = dirty === undefined ? '' : `if (I[${dirty}] !== 0) patch${header}(W, q);`;
    return `if (${emitter.isValid(header)}) {
      if ((I[${parsedSlot}] & ${mask}) !== 0) {
        for (let i = 0, b = s + ${offset}; i < ${byteLength}; i++) W[q + i] = B[b + i];
      } else W.fill(0, q, q + ${byteLength});
      ${patch}
      ${offset} = q; q += ${byteLength};
    }`;
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

/** True when every path through the parser finds headers in the order they are emitted, once. */
function isOrderKept(emitter: Emitter): boolean {
  const { parser, deparser } = emitter.program;
  const rank = new Map(deparser.map((header, i) => [header, i]));
  const extracted = (state: number): number[] =>
    parser.states[state]!.steps.flatMap((step) => (step.op === 'extract' ? [step.header] : []));
  const worst = new Map<number, number>();
  // The highest rank reached before a state must lie below everything extracted in it.
  const visit = (state: number, highest: number): boolean => {
    if (state < 0 || (worst.get(state) ?? -2) >= highest) return true;
    worst.set(state, highest);
    let top = highest;
    for (const header of extracted(state)) {
      const at = rank.get(header);
      // A header that is never emitted is looked for when the packet is there.
      if (at === undefined) continue;
      if (at <= top) return false;
      top = at;
    }
    const { cases, defaultNext } = parser.states[state]!;
    return [...cases.map((c) => c.next), defaultNext].every((next) => visit(next, top));
  };
  return visit(parser.initial, -1);
}
