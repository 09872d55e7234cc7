/** What a link's failure asks for is what Linux interfaces show, through a daemon switch. */
import test, { type ExecutionContext } from 'ava';
import { delayScenario, lossScenario, rateScenario } from './linkScenario.js';
import { namespaces, program, skipUnless } from './requirements.js';
import { promptTarget, ShadowLab } from './shadowLab.js';

const needs = [namespaces, ...['ethtool', 'ping', 'tcpdump', 'chrt'].map(program)];

async function through(
  t: ExecutionContext,
  scenario: (t: ExecutionContext, lab: ShadowLab) => Promise<void>,
): Promise<void> {
  if (skipUnless(t, ...needs)) return;
  t.timeout(120_000);
  const lab = await ShadowLab.open('umbl', promptTarget);
  try {
    await lab.ready(['ping', '-c', '1', '-W', '1', '10.0.2.1']);
    await scenario(t, lab);
  } finally {
    lab.close();
  }
}

test.serial('loss is within the 99.7 % band', (t) => through(t, lossScenario));
test.serial('added delay is within 1 ms at p99', (t) => through(t, delayScenario));
test.serial('a rate is within 2 %', (t) => through(t, rateScenario));
