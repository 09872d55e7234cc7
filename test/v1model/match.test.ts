/** Lookup structures against a scan of all entries, by seeded random inserts, removals, lookups. */
import test from 'ava';
import { Prng } from '../../src/base/prng.js';
import type { KeyField, KeyMatch, MatchKind } from '../../src/v1model/control.js';
import { matchOf, rowOf, RowNames, type NamedRow } from '../../src/v1model/match/keyRow.js';
import { makeIndex } from '../../src/v1model/match/makeIndex.js';
import { bytesOf, wordCount, wordsOf } from '../../src/v1model/words.js';

const CAPACITY = 600;

interface Placed {
  entry: number;
  sequence: number;
  match: KeyMatch[];
  row: NamedRow;
}

const big = (bytes: Uint8Array): bigint => bytes.reduce((v, byte) => v * 256n + BigInt(byte), 0n);

/** What P4Runtime says a field matches, on whole numbers. */
function holds({ bitWidth }: KeyField, match: KeyMatch, key: bigint): boolean {
  if (match === null) return true;
  if ('low' in match) return big(match.low) <= key && key <= big(match.high);
  if ('mask' in match) return (key & big(match.mask)) === (big(match.value) & big(match.mask));
  if (!('prefixLength' in match)) return key === big(match.value);
  const rest = BigInt(bitWidth - match.prefixLength);
  return key >> rest === big(match.value) >> rest;
}

/** The entry that a scan finds. */
function scan(fields: KeyField[], placed: Iterable<Placed>, key: bigint[]): number {
  let best: Placed | undefined;
  for (const one of placed) {
    if (!fields.every((field, i) => holds(field, one.match[i]!, key[i]!))) continue;
    const difference = best ? one.row.rank - best.row.rank : 1;
    if (difference > 0 || (difference === 0 && one.sequence < best!.sequence)) best = one;
  }
  return best?.entry ?? 0;
}

class Maker {
  readonly prng = new Prng(20251125);

  below(limit: number): number {
    return Math.floor(this.prng.unit() * limit);
  }

  /** Few different bits, so that entries overlap and lookups hit. */
  value(width: number): Uint8Array {
    const words = Int32Array.from({ length: wordCount(width) }, () => {
      const bits = this.prng.uint32() & this.prng.uint32() & 0x81818181;
      return this.below(8) === 0 ? this.prng.uint32() | 0 : bits;
    });
    if (width % 32 !== 0) words[0]! &= 2 ** (width % 32) - 1;
    return bytesOf(words, 0, width);
  }

  match(kind: MatchKind, width: number): KeyMatch {
    const value = this.value(width);
    if (kind === 'exact' || kind === 'valid') return { value };
    if (kind === 'lpm') return { value, prefixLength: this.below(width + 1) };
    if (this.below(4) === 0) return null;
    if (kind === 'optional') return { value };
    if (kind === 'ternary') return { value, mask: this.value(width) };
    const other = this.value(width);
    return big(value) <= big(other) ? { low: value, high: other } : { low: other, high: value };
  }
}

const keys: [MatchKind, number][][] = [
  [['exact', 9]],
  [['exact', 48]],
  [['exact', 128], ['valid', 1]],
  [['lpm', 32]],
  [['lpm', 16]],
  [['lpm', 128]],
  [['lpm', 48]],
  [['exact', 12], ['lpm', 32]],
  [['lpm', 64], ['exact', 40]],
  [['lpm', 16], ['lpm', 16]],
  [['ternary', 8]],
  [['ternary', 32], ['ternary', 32], ['ternary', 16], ['ternary', 16], ['ternary', 8]],
  [['ternary', 128], ['optional', 9]],
  [['range', 8]],
  [['range', 16], ['range', 16]],
  [['range', 33], ['exact', 9]],
  [['range', 128]],
  [['exact', 8], ['range', 16], ['ternary', 20]],
  [['lpm', 32], ['range', 16]],
  [['lpm', 128], ['ternary', 7], ['optional', 48]],
  [['optional', 32], ['optional', 16]],
];

for (const kinds of keys) {
  const title = kinds.map(([kind, width]) => `${kind} ${width}`).join(' + ');
  test(`finds what a scan finds: ${title}`, (t) => {
    const fields = kinds.map(([kind, bitWidth], i): KeyField => ({ name: `k${i}`, kind, bitWidth }));
    const maker = new Maker();
    const index = makeIndex(fields, CAPACITY);
    const placed = new Map<string, Placed>();
    const free = Array.from({ length: CAPACITY }, (_, i) => CAPACITY - i);
    let sequence = 0;
    let wrong = 0;
    let hits = 0;
    for (let step = 0; step < 6000; step++) {
      // Grows, shrinks, grows again, so that places are used anew.
      const wantsMore = step % 3000 < 1800;
      if (maker.below(3) > 0 === wantsMore) {
        const match = kinds.map(([kind, width]) => maker.match(kind, width));
        const row = rowOf(fields, match, 1 + maker.below(20), 'table');
        const entry = placed.has(row.name) ? undefined : free.pop();
        if (entry !== undefined) {
          placed.set(row.name, { entry, sequence, match, row });
          index.insert(entry, row, sequence++);
          const again = matchOf(fields, new RowNames(fields).rowOf(row.name));
          if (rowOf(fields, again, row.rank, 'table').name !== row.name) wrong++;
        }
      } else if (placed.size > 0) {
        const one = [...placed.values()][maker.below(placed.size)]!;
        index.remove(one.entry, new RowNames(fields).rowOf(one.row.name));
        placed.delete(one.row.name);
        free.push(one.entry);
      }
      const near = [...placed.values()][maker.below(placed.size)]?.match;
      const key = kinds.map(([, width], i) => {
        const match = near?.[i];
        if (!match || maker.below(4) === 0) return maker.value(width);
        return 'low' in match ? match.high : match.value;
      });
      const words = key.flatMap((bytes, i) => [...wordsOf(bytes, kinds[i]![1], 'key')]);
      index.key.set(words);
      const found = words.length === 1 ? index.find(words[0]!) : index.lookup();
      if (found !== scan(fields, placed.values(), key.map(big))) wrong++;
      if (found !== 0) hits++;
    }
    t.is(wrong, 0);
    t.is(index.used, placed.size);
    t.true(hits > 1000);
    for (const one of placed.values()) index.remove(one.entry, one.row);
    t.is(index.lookup(), 0);
  });
}

const range16: KeyField[] = [{ name: 'port', kind: 'range', bitWidth: 16 }];
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

for (const [what, fields, match] of [
  ['bounds the wrong way round', range16, { low: bytes(1, 0), high: bytes(0, 255) }],
  ['a value for a range', range16, { value: bytes(0, 1) }],
  ['a bound of the wrong length', range16, { low: bytes(1), high: bytes(0, 255) }],
  [
    'a range for a ternary field',
    [{ name: 'port', kind: 'ternary', bitWidth: 16 }],
    { low: bytes(0, 1), high: bytes(0, 2) },
  ],
  ['nothing for an exact field', [{ name: 'port', kind: 'exact', bitWidth: 16 }], null],
  [
    'a prefix longer than the field',
    [{ name: 'address', kind: 'lpm', bitWidth: 16 }],
    { value: bytes(0, 0), prefixLength: 17 },
  ],
] as [string, KeyField[], KeyMatch][]) {
  test(`refuses ${what}`, (t) => {
    t.throws(() => rowOf(fields, [match], 1, 'table'), { code: 'INVALID_INPUT' });
  });
}
