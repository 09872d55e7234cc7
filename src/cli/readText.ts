/** Files that a command names. */
import { readFileSync } from 'node:fs';
import { UmbraError, messageOf } from '../base/errors.js';

/** A text file. Throws INVALID_FILE naming it. */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UmbraError('INVALID_FILE', `${name}: ${messageOf(error)}`, { cause: error });
  }
}
