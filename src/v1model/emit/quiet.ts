/**
 * Tables that do nothing while they are empty. Most switches of a shadow have no fault at a time:
 * code without what only the entries of such tables lead to is short enough for one function.
 */
import type { NodeRef, Pipeline, Program, Table } from '../../bmv2/index.js';

/**
 * True when a table decides by hit or miss, and a miss changes nothing but its counters. It is
 * quiet while it has no entries and its default action is the program's own.
 */
export function canBeQuiet(program: Program, table: Table): boolean {
  const { defaultAction, entries, key, meter, next, profile, supportsTimeout } = table;
  return (
    key.length > 0 &&
    entries.length === 0 &&
    profile === undefined &&
    meter === undefined &&
    !supportsTimeout &&
    next.onHit &&
    nodeKey(next.hit) !== nodeKey(next.miss) &&
    defaultAction !== undefined &&
    program.actions[defaultAction.action]!.body.length === 0
  );
}

/** True when a program has such tables. */
export function hasQuietTables(program: Program): boolean {
  const any = ({ tables }: Pipeline): boolean => tables.some((table) => canBeQuiet(program, table));
  return any(program.ingress) || any(program.egress);
}

/** A place in a pipeline as a key; '' is its end. */
export function nodeKey(ref: NodeRef): string {
  return ref === undefined ? '' : `${ref.kind}${ref.index}`;
}
