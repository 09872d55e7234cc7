/**
 * Structured code for a graph without circles: every node becomes a block, a jump forward is a
 * labelled break. Needs no dispatch loop, and falls through where the order allows.
 */
import { assert } from '../../base/assert.js';

/** A place in the graph; END leaves it. */
export const END = -1;

/** Emits one node; `jump(target)` is the statement that goes there. */
export type NodeEmitter = (node: number, jump: (target: number) => string) => string;

/**
 * Nodes reachable from `initial`, each before its successors, or undefined when there is a circle.
 */
export function topologicalOrder(
  initial: number,
  successors: (node: number) => readonly number[],
): number[] | undefined {
  const order: number[] = [];
  const state = new Map<number, 'open' | 'done'>();
  const visit = (node: number): boolean => {
    if (node === END || state.get(node) === 'done') return true;
    if (state.get(node) === 'open') return false;
    state.set(node, 'open');
    // Later successors first, so that the first one ends up right behind its node.
    if (![...successors(node)].reverse().every(visit)) return false;
    state.set(node, 'done');
    order.push(node);
    return true;
  };
  return visit(initial) ? order.reverse() : undefined;
}

/** Emits the nodes of an order as one block labelled `label`. */
export function emitGraph(order: readonly number[], label: string, emit: NodeEmitter): string {
  return order.length === 0 ? '' : emitParts(order, label, emit, Infinity)[0]!.code;
}

/** Nodes `first` up to `end` of an order, as one block. */
export interface GraphPart {
  /** Positions in the order. */
  first: number;
  end: number;
  /** Jumps within are labelled breaks; a jump into a later part returns its position. */
  code: string;
}

/**
 * Emits an order as one block, or as several when it would be longer than `limit` characters: the
 * bodies of functions of a parameter `at`, the position to begin at. `break label` leaves it.
 */
export function emitParts(
  order: readonly number[],
  label: string,
  emit: NodeEmitter,
  limit: number,
): GraphPart[] {
  const position = new Map(order.map((node, i) => [node, i]));
  // Jumps come as marks, because what they turn into depends on where the parts end.
  const bodies = order.map((node, i) =>
    emit(node, (target) => {
      if (target === END) return `break ${label};`;
      const to = position.get(target);
      assert(to !== undefined && to > i, 'a jump leads forward');
      return `\0${to}\0`;
    }),
  );
  const firsts = bodies.length === 0 ? [] : [0];
  let length = 0;
  bodies.forEach((body, i) => {
    length += body.length;
    if (length <= limit || i === firsts.at(-1)) return;
    firsts.push(i);
    length = body.length;
  });
  return firsts.map((first, part) => {
    const end = firsts[part + 1] ?? bodies.length;
    return { first, end, code: joinBodies(bodies, label, first, end, enteredFrom(bodies, first)) };
  });
}

/** Positions that bodies before `first` jump to. */
function enteredFrom(bodies: readonly string[], first: number): Set<number> {
  const before = bodies.slice(0, first).join('');
  return new Set([...before.matchAll(/\0(\d+)\0/g)].map((mark) => Number(mark[1])));
}

function joinBodies(
  bodies: readonly string[],
  label: string,
  first: number,
  end: number,
  entered: ReadonlySet<number>,
): string {
  const targets = new Set<number>();
  const own = bodies.slice(first, end).map((body, i) =>
    body.replaceAll(/\0(\d+)\0/g, (_, digits: string) => {
      const to = Number(digits);
      if (to >= end) return `return ${to};`;
      if (to === first + i + 1) return '';
      targets.add(to);
      return `break ${label}${to};`;
    }),
  );
  const entries = [...entered].filter((to) => to > first && to < end).sort((a, b) => a - b);
  for (const to of entries) targets.add(to);
  // A body whose last statement may fall through reaches the next one: emitters end every path
  // with a jump, and an empty jump means the next node.
  let code = own[0]!;
  if (entries.length > 0) {
    const cases = entries.map((to) => `case ${to}: break ${label}${to};`);
    code = `switch (at) { ${cases.join(' ')} }\n${code}`;
  }
  for (let i = first + 1; i < end; i++) {
    const body = own[i - first]!;
    code = targets.has(i) ? `${label}${i}: {\n${code}\n}\n${body}` : `${code}\n${body}`;
  }
  return `${label}: {\n${code}\n}`;
}
