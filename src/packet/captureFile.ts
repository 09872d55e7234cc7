/**
 * A pcap file that is written while packets pass. Records are gathered in memory and written in
 * large pieces; the file on disk always ends with a whole record.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { messageOf, UmbraError } from '../base/errors.js';
import { captureHeader, RECORD_HEADER_BYTES } from './pcap.js';

const CHUNK_BYTES = 256 * 1024;

/** One growing file. When it can be written no more it says so once and takes nothing further. */
export class CaptureFile {
  /** Packets that were not kept because writing had failed. */
  lost = 0;
  #buffer = new Uint8Array(CHUNK_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #used = 0;
  /** Bytes that are safely in the file: a whole number of records. */
  #saved = 0;

  private constructor(
    readonly path: string,
    private fd: number,
    private readonly originSeconds: number,
    private readonly onFailure: (error: UmbraError) => void,
  ) {}

  /**
   * Creates the file, or empties it. Times of packets count from `originSeconds` of the epoch.
   * Throws STORE when the file cannot be made; what fails later is told to `onFailure`, once.
   */
  static create(
    path: string,
    originSeconds: number,
    onFailure: (error: UmbraError) => void,
  ): CaptureFile {
    let fd: number;
    try {
      fd = openSync(path, 'w');
    } catch (error) {
      throw new UmbraError('STORE', `${path}: ${messageOf(error)}`, { cause: error });
    }
    const file = new CaptureFile(path, fd, originSeconds, onFailure);
    const header = captureHeader();
    file.#buffer.set(header);
    file.#used = header.length;
    return file;
  }

  /** Adds a packet: `length` bytes at `at`, `timeNs` after the origin. */
  append(timeNs: number, bytes: Uint8Array, at: number, length: number): void {
    if (this.fd < 0) {
      this.lost++;
      return;
    }
    const size = RECORD_HEADER_BYTES + length;
    if (this.#used + size > this.#buffer.length) this.flush();
    if (size > this.#buffer.length) this.#grow(size);
    const view = this.#view;
    const to = this.#used;
    const seconds = Math.floor(timeNs / 1e9);
    view.setUint32(to, this.originSeconds + seconds, true);
    view.setUint32(to + 4, timeNs - seconds * 1e9, true);
    view.setUint32(to + 8, length, true);
    view.setUint32(to + 12, length, true);
    const from = to + RECORD_HEADER_BYTES;
    if (length > 64) this.#buffer.set(bytes.subarray(at, at + length), from);
    else for (let i = 0; i < length; i++) this.#buffer[from + i] = bytes[at + i]!;
    this.#used = to + size;
  }

  /** Writes what was gathered. */
  flush(): void {
    const end = this.#used;
    this.#used = 0;
    if (this.fd < 0) return;
    try {
      for (let done = 0; done < end;) done += writeSync(this.fd, this.#buffer, done, end - done);
      this.#saved += end;
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.flush();
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }

  #grow(size: number): void {
    this.#buffer = new Uint8Array(size);
    this.#view = new DataView(this.#buffer.buffer);
  }

  #fail(cause: unknown): void {
    const fd = this.fd;
    this.fd = -1;
    try {
      ftruncateSync(fd, this.#saved);
    } catch {
      // A device or a pipe cannot be shortened; what is in it stays.
    }
    closeSync(fd);
    const what = `${this.path}: ${messageOf(cause)}; packets are no longer recorded there`;
    this.onFailure(new UmbraError('STORE', what, { cause }));
  }
}
