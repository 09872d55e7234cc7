/** The network functions packet by packet: an STF test of each, on the committed p4c output. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { shippedProgram } from '../../src/app/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { parseStf, runStf, stfReport } from '../../src/stf/index.js';
import { checkPipeline } from '../../src/switch/index.js';

for (const name of ['firewall', 'nat', 'balancer'] as const) {
  test(name, (t) => {
    const file = `test/functions/${name}.stf`;
    const { program } = checkPipeline(shippedProgram(name));
    const stf = parseStf(readFileSync(shippedFile(file), 'utf8'), file);
    const result = runStf(program, stf, { seed: 1 });
    t.true(result.passed, stfReport(result));
  });
}
