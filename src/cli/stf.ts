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

/** What `umbra stf --help` says behind the options. */
export const stfHelp = `
Statements, one a line; # begins a comment:
  add TABLE [PRIORITY] FIELD:VALUE[/LENGTH|/MASK] ... ACTION(ARGUMENT:VALUE, ...) [= NAME]
  setdefault TABLE ACTION(...)        remove all                wait
  packet PORT HEX...                  expect PORT [HEX|*...][$] no_packet
  check_counter COUNTER(INDEX|NAME) [packets|bytes ==|!=|<|<=|>|>= NUMBER]
  and simple_switch_CLI's mirroring_*, mc_*, counter_*, register_* and meter_*

Exit status: 0 passed, 1 failed, 2 wrong usage. From a checkout:
  umbra stf test/programs/build/tables.json test/programs/build/tables.p4info.txtpb \\
    test/programs/tables.stf
`;

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
