/** Programs of test/programs for tests that bring their own statements. */
import { readFileSync } from 'node:fs';
import { shippedFile } from '../../src/base/paths.js';
import type { Program } from '../../src/bmv2/index.js';
import { readP4InfoText } from '../../src/p4runtime/index.js';
import { checkPipeline } from '../../src/switch/index.js';

/** The program `NAME.p4` as p4c compiled it. */
export function testProgram(name: string): Program {
  const info = `test/programs/build/${name}.p4info.txtpb`;
  return checkPipeline({
    p4info: readP4InfoText(readFileSync(shippedFile(info), 'utf8'), info),
    p4DeviceConfig: readFileSync(shippedFile(`test/programs/build/${name}.json`)),
    cookie: undefined,
  }).program;
}
