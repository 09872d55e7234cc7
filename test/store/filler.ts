/** Puts numbered notes into the store of a folder until it refuses one; says how many it took. */
import { messageOf, UmbraError } from '../../src/base/errors.js';
import { Store } from '../../src/store/index.js';

const store = Store.open(process.argv[2]);
let taken = 0;
try {
  for (; taken < 10_000; taken++) store.put('notes', { id: `${taken}`, text: 'x'.repeat(300) });
} catch (error) {
  const code = error instanceof UmbraError ? error.code : undefined;
  process.stdout.write(JSON.stringify({ taken, code, message: messageOf(error) }));
}
