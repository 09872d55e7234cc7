/** One value of a topology file with its JSON path, for errors that name the place. */
import { UmbraError, messageOf } from '../base/errors.js';

export class TopologyPart {
  constructor(
    private readonly json: unknown,
    readonly file: string,
    readonly path: string,
  ) {}

  get isArray(): boolean {
    return Array.isArray(this.json);
  }

  error(what: string): UmbraError {
    const place = this.path === '' ? this.file : `${this.file}: ${this.path}`;
    return new UmbraError('INVALID_TOPOLOGY', `${place}: ${what}`);
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

  item(index: number): unknown {
    return Array.isArray(this.json) ? this.json[index] : undefined;
  }

  string(key: string): string {
    const value = this.#object()[key];
    if (typeof value !== 'string') throw this.error(`'${key}' must be a text`);
    return value;
  }

  optionalString(key: string): string | undefined {
    return this.#object()[key] === undefined ? undefined : this.string(key);
  }

  number(key: string): number {
    const value = this.#object()[key];
    if (typeof value !== 'number' || !(value >= 0)) {
      throw this.error(`'${key}' must be a number, 0 or more`);
    }
    return value;
  }

  optionalNumber(key: string): number | undefined {
    return this.#object()[key] === undefined ? undefined : this.number(key);
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T {
    const value = this.string(key);
    if (!(values as readonly string[]).includes(value)) {
      throw this.error(`'${key}' is '${value}'; known are ${values.join(', ')}`);
    }
    return value as T;
  }

  /** Texts of a list; other items are left out. */
  strings(key: string): string[] {
    const value = this.#object()[key];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
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
