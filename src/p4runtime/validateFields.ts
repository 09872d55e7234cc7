/** The fields of a key against those of a table or value set. Spec: sections 8.3 and 9.1.1. */
import type { FieldMatch } from '../proto/index.js';
import { bigintOf, padded } from './bytestring.js';
import type { MatchFieldSchema } from './schema.js';
import { invalid } from './status.js';

/** Throws unless the matches are on these fields, the exact ones all there. */
export function validateFields(
  owner: string,
  fields: readonly MatchFieldSchema[],
  matches: readonly FieldMatch[],
): void {
  const seen = new Set<number>();
  for (const match of matches) {
    const field = fields.find((f) => f.id === match.fieldId);
    if (!field) throw invalid(`${owner}: unknown field id ${match.fieldId}`);
    if (seen.has(field.id)) throw invalid(`${owner}: ${field.name} twice`);
    seen.add(field.id);
    validateField(field, match, owner);
  }
  for (const field of fields) {
    if (field.type === 'exact' && !seen.has(field.id)) {
      throw invalid(`${owner}: ${field.name} is missing`);
    }
  }
}

function validateField(field: MatchFieldSchema, match: FieldMatch, table: string): void {
  const what = `${table}: ${field.name}`;
  const m = match.fieldMatchType;
  if (m?.$case !== field.type) throw invalid(`${what}: match is not ${field.type}`);
  const number = (bytes: Uint8Array): bigint => bigintOf(padded(bytes, field.bitWidth, what));
  switch (m.$case) {
    case 'exact':
    case 'optional':
      number(m.value.value);
      return;
    case 'lpm': {
      const { prefixLen } = m.value;
      const value = number(m.value.value);
      if (prefixLen <= 0 || prefixLen > field.bitWidth) throw invalid(`${what}: /${prefixLen}`);
      const host = (1n << BigInt(field.bitWidth - prefixLen)) - 1n;
      if ((value & host) !== 0n) throw invalid(`${what}: bits behind the prefix are set`);
      return;
    }
    case 'ternary': {
      const mask = number(m.value.mask);
      if (mask === 0n) throw invalid(`${what}: leave out what is don't care`);
      if ((number(m.value.value) & ~mask) !== 0n) throw invalid(`${what}: value outside its mask`);
      return;
    }
    case 'range': {
      const [low, high] = [number(m.value.low), number(m.value.high)];
      if (low > high) throw invalid(`${what}: empty range`);
      if (high - low === (1n << BigInt(field.bitWidth)) - 1n) {
        throw invalid(`${what}: leave out what is don't care`);
      }
      return;
    }
  }
}
