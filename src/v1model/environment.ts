/** What emitted code calls and reads besides the program's own objects. */
import type { Program } from '../bmv2/index.js';
import type { PacketPool } from '../packet/index.js';
import type { Prng } from '../base/prng.js';
import * as hashes from './hashes.js';
import { crc16Table, crc32Table, crcCcittTable } from './hashTables.js';

/** The state that emitted code shares with its switch. */
export interface SharedState {
  pool: PacketPool;
  ints: Int32Array;
  doubles: Float64Array;
  dropPort: number;
  /** One number: the time of the packet under way, ns. */
  clock: Float64Array;
  parsedBytesSlot: number;
  prng: Prng;
  /** Does what emitted code's messages ask for; undefined when nobody listens. */
  log: ((message: number, values: readonly LoggedValue[]) => void) | undefined;
  assertionFailed(assertion: number): void;
  /** A loop of an action was given up. */
  endLoop(): void;
}

/** A value in a message: a number, or whether it is signed and its words. */
export type LoggedValue = number | readonly [isSigned: boolean, ...words: number[]];

/** The bindings of emitted code, by the names it uses. */
export function makeEnvironment(program: Program, shared: SharedState): Record<string, unknown> {
  const { pool, prng } = shared;
  const front = new Uint8Array(longestFront(program));
  const buffer = hashBuffer(program);
  return {
    I: shared.ints,
    Z: new Float64Array(shared.ints.buffer, 0, shared.ints.length >> 1),
    D: shared.doubles,
    B: pool.bytes,
    W: front,
    // Varbits stand behind the fields, so that they are kept and saved with them.
    V: new Uint8Array(shared.ints.buffer, shared.ints.byteOffset, shared.ints.byteLength),
    DROP: shared.dropPort,
    NOW: shared.clock,
    start: pool.start,
    head: pool.headLength,
    wire: pool.wireLength,
    crc16Table,
    crc32Table,
    crcCcittTable,
    ...hashes,
    H: buffer,
    appendPayload(packet: number, count: number): number {
      return appendPayload(pool, packet, shared.ints[shared.parsedBytesSlot]!, buffer, count);
    },
    isLogged: shared.log !== undefined,
    log: shared.log,
    assertionFailed: shared.assertionFailed,
    endLoop: shared.endLoop,
    randomWords: (words: Int32Array, at: number, span: number, count: number): void =>
      drawWords(prng, words, at, span, count),
    ensure(packet: number, length: number): number {
      pool.materialize(packet, length);
      return pool.headLength[packet]!;
    },
    replaceFront: (packet: number, oldLength: number, newLength: number): boolean =>
      pool.replaceFront(packet, oldLength, front, newLength),
    random: (low: number, high: number): number => draw(prng, low, high),
    payloadSum: (packet: number): number =>
      sumOfPayload(pool, packet, shared.ints[shared.parsedBytesSlot]!),
  };
}

/** Bytes of all headers that the deparser can emit at once, and one that a shift may touch. */
function longestFront(program: Program): number {
  const lengths = program.deparser.map((header) => {
    const { byteLength, varbit } = program.headers[header]!;
    return byteLength + (varbit ? varbit.maxBytes + 1 : 0);
  });
  return lengths.reduce((sum, length) => sum + length, 1);
}

/** Uniform in [low, high]; wide ranges take two draws. */
function draw(prng: Prng, low: number, high: number): number {
  const span = high - low + 1;
  if (span <= 4294967296) return low + Math.floor(prng.unit() * span);
  const fine = prng.uint32() * 2097152 + (prng.uint32() >>> 11);
  return low + Math.floor((fine / 2 ** 53) * span);
}

/** Uniform in [0, span], both of `count` words: bits that exceed the span are drawn again. */
function drawWords(
  prng: Prng,
  words: Int32Array,
  at: number,
  span: number,
  count: number,
): void {
  let first = 0;
  while (first < count - 1 && words[span + first] === 0) first++;
  const mask = -1 >>> Math.clz32(words[span + first]!);
  for (;;) {
    words.fill(0, at, at + first);
    for (let i = first; i < count; i++) words[at + i] = prng.uint32();
    words[at + first]! &= mask;
    let i = first;
    while (i < count - 1 && words[at + i] === words[span + i]) i++;
    if (words[at + i]! >>> 0 <= words[span + i]! >>> 0) return;
  }
}

/** The most bytes of payload that a hash takes. */
const PAYLOAD_LIMIT = 65536;

/** Room for the inputs of every hash, and for a payload where one wants it. */
function hashBuffer({ calculations, ingress, egress }: Program): Uint8Array {
  const selectors = [...ingress.profiles, ...egress.profiles].flatMap(
    ({ selector }) => selector?.calculation ?? [],
  );
  const sizes = [...calculations, ...selectors].map(({ widths, withPayload }) => {
    const bits = widths.reduce((sum, width) => sum + width, 0);
    return Math.ceil(bits / 8) + (withPayload ? PAYLOAD_LIMIT : 0);
  });
  return new Uint8Array(Math.max(0, ...sizes));
}

/** Copies the bytes behind the parsed headers to `count`; virtual bytes are zero. */
function appendPayload(
  pool: PacketPool,
  packet: number,
  parsedBytes: number,
  into: Uint8Array,
  count: number,
): number {
  const from = pool.start[packet]! + parsedBytes;
  const real = Math.max(0, pool.headLength[packet]! - parsedBytes);
  const end = Math.min(into.length, count + pool.wireLength[packet]! - parsedBytes);
  for (let i = count; i < end; i++) {
    into[i] = i - count < real ? pool.bytes[from + i - count]! : 0;
  }
  return Math.max(count, end);
}

/** Sum of the 16-bit words behind the parsed headers; virtual bytes are zero. */
function sumOfPayload(pool: PacketPool, packet: number, parsedBytes: number): number {
  const { bytes, start, headLength } = pool;
  const end = start[packet]! + headLength[packet]!;
  let sum = 0;
  for (let at = start[packet]! + parsedBytes; at < end; at += 2) {
    sum += (bytes[at]! << 8) + (at + 1 < end ? bytes[at + 1]! : 0);
  }
  return sum;
}
