/** An action with its parameters against P4Info. Spec: section 9.1.2. */
import type { Action } from '../proto/index.js';
import { padded } from './bytestring.js';
import type { ActionSchema } from './schema.js';
import { invalid } from './status.js';

/** Throws unless the action is one of those allowed, with its parameters. */
export function validateAction(
  allowed: readonly ActionSchema[],
  action: Action,
  owner: string,
): void {
  const schema = allowed.find((a) => a.id === action.actionId);
  if (!schema) throw invalid(`${owner}: action id ${action.actionId} is not allowed`);
  if (action.params.length !== schema.params.length) {
    throw invalid(`${schema.name}: ${action.params.length} of ${schema.params.length} parameters`);
  }
  for (const param of schema.params) {
    const given = action.params.find((p) => p.paramId === param.id);
    if (!given) throw invalid(`${schema.name}: ${param.name} is missing`);
    padded(given.value, param.bitWidth, `${schema.name}: ${param.name}`);
  }
}
