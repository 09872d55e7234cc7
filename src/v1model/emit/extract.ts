/** Extraction: into headers, into the next element of a stack, with a varbit of given length. */
import type { Expression, ParserStep } from '../../bmv2/index.js';
import { assert } from '../../base/assert.js';
import { readField } from './bytes.js';
import type { Emitter } from './context.js';
import { skipsWhenEmpty, tableVariable } from './control.js';
import { parserPrimitives } from './reshaping.js';
import { asUnsigned } from './value.js';

/** The statement that ends parsing with an error of the program. */
export type Fail = (error: string) => string;

/** Ends parsing with PacketTooShort unless `bytes` follow. */
export function emitNeed(bytes: string | number, fail: Fail): string {
  return `if (o + ${bytes} > n) {
      n = ensure(p, o + ${bytes});
      if (o + ${bytes} > n) { ${fail('PacketTooShort')} }
    }`;
}

/** Emits `extract` of a header that the program names. */
export function emitExtract(
  emitter: Emitter,
  step: Extract<ParserStep, { op: 'extract' }>,
  fail: Fail,
): string {
  const { header, bits } = step;
  const { byteLength } = emitter.program.headers[header]!;
  const probe = emitter.probe(`extract(${header}, o)`);
  if (!bits) {
    return `${emitNeed(byteLength, fail)}
    ${probe}
    { ${emitFill(emitter, header)}
    }
    o += ${byteLength};`;
  }
  return `{ ${emitVarbitLength(emitter, header, bits, fail)}
    ${probe}
    ${emitFill(emitter, header)}
    o += ${byteLength} + v;
  }`;
}

/** Emits `extract` into the next element of a stack. */
export function emitExtractNext(
  emitter: Emitter,
  step: Extract<ParserStep, { op: 'extract_next' }>,
  fail: Fail,
): string {
  const { stack, member, bits } = step;
  const { elements } = emitter.program.stacks[stack]!;
  const header = elements[0]![member]!;
  const next = `I[${emitter.layout.nextSlot(stack)}]`;
  const isFull = `if (${next} >= ${elements.length}) { ${fail('StackOutOfBounds')} }`;
  const { byteLength } = emitter.program.headers[header]!;
  const fill = emitter.define(`extract_${stack}_${member}`, () => {
    const cases = elements.map((element, i) => {
      const probe = emitter.probe(`extract(${element[member]!}, o)`);
      return `case ${i}: { ${probe} ${emitFill(emitter, element[member]!)} break; }`;
    });
    return `(s, o, v) {\nswitch (${next}++) {\n${cases.join('\n')}\n}\n}`;
  });
  if (!bits) {
    return `${isFull}\n${emitNeed(byteLength, fail)}\n${fill}(s, o, 0); o += ${byteLength};`;
  }
  return `${isFull}
    { ${emitVarbitLength(emitter, header, bits, fail)}
      ${fill}(s, o, v); o += ${byteLength} + v; }`;
}

/** Leaves the varbit's bytes in `v`, when the packet has them and the header has room. */
function emitVarbitLength(emitter: Emitter, header: number, bits: Expression, fail: Fail): string {
  const { byteLength, varbit } = emitter.program.headers[header]!;
  assert(varbit !== undefined, 'a varbit to extract');
  return `let v = ${asUnsigned(emitter.value(bits), 32)};
    if (v % 8 !== 0) { ${fail('ParserInvalidArgument')} }
    v = v / 8;
    ${emitNeed(`${byteLength} + v`, fail)}
    if (v > ${varbit.maxBytes}) { ${fail('HeaderTooShort')} }`;
}

/** Notes that a header stands at `o`, and reads what somebody wants of it; `v`: varbit's bytes. */
function emitFill(emitter: Emitter, header: number): string {
  const { layout, program } = emitter;
  const { fields, varbit } = program.headers[header]!;
  const { slot, parsedSlot, mask } = layout.validity(header);
  const others = layout.siblings(header).map((o) => `I[${o.slot}] &= ${~o.mask};`);
  const isBehind = (field: number): boolean => varbit !== undefined && field > varbit.field;
  const wanted = layout.extractedFields(header);
  const readers = readersOf(emitter, header, wanted);
  const reads = wanted.map((field, i) => {
    const value = readField('B', isBehind(field) ? 'b2' : 'b', fields[field]!);
    const store = emitter.store({ header, field }, value);
    return readers[i] === undefined ? store : `if (${readers[i]}) { ${store} }`;
  });
  const bases = [
    ...(wanted.length > 0 ? ['const b = s + o;'] : []),
    ...(wanted.some(isBehind) ? ['const b2 = b + v;'] : []),
  ];
  const place = layout.varbit(header);
  const marks = [
    ...(place ? [`I[${place.length}] = v;`] : []),
    ...(place?.own !== undefined ? [`I[${place.own}] = 0;`] : []),
    ...(isWrittenByParser(emitter, header) ? [`I[${layout.dirtySlot(header)}] = 0;`] : []),
  ];
  return `${bases.join(' ')} ${others.join(' ')}I[${slot}] |= ${mask}; I[${parsedSlot}] |= ${mask};
      I[${layout.offsetSlot(header)}] = o;${marks.join(' ')}
      ${reads.join('\n')}`;
}

/**
 * For each field the condition under which somebody reads it, or undefined for always: fields that
 * are nothing but a part of tables' keys are read only while one of those tables has entries.
 */
function readersOf(
  { program, layout, isTraced }: Emitter,
  header: number,
  fields: readonly number[],
): (string | undefined)[] {
  const isAlone = !program.stacks.some(({ elements }) => elements.flat().includes(header));
  return fields.map((field) => {
    if (!isAlone || isTraced || !layout.isRead({ header, field })) return undefined;
    const tables = layout.usage.onlyKeysOf({ header, field });
    if (!tables?.every((index) => skipsWhenEmpty(program.ingress.tables[index]!))) return undefined;
    return [...new Set(tables)]
      .map((index) => `${tableVariable(program.ingress, index)}.used !== 0`)
      .join(' || ');
  });
}

/** True when a parser state may write the header's fields before it is extracted. */
function isWrittenByParser(emitter: Emitter, header: number): boolean {
  const { program, layout } = emitter;
  if (layout.dirtySlot(header) === undefined) return false;
  const steps = program.parser.states.flatMap((state) => state.steps);
  return (
    steps.some((step) => step.op === 'set' && step.target.header === header) ||
    parserPrimitives(program).some((primitive) => {
      if (!('target' in primitive)) return primitive.op === 'push' || primitive.op === 'pop';
      const { target } = primitive;
      return typeof target === 'object' ? target.header === header : target === header;
    })
  );
}
