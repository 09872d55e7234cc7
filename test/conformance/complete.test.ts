/** Every row of the checklist is a test, and no test has the id of no row. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { rowIds } from './checklist.js';

const folder = shippedFile('test/conformance');

test('every row of the checklist is declared, and nothing else', (t) => {
  const declared = readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => [
      ...readFileSync(join(folder, name), 'utf8').matchAll(/\b(?:row|clientRow)\(\s*'([A-Z]\d+)'/g),
    ])
    .map((match) => match[1]!);
  t.deepEqual([...new Set(declared)].sort(), [...rowIds].sort());
  t.is(rowIds.length, 90);
});
