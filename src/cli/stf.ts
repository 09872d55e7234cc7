/** `umbra stf`: an STF test on the embedded switch. */
import { readFileSync } from 'node:fs';
import { UmbraError, messageOf } from '../base/errors.js';
import { readP4InfoText } from '../p4runtime/index.js';
import { parseStf, runStf, stfReport } from '../stf/index.js';
import { checkPipeline } from '../switch/index.js';
import { CommandFailed, print } from './output.js';

/** Options of `umbra stf`. */
export interface StfCommandOptions {
  json?: boolean;
}

/** Runs one test and prints its result. Throws CommandFailed when it does not pass. */
export function stf(json: string, p4info: string, test: string, options: StfCommandOptions): void {
  const { program } = checkPipeline({
    p4info: readP4InfoText(read(p4info).toString('utf8'), p4info),
    p4DeviceConfig: read(json),
    cookie: undefined,
  });
  const result = runStf(program, parseStf(read(test).toString('utf8'), test), { seed: 1 });
  print(result, options.json === true, () => stfReport(result));
  if (!result.passed) throw new CommandFailed(`${test} failed`);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UmbraError('INVALID_FILE', messageOf(error), { cause: error });
  }
}
