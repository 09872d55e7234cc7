/**
 * Runs every test this machine can run and says which were skipped and why.
 *
 * Two passes of ava: unit tests side by side, then the live ones (root, namespaces, real tools)
 * one after the other. Ends with the line `N passed, N failed, N skipped`; exits 1 on any failure.
 * Arguments are passed on to ava as file patterns, in one pass.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';

const skipMark = 'SKIPPED: ';
const unit = { label: 'unit tests', args: ['dist/test/**/*.test.js', '!dist/test/live/**'] };
const live = { label: 'live tests', args: ['dist/test/live/**/*.test.js', '--serial', '-c', '1'] };
const hasLive = readdirSync('dist/test/live').some((name) => name.endsWith('.test.js'));
const passes = process.argv.length > 2
  ? [{ label: 'tests', args: process.argv.slice(2) }]
  : hasLive ? [unit, live] : [unit];

const totals = { passed: 0, failed: 0, skipped: [] };
for (const pass of passes) await runPass(pass);
report();

/** Runs ava once and adds its results to the totals. */
async function runPass({ label, args }) {
  const before = { ...totals, skipped: totals.skipped.length };
  const ava = spawn('npx', ['--no-install', 'ava', '--tap', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  const closed = new Promise((resolve) => ava.on('close', resolve));
  let title = '';
  let failing = false;
  for await (const line of createInterface({ input: ava.stdout })) {
    const result = /^(not )?ok \d+ - (.*)$/.exec(line);
    if (result) {
      title = result[2];
      failing = result[1] !== undefined;
      if (failing) totals.failed++;
      else totals.passed++;
    }
    const mark = line.indexOf(skipMark);
    if (mark >= 0 && !failing) {
      totals.passed--;
      totals.skipped.push(`${title}: ${line.slice(mark + skipMark.length)}`);
    } else if (failing && !line.startsWith('#')) {
      console.log(line);
    }
  }
  const code = await closed;
  const failed = totals.failed - before.failed;
  if (code !== 0 && failed === 0) {
    console.log(`not ok - ${label}: the test runner itself ended with status ${code}`);
    totals.failed++;
  }
  console.log(
    `${label}: ${totals.passed - before.passed} passed, ${totals.failed - before.failed} failed, ` +
      `${totals.skipped.length - before.skipped} skipped`,
  );
}

function report() {
  if (totals.skipped.length > 0) {
    console.log('\nskipped on this machine:');
    for (const line of totals.skipped) console.log(`  ${line}`);
  }
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped.length} skipped`);
  process.exitCode = totals.failed > 0 ? 1 : 0;
}
