import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('a folder that cannot be made is an error with its name', (t) => {
  t.throws(() => Store.open('/dev/null/none'), { code: 'STORE', message: /\/dev\/null\/none/ });
});

test('without a folder nothing is written', (t) => {
  const store = Store.open();
  store.put<Note>('notes', { id: 'a', text: 'one' });
  t.is(store.all('notes').length, 1);
});
