/** Which fields can have a value although their header is invalid. */
import type { FieldRef, Program } from '../../bmv2/index.js';
import type { Layout } from './layout.js';
import { primitivesOf } from './reshaping.js';
import { keyOf } from './usage.js';

/**
 * True when a field may differ from zero while its header is invalid: every pass begins with zeros,
 * so that its header must have been taken away, or it was written while its header was not there.
 */
export function canBeStale(layout: Layout, ref: FieldRef): boolean {
  const { program, usage } = layout;
  if (program.headers[ref.header]!.isMetadata) return false;
  return usage.writes.has(keyOf(ref)) || canBecomeInvalid(program, ref.header);
}

function canBecomeInvalid(program: Program, header: number): boolean {
  const isMember = program.unions.some((union) => union.includes(header));
  const isElement = program.stacks.some(({ elements }) => elements.flat().includes(header));
  const isTakenAway = primitivesOf(program).some(
    (primitive) =>
      (primitive.op === 'set_invalid' && primitive.header === header) ||
      (primitive.op === 'copy_header' && primitive.target === header),
  );
  const isRestored = [...program.fieldLists.values()].some((list) => list.headers.includes(header));
  return isMember || isElement || isTakenAway || isRestored;
}
