/**
 * The controller of a campaign dies by SIGKILL at random moments, again and again. UMBRA_KILLS says
 * how often; a few times unless it is set.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { countInterrupted, historyProblems, readHistory } from './campaignJournal.js';
import { killedPlan } from './killedPlan.js';
import { BOUND_MS, Killer } from './killer.js';
import { WireNetwork } from './wireNetwork.js';

const KILLS = Number(process.env['UMBRA_KILLS'] ?? 6);
/** Networks side by side. */
const WIDTH = 2;

/** Kills so many on a network of their own; what was seen as a line, and what was wrong. */
async function killed(kills: number, seed: number): Promise<{ seen: string; problems: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-kills-'));
  const network = await WireNetwork.open();
  const killer = await Killer.open(network, folder, seed);
  try {
    await killer.run(kills);
    const { figures, problems } = killer;
    const { campaigns, longestAloneMs, longestMs, moments, withFaults } = figures;
    const history = readHistory(folder);
    const scenarios = killedPlan.scenarios.map(({ id }) => id);
    const { times, resumed } = countInterrupted(history);
    const when = Object.entries(moments).map(([moment, count]) => `${count} ${moment}`);
    const seen =
      `${figures.kills} deaths (${when.join(', ')}), ${withFaults} with faults on the switches; ` +
      `the longest acted ${longestMs.toFixed(0)} ms more, where nobody took over ` +
      `${longestAloneMs.toFixed(0)} ms, of ${BOUND_MS} at most; ${times} times a run was ` +
      `interrupted, ${resumed} such runs done later, ${history.runs.size} runs in ` +
      `${campaigns} campaigns, ${history.faults.size} faults`;
    if (withFaults === 0) problems.push('nobody died with a fault on the switches');
    if (longestAloneMs === 0) problems.push('no fault acted after a death');
    return { seen, problems: [...problems, ...historyProblems(history, scenarios, campaigns)] };
  } finally {
    killer.close();
    network.close();
    rmSync(folder, { recursive: true });
  }
}

test('killed again and again: no fault outlives its lease, no run is lost', async (t) => {
  t.timeout(120_000 + KILLS * 30_000);
  const lanes = Array.from({ length: WIDTH }, (_, lane) =>
    killed(Math.floor((KILLS + lane) / WIDTH), 100 + lane),
  );
  for (const { problems, seen } of await Promise.all(lanes)) {
    t.log(seen);
    t.deepEqual(problems, []);
  }
});
