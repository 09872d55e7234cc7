/**
 * Hashes over bytes 0 to `count` of a buffer, for inputs whose length is known at run time only.
 * They agree with the reference target, which takes them over bytes in network order.
 */
import { crc16Table, crc32Table, crcCcittTable } from './hashTables.js';

/** CRC-16, as 16 bits. */
export function crc16Of(bytes: Uint8Array, count: number): number {
  let crc = 0;
  for (let i = 0; i < count; i++) crc = crc16Table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return crc;
}

/** CRC-32, as 32 bits. */
export function crc32Of(bytes: Uint8Array, count: number): number {
  let crc = -1;
  for (let i = 0; i < count; i++) crc = crc32Table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** CRC-16/CCITT that starts with ones, as 16 bits. */
export function crcCcittOf(bytes: Uint8Array, count: number): number {
  let crc = 65535;
  for (let i = 0; i < count; i++) {
    crc = crcCcittTable[((crc >>> 8) ^ bytes[i]!) & 255]! ^ ((crc << 8) & 65535);
  }
  return crc;
}

/** The ones' complement checksum of RFC 1071; a last single byte counts as a word's first. */
export function csum16Of(bytes: Uint8Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += i % 2 === 0 ? bytes[i]! * 256 : bytes[i]!;
  sum = (sum & 65535) + Math.floor(sum / 65536);
  return ~((sum & 65535) + (sum >>> 16)) & 65535;
}

/** The exclusive or of 16-bit words. */
export function xor16Of(bytes: Uint8Array, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value ^= i % 2 === 0 ? bytes[i]! << 8 : bytes[i]!;
  return value;
}

/** The first eight bytes as a number of 64 bits, in two words of `words` from `at`. */
export function identityInto(
  bytes: Uint8Array,
  count: number,
  words: Int32Array,
  at: number,
): void {
  words[at] = words[at + 1] = 0;
  for (let i = 0; i < Math.min(8, count); i++) {
    words[at] = (words[at]! << 8) | (words[at + 1]! >>> 24);
    words[at + 1] = (words[at + 1]! << 8) | bytes[i]!;
  }
}

/** 64-bit integers in two halves: the arithmetic of xxHash. */
class Halves {
  constructor(
    public high = 0,
    public low = 0,
  ) {}

  set(other: Halves): void {
    this.high = other.high;
    this.low = other.low;
  }

  add({ high, low }: Halves): void {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.low = sum | 0;
    this.high = (this.high + high + (sum >= 4294967296 ? 1 : 0)) | 0;
  }

  multiply({ high, low }: Halves): void {
    const [a0, a1] = [this.low & 65535, this.low >>> 16];
    const [b0, b1] = [low & 65535, low >>> 16];
    const middle = a0 * b1 + a1 * b0;
    const bottom = a0 * b0 + (middle % 65536) * 65536;
    const carry = a1 * b1 + Math.floor(middle / 65536) + Math.floor(bottom / 4294967296);
    this.high = (carry + Math.imul(this.low, high) + Math.imul(this.high, low)) | 0;
    this.low = bottom | 0;
  }

  rotate(by: number): void {
    const [high, low] = by < 32 ? [this.high, this.low] : [this.low, this.high];
    const bits = by % 32;
    this.high = (high << bits) | (low >>> (32 - bits));
    this.low = (low << bits) | (high >>> (32 - bits));
  }

  /** Exclusive or with itself shifted right. */
  fold(by: number): void {
    const { high } = this;
    if (by >= 32) this.low ^= high >>> (by - 32);
    else {
      this.low ^= (this.low >>> by) | (high << (32 - by));
      this.high ^= high >>> by;
    }
  }

  xor({ high, low }: Halves): void {
    this.high ^= high;
    this.low ^= low;
  }
}

const primes = [
  new Halves(0x9e3779b1, 0x85ebca87),
  new Halves(0xc2b2ae3d, 0x27d4eb4f),
  new Halves(0x165667b1, 0x9e3779f9),
  new Halves(0x85ebca77, 0xc2b2ae63),
  new Halves(0x27d4eb2f, 0x165667c5),
] as const;
const [prime1, prime2, prime3, prime4, prime5] = primes;
const lane = new Halves();
const sum = new Halves();
const accumulators = [new Halves(), new Halves(), new Halves(), new Halves()] as const;

function load(bytes: Uint8Array, at: number): void {
  const word = (from: number): number =>
    bytes[from]! |
    (bytes[from + 1]! << 8) |
    (bytes[from + 2]! << 16) |
    (bytes[from + 3]! << 24);
  lane.low = word(at);
  lane.high = word(at + 4);
}

function round(accumulator: Halves): void {
  lane.multiply(prime2);
  accumulator.add(lane);
  accumulator.rotate(31);
  accumulator.multiply(prime1);
}

function merge(accumulator: Halves): void {
  lane.set(accumulator);
  lane.multiply(prime2);
  lane.rotate(31);
  lane.multiply(prime1);
  sum.xor(lane);
  sum.multiply(prime1);
  sum.add(prime4);
}

function stripes(bytes: Uint8Array, count: number): number {
  const [a, b, c, d] = accumulators;
  a.set(prime1);
  a.add(prime2);
  b.set(prime2);
  c.high = c.low = 0;
  // Minus the first prime.
  d.low = -prime1.low | 0;
  d.high = (~prime1.high + (d.low === 0 ? 1 : 0)) | 0;
  let at = 0;
  for (; at + 32 <= count; at += 32) {
    accumulators.forEach((accumulator, i) => {
      load(bytes, at + 8 * i);
      round(accumulator);
    });
  }
  sum.high = sum.low = 0;
  accumulators.forEach((accumulator, i) => {
    lane.set(accumulator);
    lane.rotate([1, 7, 12, 18][i]!);
    sum.add(lane);
  });
  accumulators.forEach(merge);
  return at;
}

/** XXH64 with seed 0, in two words of `words` from `at`. */
export function xxh64Into(
  bytes: Uint8Array,
  count: number,
  words: Int32Array,
  at: number,
): void {
  let from = 0;
  if (count >= 32) from = stripes(bytes, count);
  else sum.set(prime5);
  lane.high = 0;
  lane.low = count;
  sum.add(lane);
  for (; from + 8 <= count; from += 8) {
    load(bytes, from);
    lane.multiply(prime2);
    lane.rotate(31);
    lane.multiply(prime1);
    sum.xor(lane);
    sum.rotate(27);
    sum.multiply(prime1);
    sum.add(prime4);
  }
  if (from + 4 <= count) {
    load(bytes, from);
    lane.high = 0;
    lane.multiply(prime1);
    sum.xor(lane);
    sum.rotate(23);
    sum.multiply(prime2);
    sum.add(prime3);
    from += 4;
  }
  for (; from < count; from++) {
    lane.high = 0;
    lane.low = bytes[from]!;
    lane.multiply(prime5);
    sum.xor(lane);
    sum.rotate(11);
    sum.multiply(prime1);
  }
  sum.fold(33);
  sum.multiply(prime2);
  sum.fold(29);
  sum.multiply(prime3);
  sum.fold(32);
  words[at] = sum.high;
  words[at + 1] = sum.low;
}
