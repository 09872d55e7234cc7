/** Keys and actions between P4Runtime's messages and the switch's own calls. */
import { defined } from '../base/assert.js';
import {
  bigintOf,
  bytesOfBigint,
  canonical,
  Code,
  padded,
  StatusError,
  type MatchFieldSchema,
  type Schema,
  type TableSchema,
} from '../p4runtime/index.js';
import type { Action, FieldMatch } from '../proto/index.js';
import type { ActionCall, KeyMatch } from '../v1model/index.js';

/** ALREADY_EXISTS, naming what exists. */
export function exists(what: string): StatusError {
  return new StatusError(Code.ALREADY_EXISTS, `${what}: exists`);
}

/** NOT_FOUND, naming what is missing. */
export function missing(what: string): StatusError {
  return new StatusError(Code.NOT_FOUND, `${what}: not found`);
}

/** A checked action as a call. */
export function callOf(schema: Schema, action: Action): ActionCall {
  const { name, params } = schema.actions.get(action.actionId);
  const values = params.map((param) => {
    const given = action.params.find((p) => p.paramId === param.id);
    return padded(defined(given, 'parameter').value, param.bitWidth, param.name);
  });
  return { action: name, params: values };
}

/** A call of the program's own as an action. */
export function actionOf(schema: Schema, table: TableSchema, call: ActionCall): Action {
  const all = [...table.actions, ...table.defaultActions];
  const action = all.find((a) => a.name === call.action) ?? schema.actions.get(call.action);
  const params = call.params.map((value, i) => ({
    paramId: action.params[i]!.id,
    value: canonical(value),
  }));
  return { actionId: action.id, params };
}

/** What a key says about one field; null when it says nothing. */
export function keyMatch(field: MatchFieldSchema, match: readonly FieldMatch[]): KeyMatch {
  const m = match.find((one) => one.fieldId === field.id)?.fieldMatchType;
  const full = (bytes: Uint8Array): Uint8Array => padded(bytes, field.bitWidth, field.name);
  switch (m?.$case) {
    case 'exact':
    case 'optional':
      return { value: full(m.value.value) };
    case 'lpm':
      return { value: full(m.value.value), prefixLength: m.value.prefixLen };
    case 'ternary':
      return { value: full(m.value.value), mask: full(m.value.mask) };
    case 'range':
      return { low: full(m.value.low), high: full(m.value.high) };
    default:
      return null;
  }
}

/** A field of the program's own entries as a match; undefined for don't care. */
export function fieldMatch(field: MatchFieldSchema, match: KeyMatch): FieldMatch | undefined {
  if (match === null) return undefined;
  const { id: fieldId, bitWidth, type } = field;
  const all = (1n << BigInt(bitWidth)) - 1n;
  const of = (fieldMatchType: FieldMatch['fieldMatchType']) => ({ fieldId, fieldMatchType });
  if ('low' in match) {
    const [low, high] = [bigintOf(match.low), bigintOf(match.high)];
    if (low === 0n && high === all) return undefined;
    const value = { low: bytesOfBigint(low), high: bytesOfBigint(high) };
    return of({ $case: 'range', value });
  }
  const whole = bigintOf(match.value);
  if (type === 'lpm') {
    const prefixLen = 'prefixLength' in match ? match.prefixLength : bitWidth;
    if (prefixLen === 0) return undefined;
    const value = bytesOfBigint(whole & (all ^ (all >> BigInt(prefixLen))));
    return of({ $case: 'lpm', value: { value, prefixLen } });
  }
  const mask = 'mask' in match ? bigintOf(match.mask) : all;
  if (mask === 0n) return undefined;
  const value = bytesOfBigint(whole & mask);
  if (type === 'ternary') {
    return of({ $case: 'ternary', value: { value, mask: bytesOfBigint(mask) } });
  }
  if (type === 'range') return of({ $case: 'range', value: { low: value, high: value } });
  return of({ $case: type, value: { value } });
}
