import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Store } from '../../src/store/index.js';

interface Note {
  id: string;
  text: string;
}

function withFolder(run: (folder: string, journal: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-store-'));
  try {
    run(folder, join(folder, 'journal.jsonl'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('what was put is there after opening again, changed documents once', (t) => {
  withFolder((folder) => {
    const store = Store.open(folder);
    store.put<Note>('notes', { id: 'a', text: 'one' });
    store.put<Note>('notes', { id: 'b', text: 'two' });
    store.put<Note>('notes', { id: 'a', text: 'three' });
    store.close();
    const again = Store.open(folder);
    t.deepEqual(again.all<Note>('notes'), [
      { id: 'a', text: 'three' },
      { id: 'b', text: 'two' },
    ]);
    t.deepEqual(again.get<Note>('notes', 'b'), { id: 'b', text: 'two' });
    t.is(again.get('notes', 'c'), undefined);
    again.close();
  });
});

test('a torn last line is forgotten, a damaged one is named', (t) => {
  withFolder((folder, journal) => {
    const store = Store.open(folder);
    store.put<Note>('notes', { id: 'a', text: 'one' });
    store.close();
    appendFileSync(journal, '{"collection":"notes","docum');
    t.is(Store.open(folder).all('notes').length, 1);
    writeFileSync(journal, `garbage\n${readFileSync(journal, 'utf8')}`);
    t.throws(() => Store.open(folder), { message: /journal.jsonl:1: damaged line/ });
  });
});

const torn: [string, string | Uint8Array][] = [
  ['half a line', '{"collection":"notes","docum'],
  ['a line without its end', '{"collection":"notes","document":{"id":"z","text":"never"}}'],
  ['half a character', Uint8Array.of(0x7b, 0x22, 0xe2, 0x82)],
];
for (const [what, tail] of torn) {
  test(`${what} at the end is cut off before the next line`, (t) => {
    withFolder((folder, journal) => {
      const store = Store.open(folder);
      store.put<Note>('notes', { id: 'a', text: 'one' });
      store.close();
      appendFileSync(journal, tail);
      const again = Store.open(folder);
      again.put<Note>('notes', { id: 'b', text: 'two' });
      again.close();
      t.deepEqual(
        Store.open(folder).all<Note>('notes').map(({ id }) => id),
        ['a', 'b'],
      );
    });
  });
}

test('a document that is replaced keeps nothing of the old one', (t) => {
  withFolder((folder) => {
    const store = Store.open(folder);
    store.put('notes', { id: 'a', text: 'one', more: 1 });
    store.put<Note>('notes', { id: 'a', text: 'two' });
    t.deepEqual(store.get<Note>('notes', 'a'), { id: 'a', text: 'two' });
    store.close();
    t.deepEqual(Store.open(folder).all<Note>('notes'), [{ id: 'a', text: 'two' }]);
  });
});

test('a disk that fills up within a line: all that was taken is there, and more once it has room', (t) => {
  withFolder((folder, journal) => {
    const filler = fileURLToPath(new URL('./filler.js', import.meta.url));
    // A limit on files is to a process what a full disk is: a part is written, then an error comes.
    const command = `ulimit -f 16; exec "${process.execPath}" "${filler}" "${folder}"`;
    const { stdout } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    const said = JSON.parse(stdout) as { taken: number; code: string; message: string };
    t.is(said.code, 'STORE');
    t.regex(said.message, /journal\.jsonl: EFBIG/);
    t.is(statSync(journal).size, 16 * 1024, 'a part of the last line was written');
    t.true(said.taken > 10);
    const store = Store.open(folder);
    t.is(store.all('notes').length, said.taken);
    store.put<Note>('notes', { id: 'more', text: 'room' });
    store.close();
    t.is(Store.open(folder).all('notes').length, said.taken + 1);
  });
});

test('a folder that cannot be made is an error with its name', (t) => {
  t.throws(() => Store.open('/dev/null/none'), { code: 'STORE', message: /\/dev\/null\/none/ });
});

test('without a folder nothing is written', (t) => {
  const store = Store.open();
  store.put<Note>('notes', { id: 'a', text: 'one' });
  t.is(store.all('notes').length, 1);
});
