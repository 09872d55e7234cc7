/**
 * RECONCILE_AND_COMMIT: what one pipeline holds, written to another that is not running yet, as a
 * controller would write it. Ids are the link between the two. Spec: P4Runtime 1.5, section 14.
 */
import {
  Code,
  entityKey,
  everything,
  StatusError,
  validateUpdate,
  type Schema,
} from '../p4runtime/index.js';
import { Update_Type, type CounterEntry, type Entity, type RegisterEntry } from '../proto/index.js';
import type { V1Switch } from '../v1model/index.js';
import { readEntities, writeCell } from './entityReader.js';
import type { EntityStore } from './entityStore.js';

/** One pipeline with its state. */
export interface Stateful {
  schema: Schema;
  v1: V1Switch;
  store: EntityStore;
}

/**
 * Writes the entities and the cells of `from` to `to`. Throws INVALID_ARGUMENT naming the first one
 * that has no place there.
 */
export function carryOver(from: Stateful, to: Stateful): void {
  for (const request of requests(from.schema)) {
    for (const entity of readEntities(from.schema, from.v1, from.store, request)) {
      if (isOfProgram(from, entity)) continue;
      try {
        write(to, entity);
      } catch (error) {
        const what = `${entityKey(entity)} cannot be kept`;
        throw new StatusError(Code.INVALID_ARGUMENT, what, { cause: error });
      }
    }
  }
}

/** Reads of everything; members before groups before the entries that refer to them. */
function requests(schema: Schema): Entity[] {
  const { counters, registers } = schema;
  const order = ['packetReplicationEngineEntry', 'actionProfileMember', 'actionProfileGroup'];
  const rank = ({ entity }: Entity): number => {
    const at = order.indexOf(entity?.$case ?? '');
    return at < 0 ? order.length : at;
  };
  const entities = everything(schema).sort((a, b) => rank(a) - rank(b));
  const counting = entities.map(withCounters);
  const counter: CounterEntry = { counterId: 0, index: undefined, data: undefined };
  const register: RegisterEntry = { registerId: 0, index: undefined, data: undefined };
  if (counters.all.length > 0) counting.push({ entity: { $case: 'counterEntry', value: counter } });
  if (registers.all.length > 0) {
    counting.push({ entity: { $case: 'registerEntry', value: register } });
  }
  return counting;
}

function withCounters(request: Entity): Entity {
  const e = request.entity;
  if (e?.$case !== 'tableEntry') return request;
  const counterData = { byteCount: 0n, packetCount: 0n };
  return { entity: { $case: 'tableEntry', value: { ...e.value, counterData } } };
}

/** A default that nobody wrote belongs to the program, and each program brings its own. */
function isOfProgram({ store }: Stateful, { entity }: Entity): boolean {
  if (entity?.$case !== 'tableEntry' || !entity.value.isDefaultAction) return false;
  return store.default(entity.value.tableId) === undefined;
}

function write({ schema, v1, store }: Stateful, entity: Entity): void {
  const e = entity.entity;
  const isCell = e?.$case === 'counterEntry' || e?.$case === 'registerEntry';
  const isDefault = e?.$case === 'tableEntry' && e.value.isDefaultAction;
  const type = isCell || isDefault ? Update_Type.MODIFY : Update_Type.INSERT;
  validateUpdate(schema, type, entity);
  if (!writeCell(schema, v1, entity)) store.write({ type, entity });
}
