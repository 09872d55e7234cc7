/** Chooses the lookup structure of a table by its key. */
import type { KeyField } from '../control.js';
import { wordCount } from '../words.js';
import { BitVectorIndex } from './bitVectorIndex.js';
import { ExactIndex, WordIndex } from './exactIndex.js';
import { LongPrefixIndex } from './longPrefixIndex.js';
import type { FieldShape, MatchIndex } from './matchIndex.js';
import { PrefixIndex } from './prefixIndex.js';

/** True when entries carry a priority, as P4Runtime has it. */
export function hasPriority(key: readonly KeyField[]): boolean {
  return key.some(({ kind }) => kind === 'ternary' || kind === 'optional' || kind === 'range');
}

/** @param capacity the highest entry number */
export function makeIndex(key: readonly KeyField[], capacity: number): MatchIndex {
  const fields = shapesOf(key);
  const words = fields.reduce((sum, field) => sum + field.words, 0);
  const prefixes = fields.filter(({ kind }) => kind === 'lpm').length;
  if (hasPriority(key) || prefixes > 1) return new BitVectorIndex(words, fields, capacity);
  if (prefixes === 0) return words === 1 ? new WordIndex() : new ExactIndex(words, capacity);
  const [first] = fields;
  if (fields.length === 1 && first!.bitWidth <= 32) {
    return new PrefixIndex(first!.bitWidth, capacity);
  }
  return new LongPrefixIndex(words, fields);
}

function shapesOf(key: readonly KeyField[]): FieldShape[] {
  let firstWord = 0;
  return key.map(({ kind, bitWidth }) => {
    const words = wordCount(bitWidth);
    const shape: FieldShape = { kind: shapeOf(kind), bitWidth, firstWord, words };
    firstWord += words;
    return shape;
  });
}

function shapeOf(kind: KeyField['kind']): FieldShape['kind'] {
  if (kind === 'valid') return 'exact';
  return kind === 'optional' ? 'ternary' : kind;
}
