/**
 * How a row of the checklist becomes tests: one body, run against every target.
 *
 * A body states what it sees: `see('what', actual, expected)`. Where the reference switch deviates
 * from the specification, the row says what it does instead, by the same words. A deviation that
 * is gone, or that is no deviation, fails: the reference has moved.
 */
import test, { type ExecutionContext } from 'ava';
import { bmv2, embedded, type TargetKind } from './targets.js';
import { World, type ProgramName } from './world.js';

/** Compares one observation with what the specification says. */
export type See = (what: string, actual: unknown, expected: unknown) => void;

/** A row's body. */
export type RowBody = (see: See, world: World) => Promise<void>;

/** What differs from the usual. */
export interface RowOptions {
  /** The program that runs; undefined starts without one. */
  program?: ProgramName | undefined;
  /** What simple_switch_grpc does instead, by the words of `see`. */
  bmv2?: Readonly<Record<string, unknown>>;
  /** Why simple_switch_grpc is not asked at all. */
  notOnBmv2?: string;
}

/** Declares the tests of one row: one per target. */
export function row(id: string, rule: string, body: RowBody, options: RowOptions = {}): void {
  test(`${id} ${embedded.name}: ${rule}`, (t) => run(t, embedded, body, options, {}));
  test.serial(`${id} ${bmv2.name}: ${rule}`, async (t) => {
    const reason = bmv2.missing() ?? options.notOnBmv2;
    if (reason === undefined) return run(t, bmv2, body, options, options.bmv2 ?? {});
    t.log(`SKIPPED: ${reason}`);
    t.pass();
  });
}

/** Declares the test of a row about clients. */
export function clientRow(
  id: string,
  rule: string,
  body: (t: ExecutionContext) => Promise<void>,
): void {
  test(`${id} client: ${rule}`, body);
}

async function run(
  t: ExecutionContext,
  kind: TargetKind,
  body: RowBody,
  options: RowOptions,
  deviations: Readonly<Record<string, unknown>>,
): Promise<void> {
  const program = 'program' in options ? options.program : 'conformance';
  const world = await World.start(kind, program);
  const left = new Set(Object.keys(deviations));
  const see: See = (what, actual, expected) => {
    if (!(what in deviations)) {
      t.deepEqual(actual, expected, what);
      return;
    }
    left.delete(what);
    t.notDeepEqual(deviations[what], expected, `${what}: this is no deviation`);
    t.deepEqual(actual, deviations[what], `${what}: the deviation has changed`);
  };
  try {
    await body(see, world);
    t.deepEqual([...left], [], 'deviations that were not looked at');
    t.pass();
  } finally {
    await world.stop();
  }
}
