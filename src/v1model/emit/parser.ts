/** The parser: extracts what somebody reads, notes where headers are. */
import { ACCEPT, type Expression, type ParserState, type ParserStep } from '../../bmv2/index.js';
import { emitPrimitive } from './action.js';
import type { Emitter } from './context.js';
import { emitExtract, emitExtractNext, emitNeed, type Fail } from './extract.js';
import { emitMatch } from './expression.js';
import { emitGraph, END, topologicalOrder } from './graph.js';
import { asCondition, asLimbs, asUnsigned, limbCount, numberValue, type Value } from './value.js';
import { walkExpression } from './walk.js';

/** A parser with loops gives up with ParserTimeout after so many states. Our choice. */
const STATE_LIMIT = 16_384;

/** The statement that goes to a state, or to ACCEPT. */
type Jump = (next: number) => string;

/**
 * Emits the parser as one labelled block. It expects `p` (packet), `s` (its start), `n` (its real
 * bytes), and moves `o` (offset behind what was parsed).
 */
export function emitParser(emitter: Emitter): string {
  const { layout } = emitter;
  const { parser } = emitter.program;
  const number = (next: number): number => (next === ACCEPT ? END : next);
  const order = topologicalOrder(parser.initial, (i) => {
    const state = parser.states[i]!;
    return [...state.cases.map((c) => number(c.next)), number(state.defaultNext)];
  });
  const graph = order
    ? emitGraph(order, 'PA', (i, jump) => emitState(emitter, i, (next) => jump(number(next))))
    : emitLoop(emitter);
  const error = layout.intrinsic('parser_error').names[0]!;
  const probe = emitter.probe(`parsed(o, ${error})`);
  return `${graph}\n${emitter.slot('parsed_bytes')} = o;${probe}`;
}

/** A parser whose states lead back to earlier ones runs them from a loop. */
function emitLoop(emitter: Emitter): string {
  const { initial, states } = emitter.program.parser;
  const jump: Jump = (next) => (next === ACCEPT ? 'break PA;' : `state = ${next}; continue PA;`);
  const cases = states.map((_, i) => `case ${i}: {\n${emitState(emitter, i, jump)}\n}`);
  return `PA: for (let state = ${initial}, count = 0; ; ) {
    if (++count > ${STATE_LIMIT}) { ${failure(emitter)('ParserTimeout')} }
    switch (state) {
      ${cases.join('\n')}
    }
  }`;
}

function failure(emitter: Emitter): Fail {
  const error = emitter.layout.intrinsic('parser_error').names[0];
  return (name) => `${error} = ${emitter.errorNumber(name)}; break PA;`;
}

function emitState(emitter: Emitter, index: number, jump: Jump): string {
  const state = emitter.program.parser.states[index]!;
  const steps = state.steps.map((step) => emitStep(emitter, step));
  return [emitter.probe(`state(${index})`), ...steps, emitSelect(emitter, state, jump)].join('\n');
}

function emitStep(emitter: Emitter, step: ParserStep): string {
  const fail = failure(emitter);
  switch (step.op) {
    case 'set':
      return guarded(emitter, [step.value], emitter.assign(step.target, emitter.value(step.value)));
    case 'verify': {
      const error = asUnsigned(emitter.value(step.error), 32);
      const name = emitter.layout.intrinsic('parser_error').names[0]!;
      const condition = asCondition(emitter.value(step.condition));
      const check = `if (!${condition}) { ${name} = ${error}; break PA; }`;
      return guarded(emitter, [step.condition, step.error], check);
    }
    case 'extract':
      return guarded(emitter, step.bits ? [step.bits] : [], emitExtract(emitter, step, fail));
    case 'extract_next':
      return guarded(emitter, step.bits ? [step.bits] : [], emitExtractNext(emitter, step, fail));
    case 'advance':
      return guarded(emitter, [step.bits], emitAdvance(emitter, step.bits, fail));
    case 'run':
      return step.body
        .map((primitive) => emitPrimitive(emitter, primitive, () => numberValue('0', 0, 0), ''))
        .join('\n');
  }
}

/** Puts checks before code: that there are bytes to look ahead to, and an element for `last`. */
function guarded(emitter: Emitter, expressions: readonly Expression[], code: string): string {
  let bytes = 0;
  const stacks = new Set<number>();
  for (const expression of expressions) {
    walkExpression(expression, (part) => {
      if (part.kind === 'lookahead') {
        bytes = Math.max(bytes, Math.ceil((part.offset + part.width) / 8));
      }
      if (part.kind === 'element' && part.lastOf !== undefined) stacks.add(part.lastOf);
    });
  }
  const fail = failure(emitter);
  const checks = [...stacks].map((stack) => {
    const next = `I[${emitter.layout.nextSlot(stack)}]`;
    return `if (${next} === 0) { ${fail('StackOutOfBounds')} }`;
  });
  if (bytes > 0) checks.push(emitNeed(bytes, fail));
  return [...checks, code].join('\n');
}

/** Bytes that are passed over leave the packet. */
function emitAdvance(emitter: Emitter, bits: Expression, fail: Fail): string {
  return `{ let v = ${asUnsigned(emitter.value(bits), 32)};
    if (v % 8 !== 0) { ${fail('ParserInvalidArgument')} }
    v = v / 8;
    ${emitNeed('v', fail)}
    if (v !== 0) { o += v; ${emitter.reshape()} }
  }`;
}

function emitSelect(emitter: Emitter, state: ParserState, jump: Jump): string {
  if (state.key.length === 0 || state.cases.length === 0) return jump(state.defaultNext);
  // Key parts are read once: a value may come from a slot that no branch changes.
  const parts = state.key.map((part, i) => {
    const value = emitter.value(part.value);
    if (part.width > 53) return { declaration: '', value, width: part.width };
    const name = `k${i}`;
    const declaration = `const ${name} = ${asUnsigned(value, part.width)};`;
    return { declaration, value: numberValue(name, 0, 2 ** part.width - 1), width: part.width };
  });
  const branches = state.cases.map((way) => {
    if ('valueSet' in way) {
      return `if (${emitContains(way.valueSet, parts)}) { ${jump(way.next)} }`;
    }
    const tests = parts
      .map((part, i) => emitMatch(part.value, way.values[i]!, way.masks[i]!, part.width))
      .filter((test) => test !== 'true');
    return `if (${tests.join(' && ') || 'true'}) { ${jump(way.next)} }`;
  });
  const declarations = parts.map((part) => part.declaration).join(' ');
  const code = `${branches.join(' else ')} else { ${jump(state.defaultNext)} }`;
  const values = state.key.map((part) => part.value);
  return guarded(emitter, values, `{ ${declarations} ${code} }`);
}

/** A condition: the key is in a value set. */
function emitContains(valueSet: number, parts: readonly { value: Value; width: number }[]): string {
  const name = `v${valueSet}`;
  const words = parts.flatMap(({ value, width }) =>
    width <= 32 ? [`${asUnsigned(value, width)} | 0`] : asLimbs(value, limbCount(width)),
  );
  const stores = words.map((word, i) => `${name}_key[${i}] = ${word}`);
  return `(${stores.join(', ')}, ${name}.contains())`;
}
