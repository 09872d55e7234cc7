/**
 * The protobuf text format, as far as p4c writes P4Info in it: nested messages, scalars, enum
 * names, strings, comments. The caller's description of the message says what each field is.
 */
import { UmbraError } from '../base/errors.js';

/** What a field holds; `many` for repeated ones, `map` for a map of messages by string. */
export interface FieldShape {
  kind: 'message' | 'number' | 'bigint' | 'boolean' | 'string' | 'bytes' | 'enum';
  many?: boolean;
  map?: boolean;
  message?: MessageShape;
  values?: Record<string, number | string>;
  /** The name in the generated type when it is not the camel-cased one; for a oneof: its name. */
  oneof?: string;
}

/** Fields by their name in the text. */
export interface MessageShape {
  [field: string]: FieldShape | undefined;
}

interface Token {
  text: string;
  line: number;
}

const tokenPattern =
  /#[^\n]*|\s+|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_][\w.]*|-?[\w.]+|[{}:[\],;<>]/gy;

/** Reads one message. Throws INVALID_FILE naming the file and line. */
export function readTextFormat(text: string, shape: MessageShape, file: string): object {
  const reader = new Reader(tokenize(text, file), file);
  const message = reader.message(shape, undefined);
  return message;
}

function tokenize(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    tokenPattern.lastIndex = at;
    const found = tokenPattern.exec(text)?.[0];
    if (found === undefined) {
      throw new UmbraError('INVALID_FILE', `${file}:${line}: unexpected '${text[at]}'`);
    }
    if (!/^[#\s]/.test(found)) tokens.push({ text: found, line });
    line += found.split('\n').length - 1;
    at += found.length;
  }
  return tokens;
}

class Reader {
  #at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly file: string,
  ) {}

  message(shape: MessageShape, end: string | undefined): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (;;) {
      const token = this.tokens[this.#at++];
      if (token === undefined) {
        if (end === undefined) return result;
        throw new UmbraError('INVALID_FILE', `${this.file}: ends inside a message`);
      }
      if (token.text === end) return result;
      if (token.text === ',' || token.text === ';') continue;
      this.#field(token, shape, result);
    }
  }

  #field(name: Token, shape: MessageShape, result: Record<string, unknown>): void {
    const field = shape[name.text];
    if (!field) throw this.#error(name, `unknown field '${name.text}'`);
    if (this.tokens[this.#at]?.text === ':') this.#at++;
    const key = camelCase(name.text);
    if (field.many && this.tokens[this.#at]?.text === '[') {
      this.#list(field, (result[key] ??= []) as unknown[]);
      return;
    }
    const value = this.#value(field);
    if (field.oneof !== undefined) result[field.oneof] = { $case: key, value };
    else if (field.map) {
      const entry = value as { key?: string; value?: unknown };
      ((result[key] ??= {}) as Record<string, unknown>)[entry.key ?? ''] = entry.value ?? {};
    } else if (field.many) ((result[key] ??= []) as unknown[]).push(value);
    else result[key] = value;
  }

  #list(field: FieldShape, values: unknown[]): void {
    this.#at++;
    while (this.tokens[this.#at]?.text !== ']') {
      values.push(this.#value(field));
      if (this.tokens[this.#at]?.text === ',') this.#at++;
    }
    this.#at++;
  }

  #value(field: FieldShape): unknown {
    const token = this.tokens[this.#at++];
    if (!token) throw new UmbraError('INVALID_FILE', `${this.file}: ends inside a field`);
    switch (field.kind) {
      case 'message': {
        const end = token.text === '{' ? '}' : token.text === '<' ? '>' : undefined;
        if (!end) throw this.#error(token, `'{' expected, not '${token.text}'`);
        const { message = {} } = field;
        return this.message(field.map ? mapEntry(message) : message, end);
      }
      case 'string':
        return this.#string(token).toString('utf8');
      case 'bytes':
        return Uint8Array.from(this.#string(token));
      case 'boolean':
        if (token.text !== 'true' && token.text !== 'false') {
          throw this.#error(token, `true or false expected, not '${token.text}'`);
        }
        return token.text === 'true';
      case 'enum': {
        const isNumber = /^\d+$/.test(token.text);
        const value = isNumber ? Number(token.text) : field.values?.[token.text];
        if (value === undefined) throw this.#error(token, `unknown value '${token.text}'`);
        return value;
      }
      default: {
        if (!/^-?(0x[0-9a-f]+|\d+)$/i.test(token.text)) {
          throw this.#error(token, `a number expected, not '${token.text}'`);
        }
        return field.kind === 'bigint' ? BigInt(token.text) : Number(token.text);
      }
    }
  }

  /** A quoted string's bytes; adjacent strings are one. */
  #string(first: Token): Buffer {
    if (!isQuoted(first)) throw this.#error(first, 'a quoted string expected');
    const parts = [unquote(first.text)];
    while (isQuoted(this.tokens[this.#at])) {
      parts.push(unquote(this.tokens[this.#at++]!.text));
    }
    return Buffer.concat(parts);
  }

  #error(token: Token, what: string): UmbraError {
    return new UmbraError('INVALID_FILE', `${this.file}:${token.line}: ${what}`);
  }
}

function isQuoted(token: Token | undefined): boolean {
  return token !== undefined && /^["']/.test(token.text);
}

/** One entry of a map is written as a message of key and value. */
function mapEntry(message: MessageShape): MessageShape {
  return { key: { kind: 'string' }, value: { kind: 'message', message } };
}

const escapes: Record<string, number> = {
  n: 10,
  r: 13,
  t: 9,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  '"': 34,
  "'": 39,
  '\\': 92,
};

function unquote(text: string): Buffer {
  const bytes: number[] = [];
  const inner = text.slice(1, -1);
  for (const part of inner.match(/\\x[0-9a-f]{1,2}|\\[0-7]{1,3}|\\.|[^\\]+/gi) ?? []) {
    if (!part.startsWith('\\')) bytes.push(...Buffer.from(part, 'utf8'));
    else if (/^\\x/i.test(part)) bytes.push(parseInt(part.slice(2), 16));
    else if (/^\\[0-7]/.test(part)) bytes.push(parseInt(part.slice(1), 8) & 255);
    else bytes.push(escapes[part[1]!] ?? part.charCodeAt(1));
  }
  return Buffer.from(bytes);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
