/** The steps of an action: one after the other, or as blocks when some of them jump. */
import type { Expression, Primitive } from '../../bmv2/index.js';
import { emitGraph, END, topologicalOrder } from './graph.js';

/** How the parts of a body are emitted. */
export interface BodyEmitter {
  step(primitive: Primitive): string;
  condition(expression: Expression): string;
  /** Statements that end a loop which does not end by itself. */
  giveUp: string;
}

/** More blocks than this are not run in one action: a loop has no end. */
const BLOCK_LIMIT = 1_000_000;

/** Emits a body. */
export function emitBody(body: readonly Primitive[], emitter: BodyEmitter): string {
  const jumps = body.flatMap((p, i) => (p.op === 'jump' ? [i + 1, p.to] : []));
  if (jumps.length === 0) return body.map((p) => emitter.step(p)).join('\n');
  const starts = [...new Set([0, ...jumps])].sort((a, b) => a - b).filter((i) => i < body.length);
  const blockAt = (i: number): number => (i >= body.length ? END : starts.indexOf(i));
  const blocks = starts.map((start, i) => body.slice(start, starts[i + 1]));
  const next = (block: number): number => blockAt(starts[block]! + blocks[block]!.length);
  const successors = (block: number): number[] => {
    const last = blocks[block]!.at(-1)!;
    if (last.op !== 'jump') return [next(block)];
    return last.condition ? [next(block), blockAt(last.to)] : [blockAt(last.to)];
  };
  const emit = (block: number, jump: (target: number) => string): string => {
    const steps = blocks[block]!.filter((p) => p.op !== 'jump').map((p) => emitter.step(p));
    const last = blocks[block]!.at(-1)!;
    const [stay, leave] = successors(block).map(jump);
    const isBranch = last.op === 'jump' && last.condition !== undefined;
    const end = isBranch
      ? `if (${emitter.condition(last.condition!)}) { ${stay} } else { ${leave} }`
      : stay;
    return `${steps.join('\n')} ${end}`;
  };
  const order = topologicalOrder(0, successors);
  return order ? emitGraph(order, 'AC', emit) : emitLoop(blocks.length, emit, emitter.giveUp);
}

/** Blocks that can come round again. */
function emitLoop(
  count: number,
  emit: (block: number, jump: (target: number) => string) => string,
  giveUp: string,
): string {
  const jump = (target: number): string =>
    target === END ? 'break AC;' : `block = ${target}; continue AC;`;
  const cases = Array.from({ length: count }, (_, i) => `case ${i}: { ${emit(i, jump)} }`);
  return `{ let block = 0, left = ${BLOCK_LIMIT};
AC: for (;;) {
  if (left-- === 0) { ${giveUp} }
  switch (block) {\n${cases.join('\n')}\n}
} }`;
}
