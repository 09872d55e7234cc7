import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';

const FILE = `name: kills
before: 100ms
after: 100ms
recovery: 0s
window: 100ms
warmUp: 100ms
duration: 200ms
hypothesis: [{ metric: errorRate, of: all, comparison: "<=", value: 0.5 }]
generate: [{ singles: {} }]
`;

interface Ended {
  status: number | null;
  out: string;
  err: string;
}

function umbra(args: string[], input?: (child: ReturnType<typeof spawn>) => void): Promise<Ended> {
  const child = spawn(process.execPath, [shippedFile('bin/umbra.js'), 'campaign', ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => (err += data));
  input?.(child);
  return once(child, 'close').then(([status]) => ({ status: status as number | null, out, err }));
}

/** Runs whose outcome is on disk. */
function doneRuns(state: string): number {
  const journal = join(state, 'journal.jsonl');
  if (!existsSync(journal)) return 0;
  return (readFileSync(journal, 'utf8').match(/"collection":"runs".*"state":"done"/g) ?? []).length;
}

test('a campaign that is killed and resumed shows what one does that was left alone', async (t) => {
  t.timeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), 'umbra-campaign-'));
  const file = join(folder, 'kills.yaml');
  writeFileSync(file, FILE);
  const topology = ['--topology', shippedFile('topologies/triangle.json')];
  const run = ['run', file, ...topology, '--json'];
  const alone = await umbra([...run, '--state', join(folder, 'alone')]);
  t.is(alone.status, 0, alone.err);
  const summary = JSON.parse(alone.out) as { runs: { verdict: string }[] };
  t.true(summary.runs.length > 8);

  const state = join(folder, 'killed');
  let kills = 0;
  let last = await umbra([...run, '--state', state], (child) => void killAfter(child, state, 2));
  for (; last.status !== 0 && kills < 10; kills++) {
    const listed = await umbra(['list', '--state', state, '--json']);
    t.is((JSON.parse(listed.out) as [{ state: string }])[0].state, 'interrupted');
    const enough = doneRuns(state) + 3;
    last = await umbra(['resume', 'campaign-1', '--state', state, '--json'], (child) => {
      if (kills < 2) void killAfter(child, state, enough);
    });
  }
  t.true(kills >= 2, `${kills} kills`);
  t.is(last.out, alone.out);
  const again = await umbra(['report', 'campaign-1', '--state', state, '--json']);
  t.is(again.out, alone.out);
  rmSync(folder, { recursive: true });
});

async function killAfter(
  child: ReturnType<typeof spawn>,
  state: string,
  runs: number,
): Promise<void> {
  while (child.exitCode === null && doneRuns(state) < runs) await sleep(10);
  child.kill('SIGKILL');
}

test('wrong files and a dry run', async (t) => {
  const none = await umbra(['run', 'nowhere.yaml']);
  t.is(none.status, 1);
  t.regex(none.err, /^umbra: nowhere.yaml: ENOENT/);
  const dry = await umbra(['run', shippedFile('scenarios/leaf-spine.yaml'), '--dry-run']);
  t.is(dry.status, 0, dry.err);
  t.regex(dry.out, /an uplink loses a little +failure-1 +1 s +2 s +link leaf1-spine1: loss 1 %/);
  t.is((await umbra(['resume', 'campaign-7', '--state', join(tmpdir(), 'umbra-none')])).status, 1);
});
