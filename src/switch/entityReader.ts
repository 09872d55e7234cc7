/** Reads of P4Runtime entities from a running switch. Ids of 0 and absent keys are wildcards. */
import { defined } from '../base/assert.js';
import {
  bytesOfBigint,
  bigintOf,
  canonical,
  Code,
  entityKey,
  padded,
  StatusError,
  tableEntryKey,
  type Schema,
  type TableSchema,
} from '../p4runtime/index.js';
import { TableEntry as TableEntryMessage } from '../proto/index.js';
import type {
  CounterData,
  CounterEntry,
  Entity,
  RegisterEntry,
  TableEntry,
} from '../proto/index.js';
import type { ActionCall, CounterValue, V1Switch } from '../v1model/index.js';
import type { EntityStore } from './entityStore.js';
import { entryFilter, tablesOf } from './tableFilter.js';

/** All entities that a request names. Throws UNIMPLEMENTED, NOT_FOUND, OUT_OF_RANGE. */
export function readEntities(
  schema: Schema,
  v1: V1Switch,
  store: EntityStore,
  request: Entity,
): Entity[] {
  const e = defined(request.entity, 'checked entity');
  switch (e.$case) {
    case 'tableEntry':
      return readTableEntries(schema, v1, store, e.value).map((value) => ({
        entity: { $case: 'tableEntry', value },
      }));
    case 'directCounterEntry': {
      const wanted = e.value.tableEntry ?? TableEntryMessage.fromPartial({});
      const counting = { ...wanted, counterData: { byteCount: 0n, packetCount: 0n } };
      return readTableEntries(schema, v1, store, counting)
        .filter((entry) => entry.counterData !== undefined)
        .map((entry) => ({
          entity: {
            $case: 'directCounterEntry',
            value: { tableEntry: { ...entry, counterData: undefined }, data: entry.counterData },
          },
        }));
    }
    case 'actionProfileMember': {
      const { actionProfileId, memberId } = e.value;
      return [...store.members()]
        .map((stored) => stored.message)
        .filter((m) => matches(actionProfileId, m.actionProfileId) && matches(memberId, m.memberId))
        .map((value) => ({ entity: { $case: 'actionProfileMember', value } }));
    }
    case 'actionProfileGroup': {
      const { actionProfileId, groupId } = e.value;
      return [...store.groups()]
        .map((stored) => stored.message)
        .filter((g) => matches(actionProfileId, g.actionProfileId) && matches(groupId, g.groupId))
        .map((value) => ({ entity: { $case: 'actionProfileGroup', value } }));
    }
    case 'counterEntry':
      return readCounters(schema, v1, e.value);
    case 'registerEntry':
      return readRegisters(schema, v1, e.value);
    case 'packetReplicationEngineEntry':
      return readReplication(store, request);
    default:
      throw new StatusError(Code.UNIMPLEMENTED, `reading ${e.$case} is not implemented`);
  }
}

function matches(wanted: number, have: number): boolean {
  return wanted === 0 || wanted === have;
}

function readTableEntries(
  schema: Schema,
  v1: V1Switch,
  store: EntityStore,
  request: TableEntry,
): TableEntry[] {
  const tables = tablesOf(schema, request);
  const [table] = tables;
  if (request.isDefaultAction) {
    const entry = store.default(table!.id) ?? programDefault(schema, v1, table!);
    const isWanted = entry && entryFilter(table!, request)(entry);
    return isWanted ? [withCounter(v1, table!, entry, -1, request)] : [];
  }
  const ids = new Map(tables.map((one) => [one.id, one]));
  const isWanted = request.tableId === 0 ? () => true : entryFilter(table!, request);
  // A whole key finds its entry at once.
  const isKey = request.match.length > 0 && request.priority > 0 === table!.hasPriority;
  const found = isKey ? store.entry(tableEntryKey(request)) : undefined;
  const candidates = isKey ? (found ? [found] : []) : store.entries();
  const entries: TableEntry[] = [];
  for (const { message, handle } of candidates) {
    const owner = ids.get(message.tableId);
    if (owner && isWanted(message)) entries.push(withCounter(v1, owner, message, handle, request));
  }
  return entries;
}

function withCounter(
  v1: V1Switch,
  table: TableSchema,
  entry: TableEntry,
  handle: number,
  request: TableEntry,
): TableEntry {
  const control = v1.tables.get(table.name);
  if (!request.counterData || !control?.hasCounters) return entry;
  return { ...entry, counterData: counterData(control.readCounter(handle)) };
}

/** The default entry that the program itself brings. */
function programDefault(schema: Schema, v1: V1Switch, table: TableSchema): TableEntry | undefined {
  const call: ActionCall | undefined = v1.tables.get(table.name)?.getDefault();
  if (!call) return undefined;
  const all = [...table.actions, ...table.defaultActions];
  const action = all.find((a) => a.name === call.action) ?? schema.actions.get(call.action);
  const params = call.params.map((value, i) => ({
    paramId: action.params[i]!.id,
    value: canonical(value),
  }));
  return TableEntryMessage.fromPartial({
    tableId: table.id,
    isDefaultAction: true,
    action: { type: { $case: 'action', value: { actionId: action.id, params } } },
  });
}

function counterData(value: CounterValue): CounterData {
  return { packetCount: BigInt(value.packets), byteCount: BigInt(value.bytes) };
}

function indexes(size: number, index: { index: bigint } | undefined, name: string): number[] {
  if (index === undefined) return Array.from({ length: size }, (_, i) => i);
  if (index.index < 0n || index.index >= BigInt(size)) {
    throw new StatusError(Code.OUT_OF_RANGE, `${name}: index ${index.index}, size ${size}`);
  }
  return [Number(index.index)];
}

function readCounters(schema: Schema, v1: V1Switch, request: CounterEntry): Entity[] {
  const arrays = schema.counters.all.filter((c) => matches(request.counterId, c.id));
  if (arrays.length === 0) throw new StatusError(Code.NOT_FOUND, `no counter ${request.counterId}`);
  return arrays.flatMap(({ id, name, size }) => {
    const control = defined(v1.counters.get(name), name);
    return indexes(size, request.index, name).map((index): Entity => ({
      entity: {
        $case: 'counterEntry',
        value: {
          counterId: id,
          index: { index: BigInt(index) },
          data: counterData(control.read(index)),
        },
      },
    }));
  });
}

function readRegisters(schema: Schema, v1: V1Switch, request: RegisterEntry): Entity[] {
  const arrays = schema.registers.all.filter((r) => matches(request.registerId, r.id));
  if (arrays.length === 0) {
    throw new StatusError(Code.NOT_FOUND, `no register ${request.registerId}`);
  }
  return arrays.flatMap(({ id, name, size }) => {
    const control = defined(v1.registers.get(name), name);
    return indexes(size, request.index, name).map((index): Entity => ({
      entity: {
        $case: 'registerEntry',
        value: {
          registerId: id,
          index: { index: BigInt(index) },
          data: { data: { $case: 'bitstring', value: canonical(control.read(index)) } },
        },
      },
    }));
  });
}

function readReplication(store: EntityStore, request: Entity): Entity[] {
  const e = request.entity;
  const type = e?.$case === 'packetReplicationEngineEntry' ? e.value.type : undefined;
  const kind = type?.$case === 'cloneSessionEntry' ? 'clone session/' : 'multicast group/';
  const key = entityKey(request);
  const isWildcard = key === `${kind}0`;
  return [...store.replication()].filter((entity) => {
    const own = entityKey(entity);
    return type === undefined || (isWildcard ? own.startsWith(kind) : own === key);
  });
}

/** Writes one counter cell or one register cell, or all when no index is given. */
export function writeCell(schema: Schema, v1: V1Switch, entity: Entity): boolean {
  const e = entity.entity;
  if (e?.$case === 'counterEntry') {
    const { name, size } = schema.counters.get(e.value.counterId);
    const control = defined(v1.counters.get(name), name);
    const packets = Number(e.value.data?.packetCount ?? 0n);
    const bytes = Number(e.value.data?.byteCount ?? 0n);
    for (const i of indexes(size, e.value.index, name)) control.write(i, { packets, bytes });
    return true;
  }
  if (e?.$case === 'registerEntry') {
    const { name, size, bitWidth } = schema.registers.get(e.value.registerId);
    const control = defined(v1.registers.get(name), name);
    const data = e.value.data?.data;
    if (data?.$case !== 'bitstring') {
      throw new StatusError(Code.INVALID_ARGUMENT, `${name}: a bitstring is expected`);
    }
    const value = padded(bytesOfBigint(bigintOf(data.value)), bitWidth, name);
    for (const i of indexes(size, e.value.index, name)) control.write(i, value);
    return true;
  }
  return false;
}
