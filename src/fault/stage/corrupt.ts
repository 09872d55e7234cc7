/** Turning a bit of some packets, and sending some twice. */
import type { LinkDegradation } from '../failure.js';
import { threshold } from '../parameters.js';
import type { StageCall, StageContext } from './stage.js';

/** Undefined when the failure corrupts nothing. */
export function corruptStage(
  { corrupt, corruptRepaired }: LinkDegradation,
  { expires_us }: StageContext,
): StageCall | undefined {
  if (corrupt === undefined) return undefined;
  const params = {
    threshold: threshold('corrupt', corrupt),
    repair_checksum: corruptRepaired ? '1' : '0',
    expires_us,
  };
  return { table: 'link_fault.corrupt', action: 'flip', params };
}

/** Undefined when the failure duplicates nothing. The port's clone session must exist. */
export function duplicateStage(
  { duplicate }: LinkDegradation,
  { expires_us }: StageContext,
): StageCall | undefined {
  if (duplicate === undefined) return undefined;
  const params = { threshold: threshold('duplicate', duplicate), expires_us };
  return { table: 'link_fault.duplicate', action: 'copy', params };
}
