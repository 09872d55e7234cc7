/** Reads of P4Runtime entities from a running switch. Ids of 0 and absent keys are wildcards. */
import { defined } from '../base/assert.js';
import {
  Code,
  StatusError,
  type Schema,
  type TableSchema,
} from '../p4runtime/index.js';
import { TableEntry as TableEntryMessage } from '../proto/index.js';
import type { DirectCounterEntry, DirectMeterEntry, Entity, TableEntry } from '../proto/index.js';
import type { V1Switch } from '../v1model/index.js';
import {
  colourData,
  counterData,
  meterConfig,
  readCounters,
  readMeters,
  readRegisters,
} from './cells.js';
import type { EntityStore } from './entityStore.js';
import { entryFilter, tablesOf } from './tableFilter.js';

/** What entities are read from. */
export interface ReadSource {
  schema: Schema;
  v1: V1Switch;
  store: EntityStore;
  /** The engine's time, ns. */
  nowNs: number;
}

/** All entities that a request names. Throws INVALID_ARGUMENT, NOT_FOUND, OUT_OF_RANGE. */
export function readEntities(source: ReadSource, request: Entity): Entity[] {
  const { schema, v1, store } = source;
  const e = defined(request.entity, 'checked entity');
  switch (e.$case) {
    case 'tableEntry':
      return readTableEntries(source, e.value).map((value) => ({
        entity: { $case: 'tableEntry', value },
      }));
    case 'directCounterEntry':
      return readDirectCounters(source, e.value);
    case 'directMeterEntry':
      return readDirectMeters(source, e.value);
    case 'actionProfileMember': {
      const { actionProfileId, memberId } = e.value;
      return store.profiles
        .members()
        .filter((m) => matches(actionProfileId, m.actionProfileId) && matches(memberId, m.memberId))
        .map((value) => ({ entity: { $case: 'actionProfileMember', value } }));
    }
    case 'actionProfileGroup': {
      const { actionProfileId, groupId } = e.value;
      return store.profiles
        .groups()
        .filter((g) => matches(actionProfileId, g.actionProfileId) && matches(groupId, g.groupId))
        .map((value) => ({ entity: { $case: 'actionProfileGroup', value } }));
    }
    case 'counterEntry':
      return readCounters(schema, v1, e.value);
    case 'meterEntry':
      return readMeters(schema, v1, e.value);
    case 'registerEntry':
      return readRegisters(schema, v1, e.value);
    case 'packetReplicationEngineEntry':
      return store.replication.read(request);
    case 'digestEntry': {
      const { digestId } = e.value;
      return store.digests
        .entries()
        .filter((entry) => matches(digestId, entry.digestId))
        .map((value) => ({ entity: { $case: 'digestEntry', value } }));
    }
    case 'valueSetEntry':
      return store.valueSets.read(e.value.valueSetId).map((value) => ({
        entity: { $case: 'valueSetEntry', value },
      }));
    default:
      throw new StatusError(Code.UNIMPLEMENTED, `reading ${e.$case} is not implemented`);
  }
}

function matches(wanted: number, have: number): boolean {
  return wanted === 0 || wanted === have;
}

function readTableEntries(source: ReadSource, request: TableEntry): TableEntry[] {
  const { schema, store } = source;
  const tables = tablesOf(schema, request);
  const [table] = tables;
  if (request.timeSinceLastHit) requireTimeout(tables, request);
  if (request.isDefaultAction) {
    const entry = store.tables.default(table!);
    const isWanted = entry && entryFilter(table!, request)(entry);
    return isWanted ? [withResources(source, table!, entry, -1, request)] : [];
  }
  const isWanted = request.tableId === 0 ? () => true : entryFilter(table!, request);
  // A whole key finds its entry at once.
  const isKey = request.match.length > 0 && request.priority > 0 === table!.hasPriority;
  const found = isKey ? store.tables.entry(request) : undefined;
  const entries: TableEntry[] = [];
  for (const owner of tables) {
    const candidates = isKey ? (found ? [found] : []) : store.tables.entries(owner);
    for (const { message, handle } of candidates) {
      if (isWanted(message)) entries.push(withResources(source, owner, message, handle, request));
    }
  }
  return entries;
}

function requireTimeout(tables: readonly TableSchema[], request: TableEntry): void {
  const [table] = tables;
  if (request.isDefaultAction || (request.tableId !== 0 && !table!.supportsTimeout)) {
    const what = request.isDefaultAction ? 'a default entry' : table!.name;
    throw new StatusError(Code.INVALID_ARGUMENT, `${what}: has no idle timeout`);
  }
}

/** The entry with those of its resources that the request asks for. */
function withResources(
  { store, nowNs }: ReadSource,
  table: TableSchema,
  entry: TableEntry,
  handle: number,
  request: TableEntry,
): TableEntry {
  const wantsCounter = request.counterData && table.hasCounter;
  const wantsMeter = request.meterConfig && table.meterType;
  const wantsColours = request.meterCounterData && table.meterType;
  const wantsTime = request.timeSinceLastHit && table.supportsTimeout;
  if (!wantsCounter && !wantsMeter && !wantsColours && !wantsTime) return entry;
  const control = store.tables.table(table);
  const idleNs = Math.max(0, nowNs - control.lastHitNs(handle));
  return {
    ...entry,
    counterData: wantsCounter ? counterData(control.readCounter(handle)) : undefined,
    meterConfig: wantsMeter ? meterConfig(control.getMeter(handle)) : undefined,
    meterCounterData: wantsColours ? colourData(control.meterCounts(handle)) : undefined,
    timeSinceLastHit: wantsTime ? { elapsedNs: BigInt(Math.floor(idleNs)) } : undefined,
  };
}

/** The entries whose direct resources a request names, with those resources. */
function readDirect(
  source: ReadSource,
  wanted: TableEntry | undefined,
  resources: Partial<TableEntry>,
  hasThem: (table: TableSchema) => boolean,
): TableEntry[] {
  const { tables } = source.schema;
  const request = wanted ?? TableEntryMessage.fromPartial({});
  const found = readTableEntries(source, { ...request, timeSinceLastHit: undefined, ...resources });
  if (request.match.length > 0 && found.length === 0) {
    throw new StatusError(Code.NOT_FOUND, `${tables.get(request.tableId).name}: not found`);
  }
  if (request.tableId !== 0 && !hasThem(tables.get(request.tableId))) {
    const what = `${tables.get(request.tableId).name}: has no such resource`;
    throw new StatusError(Code.INVALID_ARGUMENT, what);
  }
  return found.filter(({ tableId }) => hasThem(tables.get(tableId)));
}

/** What names an entry in the answer to a read of its resource. */
function bare(entry: TableEntry): TableEntry {
  return { ...entry, counterData: undefined, meterConfig: undefined, meterCounterData: undefined };
}

function readDirectCounters(source: ReadSource, request: DirectCounterEntry): Entity[] {
  const resources = { counterData: counterData({ packets: 0, bytes: 0 }) };
  const found = readDirect(source, request.tableEntry, resources, (table) => table.hasCounter);
  return found.map((entry): Entity => {
    const value = { tableEntry: bare(entry), data: entry.counterData };
    return { entity: { $case: 'directCounterEntry', value } };
  });
}

function readDirectMeters(source: ReadSource, request: DirectMeterEntry): Entity[] {
  const none = { packets: 0, bytes: 0 };
  const resources = {
    meterConfig: { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n, eburst: 0n },
    meterCounterData:
      request.counterData && colourData({ green: none, yellow: none, red: none }),
  };
  const hasMeter = (table: TableSchema): boolean => table.meterType !== undefined;
  return readDirect(source, request.tableEntry, resources, hasMeter).map((entry): Entity => {
    const { meterConfig: config, meterCounterData } = entry;
    const value = { tableEntry: bare(entry), config, counterData: meterCounterData };
    return { entity: { $case: 'directMeterEntry', value } };
  });
}
