/**
 * Compiles with p4c-bm2-ss: p4/ into p4/build/, and each program of test/programs/ into
 * test/programs/build/. Manifests beside the output hold the compiler's version and a hash of the
 * sources: one for p4/, and one for each test program, so that new programs never collide.
 *
 *   node p4/build.mjs [--check]
 *
 * --check compares instead of writing: exit 1 when the committed output differs from a new one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const shipped = ['production', 'shadow', 'stage', 'functions/firewall', 'functions/nat',
  'functions/balancer'];
const committed = join(here, 'build');
const testPrograms = join(root, 'test/programs');
const testCommitted = join(testPrograms, 'build');

/** SHA-256 over the names and texts of all P4 sources of p4/, in the order of their names. */
export function hashSources() {
  const names = readdirSync(here, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.p4'));
  return hashFiles(here, names);
}

/** Names of the test programs. */
export function listTestPrograms() {
  if (!existsSync(testPrograms)) return [];
  return readdirSync(testPrograms)
    .filter((name) => name.endsWith('.p4'))
    .map((name) => name.slice(0, -'.p4'.length))
    .sort();
}

/** SHA-256 over a test program and what it includes by a path of its own. */
export function hashTestProgram(name) {
  const found = new Set();
  const visit = (path) => {
    if (found.has(path)) return;
    found.add(path);
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, included] of text.matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)) {
      visit(normalize(join(dirname(path), included)).replaceAll('\\', '/'));
    }
  };
  visit(`test/programs/${name}.p4`);
  return hashFiles(root, [...found]);
}

function hashFiles(folder, names) {
  const hash = createHash('sha256');
  for (const name of names.sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(folder, name))).update('\0');
  }
  return hash.digest('hex');
}

/** The compiler's version, or undefined when it is not installed. */
export function compilerVersion() {
  const result = spawnSync('p4c-bm2-ss', ['--version'], { encoding: 'utf8' });
  return result.error ? undefined : /Version (\S+)/.exec(result.stdout + result.stderr)?.[1];
}

/** Compiles p4/ into `folder`. Throws with the compiler's own words. */
function compileShipped(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of shipped) runCompiler(here, `${name}.p4`, folder, basename(name));
  writeManifest(join(folder, 'manifest.json'), hashSources());
}

/** Compiles the test programs into `folder`. p4c writes the path it was given: it must be relative. */
function compileTestPrograms(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of listTestPrograms()) {
    runCompiler(root, `test/programs/${name}.p4`, folder, name);
    writeManifest(join(folder, `${name}.manifest.json`), hashTestProgram(name));
  }
}

function runCompiler(cwd, source, folder, name) {
  const result = spawnSync(
    'p4c-bm2-ss',
    ['--std', 'p4-16', '--Wdisable', '--p4runtime-files', join(folder, `${name}.p4info.txtpb`),
      '-o', join(folder, `${name}.json`), source],
    { cwd, encoding: 'utf8' },
  );
  if (result.status !== 0) throw new Error(`${source} does not compile:\n${result.stderr}`);
}

function writeManifest(path, sources) {
  const manifest = { compiler: `p4c-bm2-ss ${compilerVersion()}`, sources };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Files of either folder that the other does not have just so. */
function differences(fresh, kept) {
  const names = (folder) => (existsSync(folder) ? readdirSync(folder) : []);
  const read = (folder, name) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  return [...new Set([...names(fresh), ...names(kept)])]
    .filter((name) => read(fresh, name) !== read(kept, name))
    .sort();
}

function check() {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-p4-'));
  try {
    compileShipped(join(folder, 'shipped'));
    compileTestPrograms(join(folder, 'test'));
    const stale = [
      ...differences(join(folder, 'shipped'), committed).map((name) => `p4/build/${name}`),
      ...differences(join(folder, 'test'), testCommitted).map(
        (name) => `test/programs/build/${name}`,
      ),
    ];
    if (stale.length > 0) process.stderr.write(`stale: ${stale.join(', ')}\n`);
    return stale.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function main(args) {
  if (compilerVersion() === undefined) {
    process.stderr.write(
      "p4c-bm2-ss is not installed. Install p4c from p4lang's own packages, then run this again.\n",
    );
    return 1;
  }
  if (args.includes('--check')) return check();
  compileShipped(committed);
  compileTestPrograms(testCommitted);
  const names = [...shipped, ...listTestPrograms()];
  process.stdout.write(`compiled ${names.join(', ')} with ${compilerVersion()}\n`);
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
