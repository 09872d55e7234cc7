/** One value of a topology file with its JSON path, for errors that name the place. */
import { UmbraError, messageOf } from '../base/errors.js';

/** One value of the file, read by key; every error names the file and the path. */
export class TopologyPart {
  constructor(
    private readonly json: unknown,
    readonly file: string,
    readonly path: string,
  ) {}

  /** Items of an array; 0 when it is none. */
  get length(): number {
    return Array.isArray(this.json) ? this.json.length : 0;
  }

  get isArray(): boolean {
    return Array.isArray(this.json);
  }

  error(what: string): UmbraError {
    const place = this.path === '' ? this.file : `${this.file}: ${this.path}`;
    return new UmbraError('INVALID_TOPOLOGY', `${place}: ${what}`);
  }

  has(key: string): boolean {
    return this.#object()[key] !== undefined;
  }

  /** Throws for a key that is not among `keys`. */
  allow(keys: readonly string[]): void {
    for (const key of Object.keys(this.#object())) {
      if (!keys.includes(key)) {
        throw this.error(`unknown key '${key}'; known are ${keys.join(', ')}`);
      }
    }
  }

  /** Runs a parser and turns its error into one that names the key. */
  check(key: string, parse: () => unknown): void {
    try {
      parse();
    } catch (error) {
      throw this.#at(key).error(messageOf(error));
    }
  }

  /** An item of an array; undefined beyond its end. */
  item(index: number): unknown {
    return Array.isArray(this.json) ? this.json[index] : undefined;
  }

  string(key: string): string {
    const value = this.#object()[key];
    if (value === undefined) throw this.error(`'${key}' is missing`);
    if (typeof value !== 'string') throw this.error(`'${key}' must be a text`);
    return value;
  }

  optionalString(key: string): string | undefined {
    return this.#object()[key] === undefined ? undefined : this.string(key);
  }

  number(key: string): number {
    const value = this.#object()[key];
    if (value === undefined) throw this.error(`'${key}' is missing`);
    if (typeof value !== 'number' || !(value >= 0)) {
      throw this.error(`'${key}' must be a number, 0 or more`);
    }
    return value;
  }

  optionalNumber(key: string): number | undefined {
    return this.#object()[key] === undefined ? undefined : this.number(key);
  }

  /** A whole number of a range, or undefined when the key is absent. */
  optionalInteger(key: string, least: number, most: number): number | undefined {
    const value = this.#object()[key];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      return value;
    }
    throw this.error(`'${key}' must be a whole number, ${least} to ${most}`);
  }

  /** A whole number of a range. */
  integer(key: string, least: number, most: number): number {
    const value = this.optionalInteger(key, least, most);
    if (value === undefined) throw this.error(`'${key}' is missing`);
    return value;
  }

  /** A number above 0. */
  positive(key: string): number {
    const value = this.number(key);
    if (!(value > 0 && Number.isFinite(value))) throw this.error(`'${key}' must be above 0`);
    return value;
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T {
    const value = this.string(key);
    if (!(values as readonly string[]).includes(value)) {
      throw this.error(`'${key}' is '${value}'; known are ${values.join(', ')}`);
    }
    return value as T;
  }

  /** A list of texts, empty when absent. */
  strings(key: string): string[] {
    const value = this.#object()[key] ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      throw this.error(`'${key}' must be a list of texts`);
    }
    return value;
  }

  /** The value of a key. */
  child(key: string): TopologyPart {
    return new TopologyPart(this.#object()[key], this.file, this.#join(key));
  }

  /** A list of whole numbers of a range, empty when absent. */
  integers(key: string, least: number, most: number): number[] {
    const value = this.#object()[key] ?? [];
    if (!Array.isArray(value)) throw this.error(`'${key}' must be a list`);
    for (const item of value as unknown[]) {
      if (Number.isInteger(item) && Number(item) >= least && Number(item) <= most) continue;
      throw this.error(`'${key}': ${String(item)} is no whole number of ${least} to ${most}`);
    }
    return value as number[];
  }

  list(key: string): TopologyPart[] {
    const value = this.#object()[key];
    if (value === undefined) return [];
    if (!Array.isArray(value)) throw this.error(`'${key}' must be a list`);
    return value.map((item, i) => new TopologyPart(item, this.file, `${this.#join(key)}[${i}]`));
  }

  entries(key: string): [string, TopologyPart][] {
    const value = this.#object()[key];
    if (value === undefined) return [];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.error(`'${key}' must be an object`);
    }
    return Object.entries(value).map(([name, item]) => [
      name,
      new TopologyPart(item, this.file, `${this.#join(key)}.${name}`),
    ]);
  }

  #at(key: string): TopologyPart {
    return new TopologyPart(undefined, this.file, this.#join(key));
  }

  #join(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  #object(): Record<string, unknown> {
    if (typeof this.json !== 'object' || this.json === null || Array.isArray(this.json)) {
      throw this.error('must be an object');
    }
    return this.json as Record<string, unknown>;
  }
}
