/** Every STF test of test/programs, on the committed p4c output of its program. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { parseStf, runStf, stfReport } from '../../src/stf/index.js';
import { testProgram } from './program.js';

const folder = shippedFile('test/programs');

// `NAME.stf` and `NAME.CASE.stf` are tests of `NAME.p4`.
for (const name of readdirSync(folder).filter((name) => name.endsWith('.stf'))) {
  test(name, (t) => {
    const stf = parseStf(readFileSync(join(folder, name), 'utf8'), name);
    const result = runStf(testProgram(name.split('.')[0]!), stf, { seed: 1 });
    t.true(result.passed, stfReport(result));
  });
}
