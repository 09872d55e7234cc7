/** The command `umbra stf`: what it prints, and its exit status. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import type { StfResult } from '../../src/stf/index.js';

function umbra(...args: string[]): { status: number | null; stdout: string } {
  const command = [shippedFile('bin/umbra.js'), ...args];
  return spawnSync(process.execPath, command, { encoding: 'utf8', cwd: shippedFile('.') });
}

const files = ['test/programs/build/tables.json', 'test/programs/build/tables.p4info.txtpb'];

test('a test that passes, by the example of the help text', (t) => {
  const help = umbra('stf', '--help').stdout.replace('\\\n', ' ');
  const example = /^ *umbra (stf .*)$/m.exec(help)![1]!.trim().split(/\s+/);
  const done = umbra(...example);
  t.is(done.status, 0);
  t.is(done.stdout, 'test/programs/tables.stf: passed, 40 packets in, 25 out\n');
});

test('a test that fails, as text and as one JSON document', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-stf-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'x.stf');
  writeFileSync(file, 'expect 3\n');
  const text = umbra('stf', ...files, file);
  t.is(text.status, 1);
  t.deepEqual(text.stdout.split('\n').slice(0, 1), [
    `${file}:1: no packet on port 3: 1 expected, 0 came`,
  ]);
  const document = umbra('stf', ...files, file, '--json');
  t.is(document.status, 1);
  t.deepEqual(JSON.parse(document.stdout) as StfResult, {
    file,
    passed: false,
    sent: 0,
    received: 0,
    failures: [{ line: 1, message: 'no packet on port 3: 1 expected, 0 came' }],
    readings: [],
  });
});
