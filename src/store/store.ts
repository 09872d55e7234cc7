/**
 * What must survive a killed process: documents by collection and id, in a journal of JSON lines
 * that is synced before `put` returns. LokiJS holds the present state for queries; the journal is
 * the truth (invariant I7).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Loki from 'lokijs';
import { UmbraError, messageOf } from '../base/errors.js';
import { Journal } from './journal.js';

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
  #journal: Journal | undefined;

  private constructor(private readonly path: string | undefined) {}

  /** Opens a folder's journal. Throws STORE naming the file. */
  static open(folder?: string): Store {
    const store = new Store(folder === undefined ? undefined : join(folder, FILE));
    if (folder === undefined || store.path === undefined) return store;
    try {
      mkdirSync(folder, { recursive: true });
      store.#journal = new Journal(store.path);
      store.#replay(store.#journal.lines, store.path);
    } catch (error) {
      if (error instanceof UmbraError) throw error;
      throw new UmbraError('STORE', `${store.path}: ${messageOf(error)}`, { cause: error });
    }
    return store;
  }

  /** Adds or replaces a document; on disk when this returns. Throws STORE. */
  put<T extends Document>(collection: string, document: T): void {
    const line: Line = { collection, document };
    try {
      this.#journal?.append(JSON.stringify(line));
    } catch (error) {
      throw new UmbraError('STORE', `${this.path}: ${messageOf(error)}`, { cause: error });
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
    this.#journal?.close();
    this.#journal = undefined;
  }

  #collection<T extends Document>(name: string): Collection<T> {
    return (
      this.#loki.getCollection<T>(name) ??
      this.#loki.addCollection<T>(name, { unique: ['id'], disableMeta: false })
    );
  }

  #keep<T extends Document>(name: string, document: T): void {
    const collection = this.#collection<T>(name);
    const found = collection.by('id', document.id) as (T & LokiObj) | undefined;
    if (found) collection.update({ ...document, $loki: found.$loki, meta: found.meta } as T);
    else collection.insert({ ...document });
  }

  #replay(lines: readonly string[], path: string): void {
    lines.forEach((text, i) => {
      try {
        const { collection, document } = JSON.parse(text) as Line;
        this.#keep(collection, document);
      } catch (error) {
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
