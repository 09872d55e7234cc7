/** The disk is full under a campaign: an error that names the file, nothing lost, no fault left. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { RunRecord } from '../../src/campaign/index.js';
import { Store } from '../../src/store/index.js';
import { historyProblems, readHistory } from './campaignJournal.js';
import { killedPlan } from './killedPlan.js';
import { ControllerProcess } from './killer.js';
import { WireNetwork } from './wireNetwork.js';

const DISK_KIB = 16;
const scenarios = killedPlan.scenarios.map(({ id }) => id);

/** A controller's whole life: how it ended, and the states that it was told were kept, by run. */
async function live(network: WireNetwork, folder: string, fileKiB?: number) {
  const running = new ControllerProcess(network, folder, 'campaign-1', fileKiB);
  if (await running.hears('recovered')) running.begin();
  const how = await running.ended;
  const kept = new Map<string, string>();
  for (const line of running.said) {
    const [, state, id] = /^kept (\S+) (.+)$/.exec(line) ?? [];
    if (state !== undefined && id !== undefined) kept.set(id, state);
  }
  return { how, kept, errors: running.errors };
}

/** Runs a campaign where the disk is too small, then, when `grow` has made room, to its end. */
async function fillAndGrow(
  t: ExecutionContext,
  folder: string,
  error: RegExp,
  fileKiB: number | undefined,
  grow: () => void,
): Promise<void> {
  const network = await WireNetwork.open();
  try {
    const first = await live(network, folder, fileKiB);
    t.is(first.how, 1);
    t.regex(first.errors, error);
    t.deepEqual(await network.faultEntries(), [], 'no fault is left on the switches');
    t.true(first.kept.size > 1, 'the disk was not full at once');
    const store = Store.open(folder);
    const known = store.all<RunRecord>('runs').map(({ id, state }) => [id, state] as const);
    store.close();
    t.deepEqual(new Map(known), first.kept, 'what was acknowledged is there');
    const second = await live(network, folder, fileKiB);
    t.is(second.how, 1);
    t.regex(second.errors, error, 'still full');
    t.deepEqual(await network.faultEntries(), []);
    grow();
    const last = await live(network, folder);
    t.is(last.how, 0, last.errors);
    t.deepEqual(historyProblems(readHistory(folder), scenarios, 1), []);
    t.log(`${first.errors.trim()}; ${first.kept.size} of ${scenarios.length} runs were begun`);
  } finally {
    network.close();
  }
}

test('a limit on the journal: an error that names it, nothing acknowledged is lost', async (t) => {
  t.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'umbra-limit-'));
  try {
    const error = /^STORE: \S+\/journal\.jsonl: EFBIG/;
    await fillAndGrow(t, folder, error, DISK_KIB, () => {});
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a full disk: an error that names the file, nothing acknowledged is lost', async (t) => {
  t.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'umbra-full-'));
  const mount = (options: string): { status: number | null; stderr: string } =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { encoding: 'utf8' });
  const { status, stderr } = mount(`size=${DISK_KIB}k`);
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    t.log(`SKIPPED: cannot mount a small file system: ${stderr.trim()}`);
    return t.pass();
  }
  try {
    const error = /^STORE: \S+\/journal\.jsonl: ENOSPC/;
    await fillAndGrow(t, folder, error, undefined, () => {
      t.is(mount(`remount,size=${64 * DISK_KIB}k`).status, 0);
    });
  } finally {
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
  return undefined;
});
