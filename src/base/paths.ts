/** Where the files that ship with Umbra are, whatever folder a command was started in. */
import { fileURLToPath } from 'node:url';

/** The package's root folder: compiled code lives in `dist/src/base/` below it. */
const root = new URL('../../../', import.meta.url);

/** Absolute path of a file that ships with Umbra, named relative to the package's root. */
export function shippedFile(relative: string): string {
  return fileURLToPath(new URL(relative, root));
}
