/** What a failure acts on, by name. */
import type { Failure } from './failure.js';

/** The name of the failed part: a switch, or a link. */
export function targetOf(failure: Failure): string {
  return failure.type === 'device_failure' ? failure.device : failure.link;
}
