/**
 * The rows of the conformance checklist: one testable rule of the P4Runtime 1.5 specification each.
 * Every id is a test in this folder; `complete.test.ts` holds the two together.
 */

/** Rows by letter: A server, B arbitration, C writes, D reads, E table entries, ... */
const counts: Record<string, number> = {
  A: 4,
  B: 18,
  C: 15,
  D: 6,
  E: 17,
  F: 5,
  G: 5,
  H: 4,
  I: 4,
  J: 3,
  K: 1,
  L: 5,
  M: 3,
};

/** All ids in order: A1, A2, ... M3. */
export const rowIds: readonly string[] = Object.entries(counts).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
);
