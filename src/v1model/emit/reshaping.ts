/** What a program can do to the order of headers beyond making them valid or invalid. */
import type { Primitive, Program } from '../../bmv2/index.js';

/** Every primitive of a program, those within others too. */
export function primitivesOf(program: Program): Primitive[] {
  return [
    ...program.actions.flatMap((action) => flat(action.body)),
    ...parserPrimitives(program),
    ...flat(program.deparserBody),
  ];
}

/** The primitives of parser states. */
export function parserPrimitives(program: Program): Primitive[] {
  const steps = program.parser.states.flatMap((state) => state.steps);
  return steps.flatMap((step) => (step.op === 'run' ? flat(step.body) : []));
}

/** True when headers can move, change their length, or leave bytes out between them. */
export function canReshape(program: Program): boolean {
  const steps = program.parser.states.flatMap((state) => state.steps);
  return (
    steps.some((step) => step.op === 'advance') ||
    primitivesOf(program).some(
      (p) => p.op === 'push' || p.op === 'pop' || replacesVarbit(program, p),
    )
  );
}

/** True when a primitive gives a header another varbit. */
export function replacesVarbit(program: Program, primitive: Primitive): boolean {
  if (primitive.op === 'copy_varbit') return !program.headers[primitive.target.header]!.isMetadata;
  return primitive.op === 'copy_header' && program.headers[primitive.target]!.varbit !== undefined;
}

function flat(body: readonly Primitive[]): Primitive[] {
  return body.flatMap((p) => (p.op === 'choose' ? [p, ...p.cases.flatMap(flat)] : [p]));
}
