/** One line of STF as tokens, and a reader over them that says what it expected. */
import { UmbraError } from '../base/errors.js';
import type { NumberText } from './statement.js';

type TokenKind = 'word' | 'quoted' | 'number' | 'sign';

interface Token {
  kind: TokenKind;
  text: string;
  column: number;
}

const patterns: [TokenKind | undefined, RegExp][] = [
  [undefined, /[ \t\r]+/y],
  [undefined, /#.*/y],
  ['quoted', /"[^"]+"/y],
  ['number', /0[xX][0-9a-fA-F*]+|0[bB][01*]+|[0-9]+/y],
  ['word', /[A-Za-z$_][A-Za-z$_0-9]*/y],
  ['sign', /==|!=|<=|>=|[<>=:,./()[\]]/y],
];

/** Reads one line from left to right. Every failure is INVALID_FILE at `file:line:column`. */
export class TokenReader {
  readonly #tokens: Token[] = [];
  #next = 0;

  constructor(
    private readonly text: string,
    private readonly file: string,
    private readonly line: number,
  ) {
    for (let at = 0; at < text.length; ) at = this.#scan(at);
  }

  get isAtEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  get isAtNumber(): boolean {
    return this.#tokens[this.#next]?.kind === 'number';
  }

  get isAtName(): boolean {
    const kind = this.#tokens[this.#next]?.kind;
    return kind === 'word' || kind === 'quoted';
  }

  isAt(sign: string): boolean {
    const token = this.#tokens[this.#next];
    return token?.kind === 'sign' && token.text === sign;
  }

  /** The error for what stands here instead of `expected`. */
  unexpected(expected: string): UmbraError {
    const token = this.#tokens[this.#next];
    const found = token ? `'${token.text}'` : 'the end of the line';
    return this.#error(token?.column ?? this.text.length, `expected ${expected}, found ${found}`);
  }

  /** An error about the token read last. */
  wrong(message: string): UmbraError {
    return this.#error(this.#tokens[this.#next - 1]?.column ?? 0, message);
  }

  take(sign: string): void {
    if (!this.takeIf(sign)) throw this.unexpected(`'${sign}'`);
  }

  takeIf(sign: string): boolean {
    if (!this.isAt(sign)) return false;
    this.#next++;
    return true;
  }

  /** One of `words`, in any case; `expected` names the choice. */
  takeWord<W extends string>(words: readonly W[], expected: string): W {
    const token = this.#tokens[this.#next];
    const found = words.find((word) => word === token?.text.toLowerCase());
    if (token?.kind !== 'word' || found === undefined) throw this.unexpected(expected);
    this.#next++;
    return found;
  }

  takeSign<S extends string>(signs: readonly S[], expected: string): S {
    const found = signs.find((sign) => this.isAt(sign));
    if (found === undefined) throw this.unexpected(expected);
    this.#next++;
    return found;
  }

  /** An identifier; quotes are taken off. */
  takeIdentifier(expected: string): string {
    if (!this.isAtName) throw this.unexpected(expected);
    const token = this.#tokens[this.#next++]!;
    return token.kind === 'quoted' ? token.text.slice(1, -1) : token.text;
  }

  /** Identifiers with dots and array indexes between them: `vlan[0].id`. */
  takeName(expected: string): string {
    let name = this.takeIdentifier(expected);
    for (;;) {
      if (this.takeIf('.')) {
        name += `.${this.takeIdentifier(`a name after '${name}.'`)}`;
      } else if (this.takeIf('[')) {
        name += `[${this.takeWhole('an array index')}]`;
        this.take(']');
      } else {
        return name;
      }
    }
  }

  /** A number as written. */
  takeNumber(expected: string): NumberText {
    if (!this.isAtNumber) throw this.unexpected(expected);
    return this.#tokens[this.#next++]!.text;
  }

  takeBigint(expected: string): bigint {
    const text = this.takeNumber(expected);
    if (text.includes('*')) throw this.wrong(`'*' stands for any digit only in a match: '${text}'`);
    return BigInt(text.toLowerCase());
  }

  /** A whole number that fits a double. */
  takeWhole(expected: string): number {
    const value = this.takeBigint(expected);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.wrong(`${value} is too large`);
    return Number(value);
  }

  /** A decimal number, with or without a fraction. */
  takeDecimal(expected: string): number {
    const whole = this.takeNumber(expected);
    const fraction = this.takeIf('.') ? `.${this.takeNumber('the digits of a fraction')}` : '';
    if (!/^\d+(\.\d+)?$/.test(whole + fraction)) {
      throw this.wrong(`expected ${expected}, found '${whole}${fraction}'`);
    }
    return Number(whole + fraction);
  }

  end(): void {
    if (!this.isAtEnd) throw this.unexpected('the end of the line');
  }

  #scan(at: number): number {
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const found = pattern.exec(this.text)?.[0];
      if (found === undefined) continue;
      if (kind !== undefined) this.#tokens.push({ kind, text: found, column: at });
      return at + found.length;
    }
    throw this.#error(at, `'${this.text[at]}' has no meaning in STF`);
  }

  #error(column: number, message: string): UmbraError {
    return new UmbraError('INVALID_FILE', `${this.file}:${this.line}:${column + 1}: ${message}`);
  }
}
