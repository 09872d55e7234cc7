/** p4c's own v1model tests: where they are, and their programs compiled, kept between runs. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { shippedFile } from '../../src/base/paths.js';
import { findProgram, type Requirement } from '../live/requirements.js';

/** A sample: its P4 and STF files, and what p4c makes of it. */
export interface Sample {
  /** Path below p4_16_samples, without an ending. */
  name: string;
  source: string;
  stf: string;
  json: string;
  p4info: string;
}

const places = [
  process.env['UMBRA_P4C'],
  shippedFile('../p4c'),
  join(homedir(), 'p4c'),
  '/usr/local/src/p4c',
  '/usr/src/p4c',
];
const folders = places.filter((place) => place !== undefined);
const checkout = folders.find((place) => existsSync(join(place, 'testdata/p4_16_samples')));

/** p4c and its test data. */
export const p4cSamples: Requirement = {
  check() {
    if (!findProgram('p4c-bm2-ss')) return 'p4c-bm2-ss is not installed';
    return checkout === undefined
      ? 'no checkout of p4c with its test data; name one in UMBRA_P4C'
      : undefined;
  },
};

/** Every sample for v1model that has an STF test; none when there is no checkout. */
export function listSamples(): Sample[] {
  if (checkout === undefined) return [];
  const root = join(checkout, 'testdata/p4_16_samples');
  const kept = join(tmpdir(), `umbra-p4c-${process.getuid?.() ?? 0}`);
  return [root, join(root, 'parser-inline')]
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.stf'))
    .map((stf) => ({ stf, base: stf.slice(0, -'.stf'.length) }))
    .filter(({ base }) => isForV1model(`${base}.p4`))
    .map(({ stf, base }) => {
      const name = relative(root, base);
      const json = join(kept, `${name}.json`);
      const p4info = join(kept, `${name}.p4info.txtpb`);
      return { name, source: `${base}.p4`, stf, json, p4info };
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

function isForV1model(source: string): boolean {
  return existsSync(source) && /include.*v1model\.p4/.test(readFileSync(source, 'utf8'));
}

/** Compiles what has not been compiled since it changed, two at a time. */
export async function compileSamples(samples: readonly Sample[]): Promise<void> {
  const waiting = samples.filter(({ json, source }) => !isNewer(json, source));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await compile(next);
  };
  await Promise.all([work(), work()]);
}

function isNewer(file: string, source: string): boolean {
  return existsSync(file) && statSync(file).mtimeMs > statSync(source).mtimeMs;
}

/** A program that does not compile leaves no JSON. */
async function compile({ source, json, p4info }: Sample): Promise<void> {
  mkdirSync(dirname(json), { recursive: true });
  const unfinished = `${json}.${process.pid}`;
  const args = ['--Wdisable', '--p4runtime-files', p4info, '-o', unfinished, source];
  const done = spawn('p4c-bm2-ss', args, { stdio: 'ignore' });
  const status = await new Promise<number | null>((resolve) => done.on('close', resolve));
  if (status === 0) renameSync(unfinished, json);
}
