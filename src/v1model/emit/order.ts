/** Whether the deparser emits headers in the order in which the parser finds them. */
import type { ParserStep, Program } from '../../bmv2/index.js';

/** True when every path through the parser finds headers in the order they are emitted, once. */
export function isOrderKept(program: Program): boolean {
  const { parser, deparser } = program;
  const rank = new Map(deparser.map((header, i) => [header, i]));
  if (rank.size < deparser.length) return false;
  const worst = new Map<number, number>();
  // The highest rank reached before a state must lie below everything extracted in it.
  const visit = (state: number, highest: number): boolean => {
    if (state < 0 || (worst.get(state) ?? -2) >= highest) return true;
    worst.set(state, highest);
    let top = highest;
    for (const step of parser.states[state]!.steps) {
      const reached = afterStep(program, rank, step, top);
      if (reached === undefined) return false;
      top = reached;
    }
    const { cases, defaultNext } = parser.states[state]!;
    return [...cases.map((c) => c.next), defaultNext].every((next) => visit(next, top));
  };
  return visit(parser.initial, -1);
}

/** The highest rank behind a step; undefined when it finds a header out of order. */
function afterStep(
  program: Program,
  rank: ReadonlyMap<number, number>,
  step: ParserStep,
  top: number,
): number | undefined {
  if (step.op === 'extract') {
    const at = rank.get(step.header);
    // A header that is never emitted is looked for when the packet is there.
    if (at === undefined) return top;
    return at <= top || isFilledByNext(program, step.header) ? undefined : at;
  }
  if (step.op !== 'extract_next') return top;
  // Elements come one after the other: another one may follow until something else does.
  const ranks = program.stacks[step.stack]!.elements.flat().map((header) => rank.get(header));
  if (ranks.every((at) => at === undefined)) return top;
  const first = ranks[0];
  if (first === undefined || !ranks.every((at, i) => at === first + i)) return undefined;
  return top > first ? undefined : first;
}

/** True when a header is the element of a stack that is filled one after the other. */
function isFilledByNext(program: Program, header: number): boolean {
  const steps = program.parser.states.flatMap((state) => state.steps);
  return program.stacks.some(
    ({ elements }, stack) =>
      elements.some((element) => element.includes(header)) &&
      steps.some((step) => step.op === 'extract_next' && step.stack === stack),
  );
}
