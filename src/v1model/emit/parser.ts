/** The parser: extracts what somebody reads, notes where headers are. */
import { UmbraError } from '../../base/errors.js';
import { ACCEPT, type ParserState, type ParserStep } from '../../bmv2/index.js';
import type { Emitter } from './context.js';
import { readField } from './bytes.js';
import { emitMatch } from './expression.js';
import { emitGraph, END, topologicalOrder } from './graph.js';
import { asCondition, asUnsigned, numberValue } from './value.js';

const PACKET_TOO_SHORT = 1;

/**
 * Emits the parser as one labelled block. It expects `p` (packet), `s` (its start), `n` (its real
 * bytes), and moves `o` (offset behind what was parsed). Throws UNSUPPORTED_PROGRAM for a loop.
 */
export function emitParser(emitter: Emitter): string {
  const { layout } = emitter;
  const { parser, source } = emitter.program;
  const number = (next: number): number => (next === ACCEPT ? END : next);
  const order = topologicalOrder(parser.initial, (i) => {
    const state = parser.states[i]!;
    return [...state.cases.map((c) => number(c.next)), number(state.defaultNext)];
  });
  if (!order)
    throw new UmbraError('UNSUPPORTED_PROGRAM', `${source}: a parser loop is not supported`);
  const graph = emitGraph(order, 'PA', (i, jump) => {
    const state = parser.states[i]!;
    const steps = state.steps.map((step) => emitStep(emitter, step));
    const select = emitSelect(emitter, state, (next) => jump(number(next)));
    return [emitter.probe(`state(${i})`), ...steps, select].join('\n');
  });
  const error = layout.intrinsic('parser_error').names[0]!;
  const probe = emitter.probe(`parsed(o, ${error})`);
  return `${graph}\n${emitter.slot('parsed_bytes')} = o;${probe}`;
}

function emitStep(emitter: Emitter, step: ParserStep): string {
  const fail = (error: string): string =>
    `${emitter.layout.intrinsic('parser_error').names[0]} = ${error}; break PA;`;
  switch (step.op) {
    case 'set':
      return emitter.assign(step.target, emitter.value(step.value));
    case 'verify': {
      const error = asUnsigned(emitter.value(step.error), 32);
      return `if (!${asCondition(emitter.value(step.condition))}) { ${fail(error)} }`;
    }
    case 'extract':
      return emitExtract(emitter, step.header, fail(String(PACKET_TOO_SHORT)));
  }
}

function emitExtract(emitter: Emitter, header: number, tooShort: string): string {
  const { layout, program } = emitter;
  const { byteLength, fields } = program.headers[header]!;
  const { slot, parsedSlot, mask } = layout.validity(header);
  const reads = layout
    .extractedFields(header)
    .map((field) => emitter.store({ header, field }, readField('B', 'b', fields[field]!)));
  const base = reads.length > 0 ? 'const b = s + o;' : '';
  return `if (o + ${byteLength} > n) {
      n = ensure(p, o + ${byteLength});
      if (o + ${byteLength} > n) { ${tooShort} }
    }
    ${emitter.probe(`extract(${header}, o)`)}
    { ${base} I[${slot}] |= ${mask}; I[${parsedSlot}] |= ${mask};
      I[${layout.offsetSlot(header)}] = o;
      ${reads.join('\n')}
    }
    o += ${byteLength};`;
}

function emitSelect(emitter: Emitter, state: ParserState, jump: (next: number) => string): string {
  if (state.key.length === 0 || state.cases.length === 0) return jump(state.defaultNext);
  // Key parts are read once: a value may come from a slot that no branch changes.
  const parts = state.key.map((part, i) => {
    const value = emitter.value(part.value);
    if (part.width > 53) return { declaration: '', value, width: part.width };
    const name = `k${i}`;
    const declaration = `const ${name} = ${asUnsigned(value, part.width)};`;
    return { declaration, value: numberValue(name, 0, 2 ** part.width - 1), width: part.width };
  });
  const branches = state.cases.map(({ values, masks, next }) => {
    const tests = parts
      .map((part, i) => emitMatch(part.value, values[i]!, masks[i]!, part.width))
      .filter((test) => test !== 'true');
    return `if (${tests.join(' && ') || 'true'}) { ${jump(next)} }`;
  });
  const declarations = parts.map((part) => part.declaration).join(' ');
  return `{ ${declarations} ${branches.join(' else ')} else { ${jump(state.defaultNext)} } }`;
}
