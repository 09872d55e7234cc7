/** One field of a table's key as text, in the forms that `Rule` describes. */
import type { FieldMatch } from '../proto/index.js';
import { UmbraError } from '../base/errors.js';
import { bigintOf, bytesOfBigint, canonical, padded } from './bytestring.js';
import type { MatchFieldSchema } from './schema.js';
import { formatValue, parseValue } from './valueText.js';

type Match = NonNullable<FieldMatch['fieldMatchType']>;

/** Undefined for a match that says don't care. Throws INVALID_INPUT naming table and field. */
export function parseMatch(
  field: MatchFieldSchema,
  text: string,
  table: string,
): Match | undefined {
  const { bitWidth } = field;
  const what = `${table}: ${field.name}`;
  const number = (part: string): bigint => bigintOf(parseValue(part, bitWidth, what));
  const value = (part: string): Uint8Array => parseValue(part, bitWidth, what);
  switch (field.type) {
    case 'exact':
      return { $case: 'exact', value: { value: value(text) } };
    case 'optional':
      return { $case: 'optional', value: { value: value(text) } };
    case 'lpm': {
      const { address, length } = splitPrefix(text, bitWidth, what);
      if (length === 0) return undefined;
      const prefix = bytesOfBigint(number(address) & prefixMask(length, bitWidth));
      return { $case: 'lpm', value: { value: prefix, prefixLen: length } };
    }
    case 'ternary': {
      const [left = '', right] = text.split('&&&');
      const { address, length } =
        right === undefined
          ? splitPrefix(left, bitWidth, what)
          : { address: left, length: bitWidth };
      const mask = right === undefined ? prefixMask(length, bitWidth) : number(right);
      if (mask === 0n) return undefined;
      const masked = bytesOfBigint(number(address) & mask);
      return { $case: 'ternary', value: { value: masked, mask: bytesOfBigint(mask) } };
    }
    case 'range': {
      const [low = '', high = low] = text.split('..');
      const [from, to] = [number(low), number(high)];
      if (from > to) throw new UmbraError('INVALID_INPUT', `${what}: '${text}' is an empty range`);
      if (from === 0n && to === prefixMask(bitWidth, bitWidth)) return undefined;
      return { $case: 'range', value: { low: bytesOfBigint(from), high: bytesOfBigint(to) } };
    }
  }
}

/** The match as `parseMatch` reads it. */
export function formatMatch(field: MatchFieldSchema, match: Match): string {
  const text = (bytes: Uint8Array): string => formatValue(bytes, field.bitWidth, field.name);
  switch (match.$case) {
    case 'exact':
    case 'optional':
      return text(match.value.value);
    case 'lpm':
      return `${text(match.value.value)}/${match.value.prefixLen}`;
    case 'ternary': {
      const mask = padded(match.value.mask, field.bitWidth, field.name);
      const isWhole = bigintOf(mask) === prefixMask(field.bitWidth, field.bitWidth);
      if (isWhole) return text(match.value.value);
      return `${text(match.value.value)}&&&0x${bigintOf(canonical(mask)).toString(16)}`;
    }
    case 'range':
      return `${text(match.value.low)}..${text(match.value.high)}`;
    case 'other':
      return '?';
  }
}

function splitPrefix(text: string, bitWidth: number, what: string) {
  const [address = '', length = String(bitWidth), ...more] = text.split('/');
  if (!/^\d+$/.test(length) || Number(length) > bitWidth || more.length > 0) {
    throw new UmbraError('INVALID_INPUT', `${what}: '${text}' is no prefix`);
  }
  return { address, length: Number(length) };
}

/** A mask of `length` ones at the left. */
function prefixMask(length: number, bitWidth: number): bigint {
  const all = (1n << BigInt(bitWidth)) - 1n;
  return (all >> BigInt(bitWidth - length)) << BigInt(bitWidth - length);
}
