/** Fields in and out of packet bytes, and values as bytes. Bits count from the left. */
import type { Field } from '../../bmv2/index.js';
import { asLimbs, limbCount, numberValue, wordsValue, type Value } from './value.js';

/** A value of `width` bits as int32 words, right-aligned, most significant first. */
interface Words {
  words: string[];
  width: number;
}

/**
 * Code for `count` bits (at most 8) of a value, starting `from` bits after its most significant
 * one, as a number.
 */
function bitsOf({ words, width }: Words, from: number, count: number): string {
  const lowBit = width - from - count;
  const index = words.length - 1 - Math.floor(lowBit / 32);
  const shift = lowBit % 32;
  const low = shift === 0 ? words[index]! : `(${words[index]} >>> ${shift})`;
  const spill = shift + count - 32;
  const code = spill > 0 ? `(${low} | (${words[index - 1]} << ${32 - shift}))` : low;
  return `(${code} & ${2 ** count - 1})`;
}

function wordsOf(value: Value, width: number): Words {
  return { words: asLimbs(value, limbCount(width)), width };
}

/** One expression per byte of the concatenated values; the last byte is filled with zeros. */
export function concatenatedBytes(values: readonly Value[], widths: readonly number[]): string[] {
  const bytes: string[][] = [];
  let bit = 0;
  values.forEach((value, i) => {
    const words = wordsOf(value, widths[i]!);
    for (let from = 0; from < words.width;) {
      const room = 8 - (bit % 8);
      const count = Math.min(room, words.width - from);
      const code = bitsOf(words, from, count);
      const shift = room - count;
      (bytes[Math.floor(bit / 8)] ??= []).push(shift > 0 ? `(${code} << ${shift})` : code);
      from += count;
      bit += count;
    }
  });
  return bytes.map((parts) => (parts.length === 1 ? parts[0]! : `(${parts.join(' | ')})`));
}

/**
 * Statements that write a field's value into `array` at a header that starts at `base`.
 * @param sum the variable that follows the sum over the header's 16-bit words
 */
export function writeField(
  array: string,
  base: string,
  field: Field,
  value: Value,
  sum?: string,
): string {
  const words = wordsOf(value, field.width);
  const statements: string[] = [];
  for (let from = 0; from < field.width;) {
    const bit = field.bitOffset + from;
    const room = 8 - (bit % 8);
    const count = Math.min(room, field.width - from);
    const byte = `${array}[${base} + ${Math.floor(bit / 8)}]`;
    const code = bitsOf(words, from, count);
    const shift = room - count;
    const placed = shift > 0 ? `(${code} << ${shift})` : code;
    const mask = 255 & ~((2 ** count - 1) << shift);
    const whole = mask === 0 ? placed : `((${byte} & ${mask}) | ${placed})`;
    if (sum === undefined) {
      statements.push(`${byte} = ${whole};`);
    } else {
      const difference = `(v - ${byte})${bit % 16 < 8 ? ' * 256' : ''}`;
      statements.push(`{ const v = ${whole}; ${sum} += ${difference}; ${byte} = v; }`);
    }
    from += count;
  }
  return statements.join(' ');
}

/** The value of up to 32 bits at `bitOffset`, unsigned. */
function readBits(array: string, base: string, bitOffset: number, width: number): string {
  const first = Math.floor(bitOffset / 8);
  const last = Math.floor((bitOffset + width - 1) / 8);
  const rest = 8 * (last + 1) - bitOffset - width;
  if (last - first === 4) {
    // Five bytes: the first one's bits stand above what a word holds.
    const high = readBits(array, base, bitOffset, 8 * (first + 1) - bitOffset);
    const lowWidth = width - (8 * (first + 1) - bitOffset);
    const low = readBits(array, base, 8 * (first + 1), lowWidth);
    return `(((${high} << ${lowWidth}) | ${low}) >>> 0)`;
  }
  const parts: string[] = [];
  for (let i = first; i <= last; i++) {
    const byte = `${array}[${base} + ${i}]`;
    const shift = 8 * (last - i);
    parts.push(shift > 0 ? `(${byte} << ${shift})` : byte);
  }
  const word = parts.length === 1 ? parts[0]! : `(${parts.join(' | ')})`;
  const shifted = rest > 0 ? `(${word} >>> ${rest})` : word;
  if (width === 32) return `(${shifted} >>> 0)`;
  const isWhole = bitOffset % 8 === 0 && rest === 0;
  return isWhole ? shifted : `(${shifted} & ${2 ** width - 1})`;
}

/** A field read from `array` at a header that starts at `base`. */
export function readField(array: string, base: string, field: Field): Value {
  const { width, bitOffset } = field;
  if (width <= 32) return numberValue(readBits(array, base, bitOffset, width), 0, 2 ** width - 1);
  const top = width % 32 || 32;
  const limbs = [readBits(array, base, bitOffset, top)];
  for (let bit = top; bit < width; bit += 32) {
    limbs.push(readBits(array, base, bitOffset + bit, 32));
  }
  if (width > 53) return wordsValue(limbs.map((limb) => `(${limb} | 0)`), width);
  return numberValue(`(${limbs[0]} * 4294967296 + ${limbs[1]})`, 0, 2 ** width - 1);
}
