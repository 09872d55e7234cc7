/** Every STF test of test/programs, on the committed p4c output of its program. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { readP4InfoText } from '../../src/p4runtime/index.js';
import { parseStf, runStf, stfReport } from '../../src/stf/index.js';
import { checkPipeline } from '../../src/switch/index.js';

const folder = shippedFile('test/programs');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

// `NAME.stf` and `NAME.CASE.stf` are tests of `NAME.p4`.
for (const name of readdirSync(folder).filter((name) => name.endsWith('.stf'))) {
  test(name, (t) => {
    const info = `build/${name.split('.')[0]}.p4info.txtpb`;
    const { program } = checkPipeline({
      p4info: readP4InfoText(read(info), info),
      p4DeviceConfig: readFileSync(join(folder, `build/${name.split('.')[0]}.json`)),
      cookie: undefined,
    });
    const result = runStf(program, parseStf(read(name), name), { seed: 1 });
    t.true(result.passed, stfReport(result));
  });
}
