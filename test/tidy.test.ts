/**
 * House style held by a test: the layer table, the doors, and sizes. The table is data; an edge
 * that is not in it fails, and so does a circle, a file or a function grown past its size.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, dirname, normalize } from 'node:path';
import test from 'ava';
import ts from 'typescript';
import { shippedFile } from '../src/base/paths.js';

/** Folder of src to the folders it may import, base aside (every folder may import base). */
const layers: Record<string, readonly string[]> = {
  base: [],
  packet: [],
  proto: [],
  topology: [],
  bmv2: [],
  store: [],
  checked: [],
  p4runtime: ['proto'],
  fabric: ['packet', 'topology'],
  linux: ['packet'],
  v1model: ['packet', 'bmv2'],
  switch: ['packet', 'proto', 'bmv2', 'v1model', 'p4runtime'],
  stf: ['packet', 'bmv2', 'v1model'],
  device: ['proto', 'p4runtime'],
  control: ['proto', 'topology', 'p4runtime'],
  discovery: ['packet', 'topology'],
  mirror: ['packet', 'proto', 'topology', 'p4runtime', 'device'],
  sync: ['proto', 'p4runtime', 'device'],
  fault: ['proto', 'topology', 'p4runtime', 'device'],
  telemetry: [],
  campaign: ['checked', 'topology', 'fault', 'telemetry'],
  analysis: [],
  forecast: ['topology', 'fault', 'telemetry', 'campaign', 'analysis'],
  advice: ['topology', 'fault', 'telemetry', 'campaign'],
  app: ['*'],
  api: ['*', '!cli'],
  cli: ['*'],
};

/** Heavy packages and the one folder that may import each. */
const packageDoors: Record<string, string> = {
  danfojs: 'analysis',
  '@tensorflow/tfjs': 'analysis',
  '@tensorflow/tfjs-backend-wasm': 'analysis',
  'ml-matrix': 'analysis',
  lokijs: 'store',
  koffi: 'linux',
  fastify: 'api',
  commander: 'cli',
};

/** Files that declare types only and may be imported past their folder's index. */
const maxLines = 400;
const maxColumns = 100;
const maxFunctionLines = 70;

const root = shippedFile('.');
const sources = listSources(join(root, 'src'));

function listSources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'gen' ? [] : listSources(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function folderOf(path: string): string {
  return relative(join(root, 'src'), path).split('/')[0]!;
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

function mayImport(from: string, to: string): boolean {
  if (to === from || to === 'base') return true;
  const allowed = layers[from] ?? [];
  if (allowed.includes(`!${to}`)) return false;
  return allowed.includes('*') || allowed.includes(to);
}

test('every folder of src has a row in the layer table', (t) => {
  const folders = new Set(sources.map(folderOf));
  t.deepEqual(
    [...folders].filter((folder) => !(folder in layers)),
    [],
  );
});

test('imports follow the layer table, through one door per folder', (t) => {
  const wrong: string[] = [];
  for (const path of sources) {
    const from = folderOf(path);
    for (const name of importsOf(path)) {
      if (!name.startsWith('.')) {
        const door = packageDoors[name];
        if (door !== undefined && door !== from) wrong.push(`${from} imports ${name}`);
        if (from === 'base' && !name.startsWith('node:')) wrong.push(`base imports ${name}`);
        continue;
      }
      const target = normalize(join(dirname(path), name));
      const to = folderOf(target);
      if (!mayImport(from, to)) wrong.push(`${relative(root, path)} -> ${to}`);
      const inner = relative(join(root, 'src', to), target);
      if (to !== from && to !== 'base' && inner !== 'index.js') {
        wrong.push(`${relative(root, path)} -> ${to}/${inner} (not its index)`);
      }
    }
  }
  t.deepEqual(wrong, []);
});

test('no circle among files', (t) => {
  const circles: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (path: string, trail: string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      circles.push(
        [...trail.slice(trail.indexOf(path)), path].map((p) => relative(root, p)).join(' -> '),
      );
      return;
    }
    state.set(path, 'open');
    for (const name of importsOf(path)) {
      if (!name.startsWith('.')) continue;
      const target = normalize(join(dirname(path), name)).replace(/\.js$/, '.ts');
      if (sources.includes(target)) visit(target, [...trail, path]);
    }
    state.set(path, 'done');
  };
  for (const path of sources) visit(path, []);
  t.deepEqual(circles, []);
});

test('files and functions stay within their sizes', (t) => {
  const wrong: string[] = [];
  for (const path of sources) {
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n');
    const name = relative(root, path);
    if (lines.length - 1 > maxLines) wrong.push(`${name}: ${lines.length - 1} lines`);
    lines.forEach((line, i) => {
      if (line.length > maxColumns) wrong.push(`${name}:${i + 1}: ${line.length} columns`);
    });
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && 'body' in node && node.body) {
        const first = file.getLineAndCharacterOfPosition(node.getStart()).line;
        const last = file.getLineAndCharacterOfPosition(node.end).line;
        if (last - first + 1 > maxFunctionLines) {
          wrong.push(`${name}:${first + 1}: function of ${last - first + 1} lines`);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  t.deepEqual(wrong, []);
});

test('no enum, namespace, default export, any or unfinished mark', (t) => {
  const wrong: string[] = [];
  for (const path of sources) {
    const file = ts.createSourceFile(
      path,
      readFileSync(path, 'utf8'),
      ts.ScriptTarget.ES2022,
      true,
    );
    const say = (node: ts.Node, what: string): void => {
      const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      wrong.push(`${relative(root, path)}:${line}: ${what}`);
    };
    const visit = (node: ts.Node): void => {
      if (ts.isEnumDeclaration(node)) say(node, 'enum');
      if (ts.isModuleDeclaration(node)) say(node, 'namespace');
      if (ts.isExportAssignment(node)) say(node, 'default export');
      if (node.kind === ts.SyntaxKind.AnyKeyword) say(node, 'any');
      ts.forEachChild(node, visit);
    };
    visit(file);
    if (
      new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`).test(file.text)
    ) {
      wrong.push(`${relative(root, path)}: unfinished mark`);
    }
  }
  t.deepEqual(wrong, []);
});

test('every exported declaration is documented', (t) => {
  const wrong: string[] = [];
  for (const path of sources) {
    const file = ts.createSourceFile(
      path,
      readFileSync(path, 'utf8'),
      ts.ScriptTarget.ES2022,
      true,
    );
    for (const node of file.statements) {
      const exported =
        ts.canHaveModifiers(node) &&
        ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
      if (!exported || ts.isTypeAliasDeclaration(node)) continue;
      if (ts.getJSDocCommentsAndTags(node).length === 0) {
        const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
        wrong.push(`${relative(root, path)}:${line}`);
      }
    }
  }
  t.deepEqual(wrong, []);
});

test('the virtual-time core reads no wall clock and no global randomness', (t) => {
  const pure = [
    'packet',
    'bmv2',
    'v1model',
    'stf',
    'fabric',
    'telemetry',
    'campaign',
    'analysis',
    'advice',
  ];
  const wallClockAllowed = new Set(['src/fabric/pump.ts']);
  const wrong = sources
    .filter((path) => pure.includes(folderOf(path)) && !wallClockAllowed.has(relative(root, path)))
    .filter((path) =>
      /Math\.random|Date\.now|new Date\(\)|performance\.now|hrtime/.test(
        readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''),
      ),
    )
    .map((path) => relative(root, path));
  t.deepEqual(wrong, []);
});

test('the lock file carries no download address', (t) => {
  t.true(statSync(join(root, 'package-lock.json')).size > 0);
  t.notRegex(readFileSync(join(root, 'package-lock.json'), 'utf8'), /"resolved": "http/);
});
