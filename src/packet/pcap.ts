/**
 * Captures of Ethernet frames: pcap (micro- and nanosecond, both byte orders) and pcapng are read,
 * nanosecond pcap is written. Sources: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
 */
import { readFileSync, statSync } from 'node:fs';
import { messageOf, UmbraError } from '../base/errors.js';
import {
  captureError,
  checkLength,
  FRAME_LIMIT_BYTES,
  LINK_TYPE_ETHERNET,
  type CapturedPacket,
} from './capturedPacket.js';
import { PCAPNG_MAGIC, readPcapng } from './pcapng.js';

/** The largest capture that is read into memory, bytes (our choice). */
export const CAPTURE_LIMIT_BYTES = 1024 ** 3;
const FILE_HEADER_BYTES = 24;
/** Bytes before each frame in a pcap file. */
export const RECORD_HEADER_BYTES = 16;
const MICROSECOND_MAGIC = 0xa1b2c3d4;
const NANOSECOND_MAGIC = 0xa1b23c4d;

/**
 * Reads a capture file. Throws NOT_FOUND when it cannot be opened, LIMIT when it is larger than
 * CAPTURE_LIMIT_BYTES, and what `readCapture` throws.
 */
export function readCaptureFile(path: string): Iterable<CapturedPacket> {
  return readCapture(readCaptureBytes(path), path);
}

/** The bytes of a capture file; throws like `readCaptureFile`. */
export function readCaptureBytes(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > CAPTURE_LIMIT_BYTES) {
      throw new UmbraError('LIMIT', `${path}: ${size} bytes, ${CAPTURE_LIMIT_BYTES} at most`);
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UmbraError) throw error;
    throw new UmbraError('NOT_FOUND', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The packets of a capture, in the order of the file; times count from the first packet, or from
 * `originSeconds` of the epoch so that captures can be put side by side. Throws INVALID_FILE that
 * names the file, the byte offset and what is wrong: at once when it is no capture, while iterating
 * when it is cut off.
 */
export function readCapture(
  bytes: Uint8Array,
  fileName: string,
  originSeconds?: number,
): Iterable<CapturedPacket> {
  if (bytes.length < 4) {
    throw captureError(fileName, 0, `truncated header: 4 bytes wanted, ${bytes.length} there`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic === PCAPNG_MAGIC) {
    return restartable(() => readPcapng(bytes, view, fileName, originSeconds));
  }
  for (const isLittle of [true, false]) {
    const value = view.getUint32(0, isLittle);
    if (value !== MICROSECOND_MAGIC && value !== NANOSECOND_MAGIC) continue;
    const tickNs = value === NANOSECOND_MAGIC ? 1 : 1000;
    checkFileHeader(view, isLittle, fileName);
    return restartable(() => readRecords(bytes, view, isLittle, tickNs, fileName, originSeconds));
  }
  const text = magic.toString(16).padStart(8, '0');
  throw captureError(fileName, 0, `not a pcap or pcapng capture: it begins with 0x${text}`);
}

/** Iterates anew each time, which a generator object does not. */
function restartable(begin: () => Iterator<CapturedPacket>): Iterable<CapturedPacket> {
  return { [Symbol.iterator]: begin };
}

function checkFileHeader(view: DataView, isLittle: boolean, fileName: string): void {
  if (view.byteLength < FILE_HEADER_BYTES) {
    const what = `truncated header: ${FILE_HEADER_BYTES} bytes wanted, ${view.byteLength} there`;
    throw captureError(fileName, 0, what);
  }
  const major = view.getUint16(4, isLittle);
  if (major !== 2) throw captureError(fileName, 4, `pcap version ${major}, 2 is known`);
  // The upper bits say whether frames carry their check sequence.
  const linkType = view.getUint32(20, isLittle) & 0xffff;
  if (linkType !== LINK_TYPE_ETHERNET) {
    throw captureError(fileName, 20, `link type ${linkType}, not Ethernet (1)`);
  }
}

function* readRecords(
  bytes: Uint8Array,
  view: DataView,
  isLittle: boolean,
  tickNs: number,
  fileName: string,
  originSeconds: number | undefined,
): Generator<CapturedPacket> {
  let at = FILE_HEADER_BYTES;
  let firstSeconds = originSeconds;
  let firstTicks = 0;
  while (at < bytes.length) {
    if (at + RECORD_HEADER_BYTES > bytes.length) {
      const left = bytes.length - at;
      const what = `truncated packet header: ${RECORD_HEADER_BYTES} bytes wanted, ${left} left`;
      throw captureError(fileName, at, what);
    }
    const seconds = view.getUint32(at, isLittle);
    const ticks = view.getUint32(at + 4, isLittle);
    const length = view.getUint32(at + 8, isLittle);
    const wireLength = view.getUint32(at + 12, isLittle);
    checkLength(length, bytes.length - at - RECORD_HEADER_BYTES, fileName, at + 8);
    if (firstSeconds === undefined) [firstSeconds, firstTicks] = [seconds, ticks];
    at += RECORD_HEADER_BYTES;
    yield {
      timeNs: (seconds - firstSeconds) * 1e9 + (ticks - firstTicks) * tickNs,
      frame: bytes.subarray(at, at + length),
      wireLength: Math.max(wireLength, length),
    };
    at += length;
  }
}

/** The header of a nanosecond, little-endian, Ethernet pcap file. */
export function captureHeader(): Uint8Array {
  const header = new Uint8Array(FILE_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, NANOSECOND_MAGIC, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, FRAME_LIMIT_BYTES, true);
  view.setUint32(20, LINK_TYPE_ETHERNET, true);
  return header;
}

/** One packet of such a file; `timeNs` counts from the epoch or any other start, 0 upwards. */
export function captureRecord({ timeNs, frame, wireLength }: CapturedPacket): Uint8Array {
  const record = new Uint8Array(RECORD_HEADER_BYTES + frame.length);
  const view = new DataView(record.buffer);
  const seconds = Math.floor(timeNs / 1e9);
  view.setUint32(0, seconds, true);
  view.setUint32(4, timeNs - seconds * 1e9, true);
  view.setUint32(8, frame.length, true);
  view.setUint32(12, wireLength, true);
  record.set(frame, RECORD_HEADER_BYTES);
  return record;
}

/** A whole pcap file of these packets. */
export function writeCapture(packets: Iterable<CapturedPacket>): Uint8Array {
  const parts = [captureHeader()];
  for (const packet of packets) parts.push(captureRecord(packet));
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
