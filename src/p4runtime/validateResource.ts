/** Counters, meters, registers, digests and value sets. Spec: sections 9.3, 9.4 and 9.6 to 9.8. */
import {
  Update_Type,
  type CounterData,
  type DigestEntry,
  type Index,
  type MeterConfig,
  type MeterCounterData,
  type P4Data,
  type ValueSetEntry,
} from '../proto/index.js';
import { padded } from './bytestring.js';
import { fieldsKey } from './entityKey.js';
import type { ArraySchema, MeterType, RegisterSchema, ValueSetSchema } from './schema.js';
import { Code, invalid, StatusError } from './status.js';
import { validateFields } from './validateFields.js';

/** Throws unless the update modifies, and a cell that the array has, or all. */
export function validateCell(
  type: Update_Type,
  array: ArraySchema,
  index: Index | undefined,
): void {
  if (type !== Update_Type.MODIFY) throw invalid(`${array.name} can only be modified`);
  validateIndex(array, index);
}

/** Throws unless the index lies in the array; without one the whole array is meant. */
export function validateIndex({ name, size }: ArraySchema, index: Index | undefined): void {
  if (index === undefined) return;
  if (index.index < 0n) throw invalid(`${name}: index ${index.index}`);
  if (index.index >= BigInt(size)) {
    throw new StatusError(Code.OUT_OF_RANGE, `${name}: index ${index.index}, size ${size}`);
  }
}

/** Throws unless both counts can be kept exactly. */
export function validateCounts(name: string, data: CounterData | undefined): void {
  for (const count of [data?.byteCount ?? 0n, data?.packetCount ?? 0n]) {
    if (count < 0n) throw invalid(`${name}: a count of ${count}`);
    if (count > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new StatusError(Code.OUT_OF_RANGE, `${name}: a count of ${count}, below 2^53 wanted`);
    }
  }
}

/** Throws unless a meter of this type can have these rates; absent ones are always green. */
export function validateMeterConfig(
  name: string,
  type: MeterType,
  config: MeterConfig | undefined,
): void {
  if (!config) return;
  const { cir, cburst, pir, pburst, eburst } = config;
  for (const number of [cir, cburst, pir, pburst, eburst]) {
    if (number < 0n) throw invalid(`${name}: a rate or burst of ${number}`);
    if (number > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new StatusError(Code.OUT_OF_RANGE, `${name}: ${number}, below 2^53 wanted`);
    }
  }
  if (type !== 'srTCM' && eburst !== 0n) throw invalid(`${name}: has no excess burst`);
  if (type === 'trTCM') {
    if (pir < cir) throw invalid(`${name}: the peak rate ${pir} is below the committed ${cir}`);
  } else if (pir !== cir || pburst !== cburst) {
    throw invalid(`${name}: has one rate, so that peak and committed must be equal`);
  }
}

/** Throws unless the counts by colour are all 0: a write can only clear them. */
export function validateColours(name: string, data: MeterCounterData | undefined): void {
  for (const count of [data?.green, data?.yellow, data?.red]) {
    if (count && (count.byteCount !== 0n || count.packetCount !== 0n)) {
      throw invalid(`${name}: counters by colour can only be cleared`);
    }
  }
}

/** Throws unless the data is one number of the register's type. */
export function validateRegister(register: RegisterSchema, data: P4Data | undefined): void {
  const value = data?.data;
  if (value?.$case !== 'bitstring') throw invalid(`${register.name}: a bitstring is expected`);
  padded(value.value, register.bitWidth, register.name, register.isSigned);
}

/** Throws unless the numbers are ones that a digest can go by. */
export function validateDigest(type: Update_Type, name: string, { config }: DigestEntry): void {
  if (type === Update_Type.DELETE || !config) return;
  const { maxTimeoutNs, maxListSize, ackTimeoutNs } = config;
  for (const number of [maxTimeoutNs, maxListSize, ackTimeoutNs]) {
    if (number < 0) throw invalid(`${name}: ${number} is negative`);
  }
}

/** Throws unless the members are keys of the set, each once, and not too many. */
export function validateValueSet(
  type: Update_Type,
  set: ValueSetSchema,
  { members }: ValueSetEntry,
): void {
  if (type !== Update_Type.MODIFY) throw invalid(`${set.name} can only be modified`);
  for (const { match } of members) validateFields(set.name, set.fields, match);
  if (members.length > set.size) {
    const what = `${set.name}: ${members.length} members, ${set.size} at most`;
    throw new StatusError(Code.RESOURCE_EXHAUSTED, what);
  }
  if (new Set(members.map(({ match }) => fieldsKey(match))).size !== members.length) {
    throw new StatusError(Code.ALREADY_EXISTS, `${set.name}: a member twice`);
  }
}
