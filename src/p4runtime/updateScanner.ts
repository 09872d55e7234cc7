/**
 * Looks over updates that are plain table entries: a table id, matches of the specified kinds, an
 * action with its parameters, a priority. It finds where the parts lie and checks the encoding,
 * nothing else. Tags are those of `p4/v1/p4runtime.proto`.
 */

/** Places in a record, before its matches and then its parameters. */
export const Field = {
  type: 0,
  tableId: 1,
  priority: 2,
  /** 0: no action. */
  actionId: 3,
  /** Where the TableEntry begins and ends. */
  from: 4,
  to: 5,
  matches: 6,
  params: 7,
} as const;
/** Numbers of a record before its matches. */
export const HEAD = 8;
/** Of a match: field id, kind's tag, first bytes from and to; second ones, or the prefix length. */
export const MATCH = 6;
/** Of a parameter: its id, and where its bytes begin and end. */
export const PARAM = 3;

/** The tags of FieldMatch's kinds. */
export const Kind = { exact: 0x12, ternary: 0x1a, lpm: 0x22, range: 0x32, optional: 0x3a } as const;

const NUMBER_1 = 0x08;
const NUMBER_2 = 0x10;
const NUMBER_4 = 0x20;
const BYTES_1 = 0x0a;
const BYTES_2 = 0x12;
const BYTES_3 = 0x1a;
const BYTES_4 = 0x22;

/** Over the bytes of one Write. */
export class UpdateScanner {
  /** Where the content of the field begins that was skipped last. */
  contentFrom = 0;
  /** All records so far. */
  records: Int32Array;
  #used = 0;
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {
    // Records take about as many numbers as updates take bytes.
    this.records = new Int32Array(Math.min(1024, bytes.length));
  }

  /** The end of the field at `from`; -1 when it is neither a number nor bytes that end in time. */
  skipField(from: number): number {
    const { bytes } = this;
    const wireType = bytes[from]! & 7;
    this.#at = from + 1;
    if (bytes[from]! > 127) return -1;
    if (wireType === 2) {
      const end = this.#length(bytes.length);
      this.contentFrom = this.#at;
      return end;
    }
    if (wireType !== 0) return -1;
    while (this.#at < bytes.length) if (bytes[this.#at++]! < 128) return this.#at;
    return -1;
  }

  /** Where the record of the update lies that these bytes are; -1 when it is not a plain entry. */
  scan(from: number, to: number): number {
    const start = this.#used;
    this.#at = from;
    this.#reserve(HEAD);
    const type = this.#number(NUMBER_1, to);
    if (type < 1 || type > 3) return this.#giveUp(start);
    // The entity ends with the update, and the entry with the entity.
    if (!this.#opens(BYTES_2, to, to) || !this.#opens(BYTES_2, to, to)) return this.#giveUp(start);
    const entryFrom = this.#at;
    const tableId = this.#number(NUMBER_1, to);
    if (tableId < 0) return this.#giveUp(start);
    let matches = 0;
    for (; this.#isNext(BYTES_2, to); matches++) if (!this.#match(to)) return this.#giveUp(start);
    let [actionId, params] = [0, 0];
    if (this.#isNext(BYTES_3, to)) {
      const end = this.#bytes(BYTES_3, to);
      if (end < 0 || !this.#opens(BYTES_1, end, end)) return this.#giveUp(start);
      actionId = this.#number(NUMBER_1, end);
      if (actionId < 1) return this.#giveUp(start);
      for (; this.#at < end; params++) if (!this.#param(end)) return this.#giveUp(start);
    }
    const priority = this.#at === to ? 0 : this.#number(NUMBER_4, to);
    if (priority < 0 || this.#at !== to) return this.#giveUp(start);
    const { records } = this;
    records[start + Field.type] = type;
    records[start + Field.tableId] = tableId;
    records[start + Field.priority] = priority;
    records[start + Field.actionId] = actionId;
    records[start + Field.from] = entryFrom;
    records[start + Field.to] = to;
    records[start + Field.matches] = matches;
    records[start + Field.params] = params;
    return start;
  }

  #giveUp(start: number): -1 {
    this.#used = start;
    return -1;
  }

  #match(limit: number): boolean {
    const end = this.#bytes(BYTES_2, limit);
    const fieldId = this.#number(NUMBER_1, end);
    if (fieldId < 0 || this.#at >= end) return false;
    const kind = this.bytes[this.#at]!;
    if (!this.#opens(kind, end, end)) return false;
    const record = this.#reserve(MATCH);
    const to = this.#bytes(BYTES_1, end);
    if (to < 0) return false;
    const { records } = this;
    records[record] = fieldId;
    records[record + 1] = kind;
    records[record + 2] = this.#at;
    records[record + 3] = to;
    this.#at = to;
    if (kind === Kind.lpm) {
      const length = this.#number(NUMBER_2, end);
      if (length < 0) return false;
      records[record + 4] = length;
    } else if (kind === Kind.ternary || kind === Kind.range) {
      const second = this.#bytes(BYTES_2, end);
      if (second < 0) return false;
      records[record + 4] = this.#at;
      records[record + 5] = second;
      this.#at = second;
    } else if (kind !== Kind.exact && kind !== Kind.optional) {
      return false;
    }
    return this.#at === end;
  }

  #param(limit: number): boolean {
    const end = this.#bytes(BYTES_4, limit);
    const id = this.#number(NUMBER_2, end);
    if (id < 0 || !this.#opens(BYTES_3, end, end)) return false;
    const record = this.#reserve(PARAM);
    const { records } = this;
    records[record] = id;
    records[record + 1] = this.#at;
    records[record + 2] = end;
    this.#at = end;
    return true;
  }

  #isNext(tag: number, limit: number): boolean {
    return this.#at < limit && this.bytes[this.#at] === tag;
  }

  /** Goes behind the tag and length of bytes that must end at `end`. */
  #opens(tag: number, limit: number, end: number): boolean {
    return this.#bytes(tag, limit) === end;
  }

  /** Goes behind the tag and length of bytes, and returns where they end; -1 for another tag. */
  #bytes(tag: number, limit: number): number {
    if (!this.#isNext(tag, limit)) return -1;
    this.#at++;
    return this.#length(limit);
  }

  #length(limit: number): number {
    const length = this.#varint(limit);
    const end = this.#at + length;
    return length < 0 || end > limit ? -1 : end;
  }

  /** Goes behind a number and returns it; -1 for another tag. */
  #number(tag: number, limit: number): number {
    if (!this.#isNext(tag, limit)) return -1;
    this.#at++;
    return this.#varint(limit);
  }

  /** A number below 2^28; -1 for larger ones, and those that do not end in time. */
  #varint(limit: number): number {
    const { bytes } = this;
    let value = 0;
    for (let shift = 0; shift < 28 && this.#at < limit; shift += 7) {
      const byte = bytes[this.#at++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return -1;
  }

  #reserve(count: number): number {
    const start = this.#used;
    this.#used += count;
    if (this.#used > this.records.length) {
      const longer = new Int32Array(2 * this.#used);
      longer.set(this.records);
      this.records = longer;
    }
    return start;
  }
}
