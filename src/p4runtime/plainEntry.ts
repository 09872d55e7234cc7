/**
 * Plain table entries as words: what a hot path hands to a target in place of a message. A reader
 * takes only what it finds right; all else is left to `validateUpdate`, which says what is wrong.
 */
import { Update_Type } from '../proto/index.js';
import type { ActionSchema, MatchFieldSchema, TableSchema } from './schema.js';
import { Field, HEAD, Kind, MATCH, PARAM } from './updateScanner.js';
import type { WireWrite } from './wireWrite.js';

/** An entry without resources, times and metadata. Whoever passes it on owns it and its arrays. */
export interface PlainEntry {
  readonly table: TableSchema;
  readonly priority: number;
  /** Fields in the order of the table, each right-aligned in its own words, the highest first. */
  readonly value: Int32Array;
  /** Of a range field, its upper bound. */
  readonly mask: Int32Array;
  /** The bits of its prefix. */
  readonly prefixLength: number;
  /** Of a delete, none. */
  readonly action: ActionSchema | undefined;
  /** Its parameters in the same way. */
  readonly args: Int32Array;
  /** Its message in canonical form, a character a byte. */
  text(): string;
}

interface Place extends MatchFieldSchema {
  first: number;
  words: number;
  kind: number;
}

const wordCount = (bitWidth: number): number => Math.ceil(bitWidth / 32);

/** Reads the entries of one table. */
export class PlainEntryReader implements PlainEntry {
  priority = 0;
  prefixLength = 0;
  action: ActionSchema | undefined;
  readonly value: Int32Array;
  readonly mask: Int32Array;
  readonly args: Int32Array;
  readonly #places: Place[] = [];
  readonly #actions: readonly ActionSchema[];
  #write: WireWrite | undefined;
  #record = 0;

  /** @param table one of which `isPlain` is true */
  constructor(readonly table: TableSchema) {
    let first = 0;
    for (const field of table.fields) {
      const words = wordCount(field.bitWidth);
      this.#places.push({ ...field, first, words, kind: Kind[field.type] });
      first += words;
    }
    this.value = new Int32Array(first);
    this.mask = new Int32Array(first);
    const isDefaultOnly = ({ id }: ActionSchema) => table.defaultActions.some((a) => a.id === id);
    this.#actions = table.actions.filter((action) => !isDefaultOnly(action));
    const lengths = this.#actions.map(({ params }) =>
      params.reduce((sum, { bitWidth }) => sum + wordCount(bitWidth), 0),
    );
    this.args = new Int32Array(Math.max(0, ...lengths));
  }

  /** Takes what a record says; false when that is wrong or not plain. */
  read(write: WireWrite, record: number): boolean {
    this.#write = write;
    this.#record = record;
    const { records } = write;
    const isDelete = records[record + Field.type] === Update_Type.DELETE;
    this.priority = records[record + Field.priority]!;
    if (this.table.hasPriority !== this.priority > 0) return false;
    this.action = undefined;
    return this.#readKey() && (isDelete || this.#readAction());
  }

  text(): string {
    const { bytes, records } = this.#write!;
    const record = this.#record;
    const [from, to] = [records[record + Field.from], records[record + Field.to]];
    return bytes.toString('latin1', from, to);
  }

  #readKey(): boolean {
    const { records } = this.#write!;
    this.value.fill(0);
    this.mask.fill(0);
    this.prefixLength = 0;
    const count = records[this.#record + Field.matches]!;
    if (count === 0) return false;
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const at = this.#record + HEAD + i * MATCH;
      const index = this.#indexOf(records[at]!);
      if (index < 0 || (seen & (1 << index)) !== 0) return false;
      seen |= 1 << index;
      if (!this.#readField(this.#places[index]!, at)) return false;
    }
    for (let index = 0; index < this.#places.length; index++) {
      if ((seen & (1 << index)) !== 0) continue;
      const place = this.#places[index]!;
      if (place.kind === Kind.exact) return false;
      if (place.kind === Kind.range) this.#fillMask(place, 0);
    }
    return true;
  }

  #indexOf(fieldId: number): number {
    for (let i = 0; i < this.#places.length; i++) if (this.#places[i]!.id === fieldId) return i;
    return -1;
  }

  #readField(place: Place, at: number): boolean {
    const { value, mask } = this;
    const { records, bytes } = this.#write!;
    const { first, words, bitWidth, kind } = place;
    if (records[at + 1] !== kind) return false;
    const from = records[at + 2]!;
    if (!readWords(bytes, from, records[at + 3]!, value, first, words, bitWidth)) return false;
    if (kind === Kind.exact || kind === Kind.optional) {
      this.#fillMask(place, 0);
      return true;
    }
    if (kind === Kind.lpm) {
      const length = records[at + 4]!;
      if (length < 1 || length > bitWidth) return false;
      this.prefixLength += length;
      this.#fillMask(place, bitWidth - length);
      return isInside(value, mask, first, words);
    }
    const second = records[at + 4]!;
    if (!readWords(bytes, second, records[at + 5]!, mask, first, words, bitWidth)) return false;
    if (kind === Kind.ternary) {
      return !isZero(mask, first, words) && isInside(value, mask, first, words);
    }
    const isAll = isZero(value, first, words) && isFull(mask, first, place);
    return !isAll && isOrdered(value, mask, first, words);
  }

  /** The mask of a field but for its last `clear` bits. */
  #fillMask({ first, words, bitWidth }: Place, clear: number): void {
    for (let i = 0; i < words; i++) {
      const low = 32 * (words - 1 - i);
      const kept = clear <= low ? -1 : clear - low >= 32 ? 0 : -1 << (clear - low);
      this.mask[first + i] = kept & (i === 0 ? topMask(bitWidth) : -1);
    }
  }

  #readAction(): boolean {
    const { records, bytes } = this.#write!;
    const id = records[this.#record + Field.actionId]!;
    let found: ActionSchema | undefined;
    for (const action of this.#actions) if (action.id === id) found = action;
    const count = records[this.#record + Field.params]!;
    if (!found || found.params.length !== count) return false;
    const first = this.#record + HEAD + records[this.#record + Field.matches]! * MATCH;
    let to = 0;
    for (let i = 0; i < count; i++) {
      const { id: wanted, bitWidth } = found.params[i]!;
      let at = first + i * PARAM;
      if (records[at] !== wanted) {
        at = first;
        while (at < first + count * PARAM && records[at] !== wanted) at += PARAM;
        if (at === first + count * PARAM) return false;
      }
      const words = wordCount(bitWidth);
      const [from, end] = [records[at + 1]!, records[at + 2]!];
      if (!readWords(bytes, from, end, this.args, to, words, bitWidth)) return false;
      to += words;
    }
    this.action = found;
    return true;
  }
}

/** True when entries of the table can be plain at all: it has a key, and actions of its own. */
export function isPlain({ fields, profileId, isConst }: TableSchema): boolean {
  const hasWidths = fields.every(({ bitWidth }) => bitWidth > 0);
  return fields.length > 0 && fields.length < 32 && hasWidths && profileId === 0 && !isConst;
}

/** Reads a canonical byte string; false when it is none, or has more than `bitWidth` bits. */
function readWords(
  bytes: Uint8Array,
  from: number,
  to: number,
  into: Int32Array,
  first: number,
  words: number,
  bitWidth: number,
): boolean {
  const length = to - from;
  if (length === 0 || (length > 1 && bytes[from] === 0)) return false;
  if (length * 8 - (Math.clz32(bytes[from]!) - 24) > bitWidth) return false;
  let end = to;
  for (let word = first + words - 1; word >= first; word--) {
    let value = 0;
    for (let at = Math.max(from, end - 4); at < end; at++) value = (value << 8) | bytes[at]!;
    into[word] = value;
    end -= 4;
  }
  return true;
}

/** The bits of a value's first word that it has. */
function topMask(bitWidth: number): number {
  return bitWidth % 32 === 0 ? -1 : 2 ** (bitWidth % 32) - 1;
}

function isZero(words: Int32Array, first: number, count: number): boolean {
  for (let i = first; i < first + count; i++) if (words[i] !== 0) return false;
  return true;
}

function isFull(words: Int32Array, first: number, { words: count, bitWidth }: Place): boolean {
  if (words[first] !== topMask(bitWidth)) return false;
  for (let i = first + 1; i < first + count; i++) if (words[i] !== -1) return false;
  return true;
}

function isInside(value: Int32Array, mask: Int32Array, first: number, count: number): boolean {
  for (let i = first; i < first + count; i++) if ((value[i]! & ~mask[i]!) !== 0) return false;
  return true;
}

function isOrdered(low: Int32Array, high: Int32Array, first: number, count: number): boolean {
  for (let i = first; i < first + count; i++) {
    if (low[i] !== high[i]) return low[i]! >>> 0 < high[i]! >>> 0;
  }
  return true;
}
