/** Reading untrusted JSON with errors that name the file, the construct and the source line. */
import { UmbraError } from '../base/errors.js';

/** A JSON object as it came. */
export type JsonObject = Record<string, unknown>;

/** Where the reader is: carried along so that errors can say it. */
export class Place {
  constructor(
    readonly file: string,
    readonly construct: string,
    readonly line = '',
  ) {}

  /** The place of a part; its own `source_info` is used when it has one. */
  at(construct: string, node?: unknown): Place {
    const info = isObject(node) ? node['source_info'] : undefined;
    const line = isObject(info) ? `${String(info['filename'])}:${String(info['line'])}` : this.line;
    return new Place(this.file, construct, line);
  }

  /** The file is not a BMv2 program. */
  invalid(what: string): UmbraError {
    return new UmbraError('INVALID_PROGRAM', `${this.text}: ${what}`);
  }

  /** The program uses something the embedded switch does not run. */
  unsupported(what: string): UmbraError {
    return new UmbraError('UNSUPPORTED_PROGRAM', `${this.text}: ${what} is not supported`);
  }

  private get text(): string {
    return [this.file, this.line, this.construct].filter((part) => part !== '').join(': ');
  }
}

/** A JSON object, not an array or null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Typed access to the members of one JSON object. */
export class Node {
  constructor(
    readonly json: JsonObject,
    readonly place: Place,
  ) {}

  static of(value: unknown, place: Place): Node {
    if (!isObject(value)) throw place.invalid('expected an object');
    return new Node(value, place);
  }

  has(key: string): boolean {
    return this.json[key] !== undefined && this.json[key] !== null;
  }

  /** The piece of source that the object was made from, if p4c says it. */
  get sourceText(): string | undefined {
    const info = this.json['source_info'];
    const text = isObject(info) ? info['source_fragment'] : undefined;
    return typeof text === 'string' && text !== '' ? text : undefined;
  }

  string(key: string): string {
    const value = this.json[key];
    if (typeof value !== 'string') throw this.place.invalid(`'${key}' is not a string`);
    return value;
  }

  integer(key: string): number {
    const value = this.json[key];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.place.invalid(`'${key}' is not a whole number`);
    }
    return value;
  }

  boolean(key: string): boolean {
    return this.json[key] === true;
  }

  array(key: string): unknown[] {
    const value = this.json[key];
    if (!Array.isArray(value)) throw this.place.invalid(`'${key}' is not an array`);
    return value;
  }

  /** The objects of an array; absent counts as empty. */
  nodes(key: string): Node[] {
    if (!this.has(key)) return [];
    return this.array(key).map((item, i) => {
      const own = isObject(item) ? item['name'] : undefined;
      const name = typeof own === 'string' ? own : `${key}[${i}]`;
      return Node.of(item, this.place.at(name, item));
    });
  }

  node(key: string): Node {
    return Node.of(this.json[key], this.place.at(key, this.json[key]));
  }
}

/** A whole number from `0x1f`, `-0x1` or a JSON number. */
export function integerOf(value: unknown, place: Place): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?0x[0-9a-f]+$/i.test(value)) {
    return value.startsWith('-') ? -BigInt(value.slice(1)) : BigInt(value);
  }
  throw place.invalid(`'${String(value)}' is not a number`);
}
