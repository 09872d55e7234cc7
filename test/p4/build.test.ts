import { readFileSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { program } from '../live/requirements.js';

const builder = shippedFile('p4/build.mjs');
const { hashSources, hashTestProgram, listTestPrograms } = (await import(builder)) as {
  hashSources(): string;
  hashTestProgram(name: string): string;
  listTestPrograms(): string[];
};

function sourcesOf(manifest: string): string {
  const { sources } = JSON.parse(readFileSync(shippedFile(manifest), 'utf8')) as {
    sources: string;
  };
  return sources;
}

test('the committed p4c output belongs to the sources beside it', (t) => {
  t.is(sourcesOf('p4/build/manifest.json'), hashSources());
});

test('the committed p4c output of every test program belongs to its source', (t) => {
  const names = listTestPrograms();
  for (const name of names) {
    t.is(sourcesOf(`test/programs/build/${name}.manifest.json`), hashTestProgram(name), name);
  }
  const expected = names.flatMap((name) => [
    `${name}.json`,
    `${name}.manifest.json`,
    `${name}.p4info.txtpb`,
  ]);
  t.deepEqual(readdirSync(shippedFile('test/programs/build')).sort(), expected.sort());
});

test('p4c, where it is installed, makes the same output again', (t) => {
  const missing = program('p4c-bm2-ss').check();
  if (missing !== undefined) {
    t.log(`SKIPPED: ${missing}`);
    return t.pass();
  }
  const done = spawnSync(process.execPath, [builder, '--check'], { encoding: 'utf8' });
  return t.is(done.status, 0, done.stdout + done.stderr);
});
