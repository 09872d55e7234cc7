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
  if (order.length === 0) return '';
  const position = new Map(order.map((node, i) => [node, i]));
  const targets = new Set<number>();
  const bodies = order.map((node, i) =>
    emit(node, (target) => {
      if (target === END) return `break ${label};`;
      const to = position.get(target);
      assert(to !== undefined && to > i, 'a jump leads forward');
      if (to === i + 1) return '';
      targets.add(to);
      return `break ${label}${to};`;
    }),
  );
  // A body whose last statement may fall through reaches the next one: emitters end every path
  // with a jump, and an empty jump means the next node.
  let code = bodies[0]!;
  for (let i = 1; i < bodies.length; i++) {
    code = targets.has(i) ? `${label}${i}: {\n${code}\n}\n${bodies[i]}` : `${code}\n${bodies[i]}`;
  }
  return `${label}: {\n${code}\n}`;
}
