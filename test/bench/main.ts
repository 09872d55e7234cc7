/**
 * Runs every benchmark, or those whose names begin as said:
 * `node dist/test/bench/main.js [--json] [NAME...]`. A file here with a `run` is a benchmark.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Benchmark, BenchRow } from './row.js';

const folder = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith('--'));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.js'))
  .map((name) => basename(name, '.js'))
  .filter((name) => name !== 'main')
  .filter((name) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)));

const all: Record<string, BenchRow[]> = {};
for (const name of names) {
  const module = (await import(pathToFileURL(join(folder, `${name}.js`)).href)) as {
    run?: Benchmark;
  };
  if (!module.run) continue;
  process.stderr.write(`${name} ...\n`);
  all[name] = await module.run();
  if (!args.includes('--json')) for (const row of all[name]) process.stdout.write(`${line(row)}\n`);
}
if (args.includes('--json')) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);

function line({ name, value, unit, peer, ratio, goal }: BenchRow): string {
  const parts = [`${name}: ${figure(value)} ${unit}`];
  if (peer) parts.push(`${peer.name}: ${figure(peer.value)}`);
  if (ratio !== undefined) parts.push(`ratio ${figure(ratio)}`);
  if (goal !== undefined) parts.push(`goal ${goal}`);
  return `  ${parts.join('; ')}`;
}

function figure(value: number): string {
  return value >= 1000
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}
