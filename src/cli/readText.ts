/** Files that a command names. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { UmbraError, messageOf } from '../base/errors.js';

/** A text file. Throws INVALID_FILE naming it. */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UmbraError('INVALID_FILE', `${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Mirror rules of a file: a list, or what `mirror.rules` holds. Throws INVALID_FILE. */
export function readMirrorFile(path: string): unknown {
  const text = readText(path);
  try {
    const found = parse(text) as { rules?: unknown; mirror?: { rules?: unknown } } | unknown[];
    return Array.isArray(found) ? found : (found?.mirror?.rules ?? found?.rules);
  } catch (error) {
    throw new UmbraError('INVALID_FILE', `${path}: ${messageOf(error)}`, { cause: error });
  }
}
