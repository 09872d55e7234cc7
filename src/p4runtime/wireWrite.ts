/**
 * A Write as it came. Most updates of a controller are table entries of few kinds of fields: those
 * are looked over once, and where their parts lie is kept as numbers; no object is made of them.
 * Every other update, and every one that is not encoded the usual way (fields ascending, none
 * twice, none unknown), is decoded in full.
 */
import { TableEntry, Update, WriteRequest } from '../proto/index.js';
import { Field, UpdateScanner } from './updateScanner.js';

/** The tag of WriteRequest.updates. */
const UPDATES = 0x22;

/** One Write. */
export class WireWrite {
  /** The request without its updates. */
  readonly head: WriteRequest;
  readonly bytes: Buffer;
  /** The same; slices of it are copies, as whoever keeps part of a message expects. */
  readonly #content: Uint8Array;
  /** Numbers about the updates that were looked over; see `UpdateScanner`. */
  readonly records: Int32Array;
  /** Of every update: where its record begins, or -1 when it is decoded. */
  readonly #starts: number[] = [];
  readonly #decoded = new Map<number, Update>();

  /** Throws like the generated decoder when the bytes are no WriteRequest. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#content = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    const scanner = new UpdateScanner(this.#content);
    const rest: Uint8Array[] = [];
    for (let from = 0; from < bytes.length; ) {
      // Where no plain field stands, all that follows is for the generated decoder to judge.
      const end = scanner.skipField(from);
      const to = end < 0 ? bytes.length : end;
      if (end >= 0 && bytes[from] === UPDATES) this.#add(scanner, to);
      else rest.push(this.#content.subarray(from, to));
      from = to;
    }
    this.head = WriteRequest.decode(Uint8Array.from(Buffer.concat(rest)));
    for (const update of this.head.updates) this.#addDecoded(update);
    this.head.updates = [];
    this.records = scanner.records;
  }

  get count(): number {
    return this.#starts.length;
  }

  /** Where the record of an update begins in `records`; -1 when it has none. */
  recordOf(index: number): number {
    return this.#starts[index]!;
  }

  /** An update as a message. */
  update(index: number): Update {
    const start = this.#starts[index]!;
    if (start < 0) return this.#decoded.get(index)!;
    const { records } = this;
    const entry = this.#content.subarray(records[start + Field.from], records[start + Field.to]);
    const value = TableEntry.decode(entry);
    const type = records[start + Field.type]!;
    return { type, entity: { entity: { $case: 'tableEntry', value } } };
  }

  /** Adds the update that the scanner stands at. */
  #add(scanner: UpdateScanner, to: number): void {
    const from = scanner.contentFrom;
    const start = scanner.scan(from, to);
    if (start < 0) this.#addDecoded(Update.decode(this.#content.subarray(from, to)));
    else this.#starts.push(start);
  }

  #addDecoded(update: Update): void {
    this.#decoded.set(this.#starts.length, update);
    this.#starts.push(-1);
  }
}
