/**
 * A file of lines that only grows. A line is there whole or not at all: what a full disk or a
 * killed process left of one is cut off before the next is written.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

const NEWLINE = 0x0a;

/** An open journal. */
export class Journal {
  readonly #file: number;
  /** Bytes of whole lines. */
  #length: number;
  #isTorn: boolean;
  /** The lines that were there when it was opened. */
  readonly lines: readonly string[];

  /** Opens a file, which is made when it is not there. Throws what the system says. */
  constructor(path: string) {
    this.#file = openSync(path, 'a+');
    const bytes = readFileSync(path);
    this.#length = bytes.lastIndexOf(NEWLINE) + 1;
    this.#isTorn = this.#length < bytes.length;
    const whole = bytes.subarray(0, this.#length).toString('utf8');
    this.lines = whole.split('\n').slice(0, -1);
  }

  /** Adds a line; on disk when this returns. Throws what the system says: then it is not there. */
  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#isTorn) ftruncateSync(this.#file, this.#length);
    this.#isTorn = true;
    // A disk that is nearly full takes a part, and only says so when it is asked again.
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    fsyncSync(this.#file);
    this.#isTorn = false;
    this.#length += bytes.length;
  }

  close(): void {
    closeSync(this.#file);
  }
}
