/**
 * What must survive a killed process: documents by collection and id, in a journal of JSON lines
 * that is synced before `put` returns. LokiJS holds the present state for queries; the journal is
 * the truth (invariant I7).
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Loki from 'lokijs';
import { UmbraError, messageOf } from '../base/errors.js';

/** A document; `id` is unique in its collection. */
export interface Document {
  id: string;
}

/** One line of the journal. */
interface Line {
  collection: string;
  document: Document;
}

const FILE = 'journal.jsonl';

/** An open store. Without a folder everything is lost at the end, which suits a demonstration. */
export class Store {
  readonly #loki = new Loki('umbra', { adapter: new Loki.LokiMemoryAdapter() });
  #file: number | undefined;

  private constructor(private readonly path: string | undefined) {}

  /** Opens a folder's journal. Throws STORE naming the file. */
  static open(folder?: string): Store {
    const store = new Store(folder === undefined ? undefined : join(folder, FILE));
    if (folder === undefined || store.path === undefined) return store;
    try {
      mkdirSync(folder, { recursive: true });
      store.#file = openSync(store.path, 'a+');
      store.#replay(readFileSync(store.path, 'utf8'), store.path);
    } catch (error) {
      if (error instanceof UmbraError) throw error;
      throw new UmbraError('STORE', `${store.path}: ${messageOf(error)}`, { cause: error });
    }
    return store;
  }

  /** Adds or replaces a document; on disk when this returns. Throws STORE. */
  put<T extends Document>(collection: string, document: T): void {
    if (this.#file !== undefined) {
      const line: Line = { collection, document };
      try {
        writeSync(this.#file, `${JSON.stringify(line)}\n`);
        fsyncSync(this.#file);
      } catch (error) {
        throw new UmbraError('STORE', `${this.path}: ${messageOf(error)}`, { cause: error });
      }
    }
    this.#keep(collection, document);
  }

  get<T extends Document>(collection: string, id: string): T | undefined {
    const found = this.#collection<T>(collection).by('id', id);
    return found && withoutMeta(found);
  }

  /** All documents of a collection, in the order in which they were first put. */
  all<T extends Document>(collection: string): T[] {
    return this.#collection<T>(collection).chain().simplesort('$loki').data().map(withoutMeta);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #collection<T extends Document>(name: string): Collection<T> {
    return (
      this.#loki.getCollection<T>(name) ??
      this.#loki.addCollection<T>(name, { unique: ['id'], disableMeta: false })
    );
  }

  #keep<T extends Document>(name: string, document: T): void {
    const collection = this.#collection<T>(name);
    const found = collection.by('id', document.id);
    if (found) collection.update(Object.assign(found, document));
    else collection.insert({ ...document });
  }

  /** A torn last line was never acknowledged; anything else that is no JSON is damage. */
  #replay(text: string, path: string): void {
    const lines = text.split('\n');
    lines.forEach((line, i) => {
      if (line === '') return;
      try {
        const { collection, document } = JSON.parse(line) as Line;
        this.#keep(collection, document);
      } catch (error) {
        if (i === lines.length - 1) return;
        throw new UmbraError('STORE', `${path}:${i + 1}: damaged line: ${messageOf(error)}`);
      }
    });
  }
}

/** The document as it was put: LokiJS adds two members of its own. */
function withoutMeta<T extends Document>(found: T): T {
  const own = Object.entries(found).filter(([key]) => key !== '$loki' && key !== 'meta');
  return Object.fromEntries(own) as unknown as T;
}
