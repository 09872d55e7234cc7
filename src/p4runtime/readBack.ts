/**
 * What became of a Write whose answer got lost: a deadline that passed, a connection that broke, an
 * error without the list of statuses that the specification promises. The device is asked.
 */
import { Update_Type, type Entity, type Update } from '../proto/index.js';
import { entityContent } from './compare.js';
import { entityKey } from './entityKey.js';
import { Code, StatusError, type UpdateFailure } from './status.js';

/** Statuses that say nothing about the updates of a Write. */
const vague: ReadonlySet<number> = new Set([
  Code.CANCELLED,
  Code.UNKNOWN,
  Code.DEADLINE_EXCEEDED,
  Code.ABORTED,
  Code.INTERNAL,
  Code.UNAVAILABLE,
]);

/** Whether a failed Write may have been carried out, in part or whole. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof StatusError && vague.has(error.status);
}

/**
 * Reads that show whether updates were carried out; undefined when reads cannot show it, as with
 * cells that packets change.
 */
export function readBackRequests(updates: readonly Update[]): Entity[] | undefined {
  const requests: Entity[] = [];
  for (const { entity } of updates) {
    const e = entity?.entity;
    switch (e?.$case) {
      case 'tableEntry': {
        // A default that was reset is whatever the program says.
        if (e.value.isDefaultAction && !e.value.action) return undefined;
        const content = { action: undefined, controllerMetadata: 0n, metadata: NO_BYTES };
        requests.push({ entity: { $case: 'tableEntry', value: { ...e.value, ...content } } });
        break;
      }
      case 'actionProfileMember':
      case 'actionProfileGroup':
      case 'packetReplicationEngineEntry':
        requests.push(entity!);
        break;
      default:
        return undefined;
    }
  }
  return requests;
}

const NO_BYTES = new Uint8Array(0);

/** The updates that did not happen, going by what was found. */
export function notCarriedOut(
  updates: readonly Update[],
  found: readonly Entity[],
): UpdateFailure[] {
  const present = new Map(found.map((entity) => [entityKey(entity), entity]));
  return updates.flatMap(({ type, entity }, index) => {
    const have = present.get(entityKey(entity!));
    const isDone =
      type === Update_Type.DELETE
        ? have === undefined
        : have !== undefined && entityContent(have) === entityContent(entity!);
    if (isDone) return [];
    return [{ index, status: Code.ABORTED, message: 'not carried out, as a read showed' }];
  });
}
