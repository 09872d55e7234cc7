import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { program } from '../live/requirements.js';

const builder = shippedFile('p4/build.mjs');

test('the committed p4c output belongs to the sources beside it', async (t) => {
  const { hashSources } = (await import(builder)) as { hashSources(): string };
  const manifest = JSON.parse(readFileSync(shippedFile('p4/build/manifest.json'), 'utf8')) as {
    sources: string;
  };
  t.is(manifest.sources, hashSources());
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
