/** Matches as the control side gives them, as rows of words. */
import { UmbraError } from '../../base/errors.js';
import type { KeyField, KeyMatch } from '../control.js';
import { bytesOf, prefixMask, wordCount, wordsOf } from '../words.js';
import { hasPriority } from './makeIndex.js';
import type { KeyRow } from './matchIndex.js';

/** A row, and a text that two matches share when the table cannot tell them apart. */
export interface NamedRow extends KeyRow {
  name: string;
}

/**
 * Don't-care bits are cleared. Throws INVALID_INPUT for a match that does not fit the key; `table`
 * names the table.
 */
export function rowOf(
  key: readonly KeyField[],
  match: readonly KeyMatch[],
  priority: number,
  table: string,
): NamedRow {
  if (match.length !== key.length) {
    const text = `${match.length} key fields, ${key.length} wanted`;
    throw new UmbraError('INVALID_INPUT', `${table}: ${text}`);
  }
  const words = key.reduce((sum, field) => sum + wordCount(field.bitWidth), 0);
  const row = { value: new Int32Array(words), mask: new Int32Array(words), rank: 0 };
  let at = 0;
  key.forEach((field, i) => {
    row.rank += placeField(row, at, field, match[i]!, table);
    at += wordCount(field.bitWidth);
  });
  if (hasPriority(key)) row.rank = priority;
  return { ...row, name: new RowNames(key).nameOf(row) };
}

/** Fills a field's words and returns its prefix length, 0 when it has none. */
function placeField(
  { value, mask }: KeyRow,
  at: number,
  { name, kind, bitWidth }: KeyField,
  match: KeyMatch,
  table: string,
): number {
  const what = `${table}: ${name}`;
  const words = (bytes: Uint8Array): Int32Array => wordsOf(bytes, bitWidth, what);
  if (match === null) {
    if (kind === 'exact' || kind === 'valid') throw refused(what, 'needs a value');
    if (kind === 'range') mask.set(fullMask(bitWidth), at);
    return 0;
  }
  if ('low' in match) {
    if (kind !== 'range') throw refused(what, 'takes no range');
    value.set(words(match.low), at);
    mask.set(words(match.high), at);
    for (let i = at; i < at + wordCount(bitWidth); i++) {
      const [low, high] = [value[i]! >>> 0, mask[i]! >>> 0];
      if (low > high) throw refused(what, 'has its bounds the wrong way round');
      if (low < high) break;
    }
    return 0;
  }
  if (kind === 'range') throw refused(what, 'takes a range');
  value.set(words(match.value), at);
  const isPrefix = 'prefixLength' in match;
  const prefixLength = isPrefix ? match.prefixLength : kind === 'lpm' ? bitWidth : 0;
  if (isPrefix && (prefixLength < 0 || prefixLength > bitWidth)) {
    throw refused(what, `has no prefix of ${prefixLength} bits`);
  }
  if ('mask' in match) mask.set(words(match.mask), at);
  else mask.set(isPrefix ? prefixMask(prefixLength, bitWidth) : fullMask(bitWidth), at);
  for (let i = at; i < at + wordCount(bitWidth); i++) value[i]! &= mask[i]!;
  return prefixLength;
}

function refused(what: string, why: string): UmbraError {
  return new UmbraError('INVALID_INPUT', `${what} ${why}`);
}

function fullMask(bitWidth: number): Int32Array {
  const words = new Int32Array(wordCount(bitWidth)).fill(-1);
  if (bitWidth % 32 !== 0) words[0] = 2 ** (bitWidth % 32) - 1;
  return words;
}

/** Names rows of one key: one character a byte, which V8 keeps in one byte each. */
export class RowNames {
  /** Value, mask and rank; of exact keys the value alone tells them apart. */
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #value: Int32Array;
  readonly #mask: Int32Array;
  readonly #isExact: boolean;

  constructor(key: readonly KeyField[]) {
    const count = key.reduce((sum, field) => sum + wordCount(field.bitWidth), 0);
    this.#isExact = key.every(({ kind }) => kind === 'exact' || kind === 'valid');
    this.#words = new Int32Array(this.#isExact ? count : 2 * count + 1);
    this.#bytes = Buffer.from(this.#words.buffer);
    this.#value = this.#words.subarray(0, count);
    this.#mask = this.#isExact
      ? Int32Array.from(key.flatMap(({ bitWidth }) => [...fullMask(bitWidth)]))
      : this.#words.subarray(count, 2 * count);
  }

  nameOf({ value, mask, rank }: KeyRow): string {
    const words = this.#words;
    const count = value.length;
    for (let i = 0; i < count; i++) words[i] = value[i]!;
    if (!this.#isExact) {
      for (let i = 0; i < count; i++) words[count + i] = mask[i]!;
      words[2 * count] = rank;
    }
    return this.#bytes.toString('latin1');
  }

  /** The row of a name; its arrays are good until the next call. */
  rowOf(name: string): KeyRow {
    this.#bytes.write(name, 'latin1');
    const rank = this.#isExact ? 0 : this.#words[this.#words.length - 1]!;
    return { value: this.#value, mask: this.#mask, rank };
  }
}

/** A row as a match: don't-care bits are zero, and a field that matches all is null. */
export function matchOf(key: readonly KeyField[], { value, mask }: KeyRow): KeyMatch[] {
  let at = 0;
  return key.map(({ kind, bitWidth }): KeyMatch => {
    const first = at;
    at += wordCount(bitWidth);
    const bytes = (words: Int32Array): Uint8Array => bytesOf(words, first, bitWidth);
    const own = mask.subarray(first, at);
    if (kind === 'exact' || kind === 'valid') return { value: bytes(value) };
    if (kind === 'range') {
      const isAll = value.subarray(first, at).every((word) => word === 0) && isFull(own, bitWidth);
      return isAll ? null : { low: bytes(value), high: bytes(mask) };
    }
    if (own.every((word) => word === 0)) return null;
    if (kind === 'ternary') return { value: bytes(value), mask: bytes(mask) };
    if (kind === 'optional') return { value: bytes(value) };
    return { value: bytes(value), prefixLength: own.reduce((sum, word) => sum + bitsOf(word), 0) };
  });
}

function isFull(mask: Int32Array, bitWidth: number): boolean {
  return fullMask(bitWidth).every((word, i) => word === mask[i]);
}

/** Set bits of a word. */
function bitsOf(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
