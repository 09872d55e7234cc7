/** YAML and JSON files checked against a schema; errors name the file, the line and the key. */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { UmbraError, messageOf } from '../base/errors.js';

/** A checked file. */
export class CheckedYaml<T extends TSchema> {
  readonly value: Static<T>;
  readonly #lines = new LineCounter();
  readonly #document: Document;

  /** Throws INVALID_FILE. */
  constructor(
    text: string,
    readonly path: string,
    schema: T,
  ) {
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    this.#document = document;
    const [torn] = document.errors;
    if (torn) throw this.#error(this.#lines.linePos(torn.pos[0]).line, torn.message);
    const json = document.toJS() as unknown;
    const [error] = Value.Errors(schema, json);
    if (error) {
      const keys = error.instancePath.split('/').slice(1);
      // What a closed object does not name is checked against the schema that nothing fits.
      throw this.error(keys, error.keyword === 'boolean' ? 'unknown key' : error.message);
    }
    this.value = json as Static<T>;
  }

  /** An error at a place of the file. */
  error(keys: readonly (string | number)[], what: string): UmbraError {
    return this.#error(this.#lineOf(keys), `${keys.join('.') || 'the file'}: ${what}`);
  }

  /** Runs what reads one place; its error comes with the file, the line and the key. */
  at<R>(keys: readonly (string | number)[], read: () => R): R {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof UmbraError) || error.code === 'INVALID_FILE') throw error;
      throw this.error(keys, messageOf(error));
    }
  }

  #error(line: number, what: string): UmbraError {
    return new UmbraError('INVALID_FILE', `${this.path}:${line}: ${what}`);
  }

  /** The line of the deepest part of a place that the file has. */
  #lineOf(keys: readonly (string | number)[]): number {
    for (let depth = keys.length; depth > 0; depth--) {
      const path = keys.slice(0, depth).map((key) => {
        return /^\d+$/.test(String(key)) ? Number(key) : key;
      });
      const node = this.#document.getIn(path, true) as { range?: [number] } | undefined;
      if (node?.range) return this.#lines.linePos(node.range[0]).line;
    }
    return 1;
  }
}
