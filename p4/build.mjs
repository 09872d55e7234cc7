/**
 * Compiles p4/ with p4c-bm2-ss into p4/build/, and writes a manifest with the compiler's version
 * and a hash of the sources.
 *
 *   node p4/build.mjs [--check] [--out FOLDER]
 *
 * --check compares instead of writing: exit 1 when the committed output differs from a new one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const programs = ['production', 'shadow'];
const committed = join(here, 'build');

/** SHA-256 over the names and texts of all P4 sources, in the order of their names. */
export function hashSources() {
  const hash = createHash('sha256');
  const names = readdirSync(here, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.p4'))
    .sort();
  for (const name of names) {
    hash.update(`${name.replaceAll('\\', '/')}\0`).update(readFileSync(join(here, name))).update('\0');
  }
  return hash.digest('hex');
}

/** The compiler's version, or undefined when it is not installed. */
export function compilerVersion() {
  const result = spawnSync('p4c-bm2-ss', ['--version'], { encoding: 'utf8' });
  return result.error ? undefined : /Version (\S+)/.exec(result.stdout + result.stderr)?.[1];
}

/** Compiles every program into `folder`. Throws with the compiler's own words. */
export function compile(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of programs) {
    const result = spawnSync(
      'p4c-bm2-ss',
      ['--std', 'p4-16', '--Wdisable', '--p4runtime-files', join(folder, `${name}.p4info.txtpb`),
        '-o', join(folder, `${name}.json`), `${name}.p4`],
      { cwd: here, encoding: 'utf8' },
    );
    if (result.status !== 0) throw new Error(`${name}.p4 does not compile:\n${result.stderr}`);
  }
  const manifest = { compiler: `p4c-bm2-ss ${compilerVersion()}`, sources: hashSources() };
  writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function main(args) {
  if (compilerVersion() === undefined) {
    process.stderr.write(
      "p4c-bm2-ss is not installed. Install p4c from p4lang's own packages, then run this again.\n",
    );
    return 1;
  }
  if (!args.includes('--check')) {
    compile(committed);
    process.stdout.write(`compiled ${programs.join(', ')} with ${compilerVersion()}\n`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'umbra-p4-'));
  try {
    compile(folder);
    const stale = readdirSync(folder).filter(
      (name) => !readFileSync(join(folder, name)).equals(readFileSync(join(committed, name))),
    );
    if (stale.length > 0) process.stderr.write(`p4/build is stale: ${stale.join(', ')}\n`);
    return stale.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
