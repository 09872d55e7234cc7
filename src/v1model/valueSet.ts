/** Parser value sets: what the control side puts in, and emitted code looks for. */
import type { ValueSet } from '../bmv2/index.js';
import { UmbraError } from '../base/errors.js';
import type { KeyMatch, ValueSetControl } from './control.js';
import { prefixMask, wordCount, wordsOf } from './words.js';

/** One value set. Sets are small: a lookup compares member by member. */
export class ParserValueSet implements ValueSetControl {
  readonly name: string;
  readonly size: number;
  readonly widths: readonly number[];
  /** The key that `contains` looks for, as words; written by emitted code. */
  readonly key: Int32Array;
  #members: KeyMatch[][] = [];
  /** A row of values and a row of masks per member. */
  #values = new Int32Array(0);
  #masks = new Int32Array(0);

  constructor(set: ValueSet) {
    this.name = set.name;
    this.size = set.size;
    this.widths = set.widths;
    this.key = new Int32Array(set.widths.reduce((sum, width) => sum + wordCount(width), 0));
  }

  /** True when a member matches `key`. */
  contains(): boolean {
    const { key } = this;
    const words = key.length;
    const values = this.#values;
    const masks = this.#masks;
    for (let row = 0; row < values.length; row += words) {
      let i = 0;
      while (i < words && (key[i]! & masks[row + i]!) === values[row + i]!) i++;
      if (i === words) return true;
    }
    return false;
  }

  members(): KeyMatch[][] {
    return this.#members.map((member) => [...member]);
  }

  replace(members: readonly KeyMatch[][]): void {
    if (members.length > this.size) {
      throw new UmbraError('LIMIT', `${this.name}: ${members.length} members, size ${this.size}`);
    }
    const rows = members.map((member) => this.#row(member));
    const texts = rows.map(({ values, masks }) => `${values.join(' ')}/${masks.join(' ')}`);
    if (new Set(texts).size < texts.length) {
      throw new UmbraError('CONFLICT', `${this.name}: a member is given twice`);
    }
    this.#values = Int32Array.from(rows.flatMap((row) => row.values));
    this.#masks = Int32Array.from(rows.flatMap((row) => row.masks));
    this.#members = members.map((member) => [...member]);
  }

  save(): readonly KeyMatch[][] {
    return this.members();
  }

  load(saved: readonly KeyMatch[][]): void {
    this.replace(saved);
  }

  #row(member: readonly KeyMatch[]): { values: number[]; masks: number[] } {
    const { name, widths } = this;
    if (member.length !== widths.length) {
      const text = `${name}: ${member.length} fields, ${widths.length} wanted`;
      throw new UmbraError('INVALID_INPUT', text);
    }
    const parts = member.map((match, i) => wordsOfMatch(match, widths[i]!, name));
    return {
      values: parts.flatMap(({ value, mask }) => [...value].map((word, i) => word & mask[i]!)),
      masks: parts.flatMap(({ mask }) => [...mask]),
    };
  }
}

function wordsOfMatch(
  match: KeyMatch,
  width: number,
  name: string,
): { value: Int32Array; mask: Int32Array } {
  const all = prefixMask(width, width);
  const none = new Int32Array(all.length);
  if (match === null) return { value: none, mask: none };
  if ('low' in match) {
    throw new UmbraError('INVALID_INPUT', `${name}: a value set has no ranges`);
  }
  const value = wordsOf(match.value, width, name);
  if ('mask' in match) return { value, mask: wordsOf(match.mask, width, name) };
  if ('prefixLength' in match) return { value, mask: prefixMask(match.prefixLength, width) };
  return { value, mask: all };
}
