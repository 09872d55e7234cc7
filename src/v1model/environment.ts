/** What emitted code calls and reads besides the program's own objects. */
import type { Program } from '../bmv2/index.js';
import type { PacketPool } from '../packet/index.js';
import type { Prng } from '../base/prng.js';
import { crc16Table, crc32Table } from './hashTables.js';

/** The state that emitted code shares with its switch. */
export interface SharedState {
  pool: PacketPool;
  ints: Int32Array;
  doubles: Float64Array;
  dropPort: number;
  parsedBytesSlot: number;
  prng: Prng;
}

/** The bindings of emitted code, by the names it uses. */
export function makeEnvironment(program: Program, shared: SharedState): Record<string, unknown> {
  const { pool, prng } = shared;
  const front = new Uint8Array(program.headers.reduce((sum, h) => sum + h.byteLength, 0));
  return {
    I: shared.ints,
    D: shared.doubles,
    B: pool.bytes,
    W: front,
    DROP: shared.dropPort,
    start: pool.start,
    head: pool.headLength,
    wire: pool.wireLength,
    crc16Table,
    crc32Table,
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

/** Uniform in [low, high]; wide ranges take two draws. */
function draw(prng: Prng, low: number, high: number): number {
  const span = high - low + 1;
  if (span <= 4294967296) return low + Math.floor(prng.unit() * span);
  const fine = prng.uint32() * 2097152 + (prng.uint32() >>> 11);
  return low + Math.floor((fine / 2 ** 53) * span);
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
