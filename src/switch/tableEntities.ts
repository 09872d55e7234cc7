/**
 * Table entries as they were written, so that they read back equal, and the switch's handles
 * behind them. Spec: P4Runtime 1.5, section 9.1.
 */
import { defined } from '../base/assert.js';
import {
  Code,
  StatusError,
  type ActionSchema,
  type PlainEntry,
  type Schema,
  type TableSchema,
} from '../p4runtime/index.js';
import {
  TableEntry as TableEntryMessage,
  Update_Type,
  type CounterData,
  type MeterConfig,
  type TableEntry,
} from '../proto/index.js';
import type {
  CallRow,
  EntryTarget,
  KeyMatch,
  KeyRow,
  TableControl,
  V1Switch,
} from '../v1model/index.js';
import { canonicalEntry } from './canonicalEntity.js';
import { counterValue, meterRates } from './cells.js';
import type { IdleTimeouts } from './idleTimeouts.js';
import type { OneShot, ProfileEntities, Stored } from './profileEntities.js';
import { actionOf, callOf, exists, fieldMatch, keyMatch, missing } from './v1Values.js';

/** An entry; `own` is what its one-shot set was made into. */
export interface StoredEntry extends Stored<TableEntry> {
  own: OneShot | undefined;
}

/** A plain entry is kept as the text of its message until somebody wants to read it. */
type Kept = StoredEntry | string;

interface Collections {
  /** By table and handle. */
  entries: Map<number, Map<number, Kept>>;
  /** Default entries that were written, by table; the others are the program's own. */
  defaults: Map<number, TableEntry>;
}

/** The direct resources of an entry, as a write may give them. */
interface Resources {
  counterData: CounterData | undefined;
  meterConfig: MeterConfig | undefined;
  clearsColours: boolean;
}

/** A default entry is row 0 of its table, which the switch calls -1. */
const DEFAULT_HANDLE = -1;

/** The entries of one pipeline's tables. */
export class TableEntities {
  #all: Collections = { entries: new Map(), defaults: new Map() };

  constructor(
    private readonly schema: Schema,
    private readonly v1: V1Switch,
    private readonly profiles: ProfileEntities,
    private readonly idle: IdleTimeouts,
    private readonly now: () => number,
  ) {
    for (const table of schema.tables.all) {
      this.#all.entries.set(table.id, new Map());
      this.#addInitial(table);
    }
  }

  /** The entries of a table, in the order they were written. */
  *entries({ id }: TableSchema): IterableIterator<StoredEntry> {
    for (const [handle, kept] of this.#entriesOf(id)) yield storedOf(kept, handle);
  }

  /** The entry with the key of a checked one. */
  entry(entry: TableEntry): StoredEntry | undefined {
    const schema = this.schema.tables.get(entry.tableId);
    return this.#find(schema, this.#handle(schema, entry));
  }

  /** The message of an entry that is being watched. */
  watched(key: string): TableEntry {
    const [id, handle] = key.split('/').map(Number) as [number, number];
    return defined(this.#find(this.schema.tables.get(id), handle), 'watched entry').message;
  }

  /** Carries out the write of an entry in words. */
  writePlain(type: Update_Type, entry: PlainEntry): void {
    const { table: schema, action } = entry;
    const table = this.table(schema);
    const row = rowOf(entry);
    const kept = this.#entriesOf(schema.id);
    if (type === Update_Type.INSERT) {
      if (table.findRow(row) >= 0) throw exists(schema.name);
      const handle = table.insertRow(row, callRow(action, entry));
      if (table.hasMeters) table.setMeter(handle, undefined);
      kept.set(handle, entry.text());
      return;
    }
    const handle = table.findRow(row);
    const found = kept.get(handle);
    if (found === undefined) throw missing(schema.name);
    if (typeof found !== 'string' && found.message.isConst) throw constant(schema);
    if (type === Update_Type.MODIFY) {
      table.modifyRow(handle, callRow(action, entry));
      if (table.hasMeters) table.setMeter(handle, undefined);
      kept.set(handle, entry.text());
    } else {
      table.remove(handle);
      kept.delete(handle);
    }
  }

  /** A table's default entry; undefined when it does nothing at all. */
  default(table: TableSchema): TableEntry | undefined {
    const written = this.#all.defaults.get(table.id);
    if (written) return written;
    const call = this.v1.tables.get(table.name)?.getDefault();
    const id = table.constDefaultActionId;
    if (!call && id === 0) return undefined;
    const value = call ? actionOf(this.schema, table, call) : { actionId: id, params: [] };
    return TableEntryMessage.fromPartial({
      tableId: table.id,
      isDefaultAction: true,
      action: { type: { $case: 'action', value } },
    });
  }

  /** Somebody wrote the default entry that the table has. */
  isDefaultWritten(tableId: number): boolean {
    return this.#all.defaults.has(tableId);
  }

  save(): Collections {
    return copy(this.#all);
  }

  load(saved: Collections): void {
    this.#all = copy(saved);
  }

  write(type: Update_Type, entry: TableEntry): void {
    if (entry.isDefaultAction) this.#writeDefault(entry);
    else if (type === Update_Type.INSERT) this.#insert(entry);
    else if (type === Update_Type.MODIFY) this.#modify(entry);
    else this.#delete(entry);
  }

  /** The switch's handle of the entry that a direct resource belongs to. Throws NOT_FOUND. */
  handleOf(entry: TableEntry): number {
    if (entry.isDefaultAction) return DEFAULT_HANDLE;
    return this.#require(entry).handle;
  }

  /** The switch's table. */
  table({ name }: TableSchema): TableControl {
    return defined(this.v1.tables.get(name), name);
  }

  #insert(entry: TableEntry): void {
    const schema = this.schema.tables.get(entry.tableId);
    const table = this.table(schema);
    const match = matchOf(schema, entry);
    if (table.find(match, entry.priority) >= 0) throw exists(schema.name);
    const { target, own } = this.#target(schema, entry);
    let handle: number;
    try {
      handle = table.insert(match, entry.priority, target);
    } catch (error) {
      if (own) this.profiles.removeSet(own);
      throw error;
    }
    this.#writeResources(table, handle, resourcesOf(entry));
    if (table.supportsTimeout) table.setLastHit(handle, this.now());
    this.#keep(schema, { message: canonicalEntry(entry), handle, own });
  }

  #modify(entry: TableEntry): void {
    const schema = this.schema.tables.get(entry.tableId);
    const table = this.table(schema);
    const found = this.#require(entry);
    const { handle } = found;
    const isBare =
      !entry.action &&
      entry.metadata.length === 0 &&
      entry.controllerMetadata === 0n &&
      entry.idleTimeoutNs === 0n;
    if (found.message.isConst && !isBare) throw constant(schema);
    if (!isBare) {
      // Without an action the entry keeps the one it has; the rest is replaced.
      const { action } = entry.action ? entry : found.message;
      const made = entry.action && this.#target(schema, entry);
      if (made) table.modify(handle, made.target);
      const own = made ? made.own : found.own;
      this.#release(schema, found, own);
      this.#keep(schema, { message: canonicalEntry({ ...entry, action }), handle, own });
    }
    this.#writeResources(table, handle, resourcesOf(entry));
  }

  #delete(entry: TableEntry): void {
    const schema = this.schema.tables.get(entry.tableId);
    const found = this.#require(entry);
    if (found.message.isConst) throw constant(schema);
    const { handle } = found;
    this.table(schema).remove(handle);
    this.#release(schema, found, undefined);
    this.#entriesOf(schema.id).delete(handle);
    this.idle.forget(watchKey(schema, handle));
  }

  #writeDefault(entry: TableEntry): void {
    const schema = this.schema.tables.get(entry.tableId);
    const table = this.table(schema);
    const type = entry.action?.type;
    if (type) {
      if (type.$case !== 'action') {
        throw new StatusError(Code.INVALID_ARGUMENT, `${schema.name}: the default is an action`);
      }
      table.setDefault(callOf(this.schema, type.value));
      this.#all.defaults.set(entry.tableId, canonicalEntry(entry));
    } else {
      table.setDefault(undefined);
      this.#all.defaults.delete(entry.tableId);
      if (table.hasCounters) table.writeCounter(DEFAULT_HANDLE, { packets: 0, bytes: 0 });
      if (table.hasMeters) table.resetMeterCounts(DEFAULT_HANDLE);
    }
    this.#writeResources(table, DEFAULT_HANDLE, resourcesOf(entry));
  }

  /** A counter that is not given stays as it is; a meter that is not given becomes green. */
  #writeResources(table: TableControl, handle: number, given: Resources): void {
    if (given.counterData) table.writeCounter(handle, counterValue(given.counterData));
    if (table.hasMeters) table.setMeter(handle, meterRates(given.meterConfig));
    if (given.clearsColours) table.resetMeterCounts(handle);
  }

  #keep(schema: TableSchema, stored: StoredEntry): void {
    const { message, handle } = stored;
    this.#entriesOf(schema.id).set(handle, stored);
    this.profiles.refer(schema.profileId, message.action, 1);
    if (!schema.supportsTimeout) return;
    const ttlNs = Number(message.idleTimeoutNs);
    this.idle.watch(watchKey(schema, handle), this.table(schema), handle, ttlNs, this.now());
  }

  /** The entry no longer refers to what it referred to; `kept` is the set that it still uses. */
  #release(schema: TableSchema, { message, own }: StoredEntry, kept: OneShot | undefined): void {
    this.profiles.refer(schema.profileId, message.action, -1);
    if (own && own !== kept) this.profiles.removeSet(own);
  }

  #target(
    schema: TableSchema,
    entry: TableEntry,
  ): { target: EntryTarget; own: OneShot | undefined } {
    const type = defined(entry.action?.type, 'checked action');
    if (type.$case === 'action') {
      return { target: callOf(this.schema, type.value), own: undefined };
    }
    if (type.$case !== 'actionProfileActionSet') {
      return { target: this.profiles.target(schema.profileId, type), own: undefined };
    }
    const own = this.profiles.addSet(schema.profileId, type.value);
    return { target: { group: own.group }, own };
  }

  #require(entry: TableEntry): StoredEntry {
    const found = this.entry(entry);
    if (!found) throw missing(this.schema.tables.get(entry.tableId).name);
    return found;
  }

  #handle(schema: TableSchema, entry: TableEntry): number {
    return this.table(schema).find(matchOf(schema, entry), entry.priority);
  }

  #find({ id }: TableSchema, handle: number): StoredEntry | undefined {
    const kept = this.#entriesOf(id).get(handle);
    return kept === undefined ? undefined : storedOf(kept, handle);
  }

  #entriesOf(tableId: number): Map<number, Kept> {
    return defined(this.#all.entries.get(tableId), 'known table');
  }

  /** The entries that the program itself brings. */
  #addInitial(schema: TableSchema): void {
    for (const view of this.v1.tables.get(schema.name)?.entries() ?? []) {
      if (!('action' in view.target)) continue;
      const value = actionOf(this.schema, schema, view.target);
      const message = TableEntryMessage.fromPartial({
        tableId: schema.id,
        match: view.match.flatMap((match, i) => fieldMatch(schema.fields[i]!, match) ?? []),
        priority: view.priority,
        action: { type: { $case: 'action', value } },
        // p4c's output does not say which single entries of a list are const: only the list.
        isConst: schema.isConst,
      });
      const { handle } = view;
      this.#entriesOf(schema.id).set(handle, { message, handle, own: undefined });
    }
  }
}

function copy({ entries, defaults }: Collections): Collections {
  const tables = [...entries].map(([id, kept]) => [id, new Map(kept)] as const);
  return { entries: new Map(tables), defaults: new Map(defaults) };
}

function storedOf(kept: Kept, handle: number): StoredEntry {
  if (typeof kept !== 'string') return kept;
  const message = TableEntryMessage.decode(Uint8Array.from(Buffer.from(kept, 'latin1')));
  return { message, handle, own: undefined };
}

function matchOf(schema: TableSchema, { match }: TableEntry): KeyMatch[] {
  return schema.fields.map((field) => keyMatch(field, match));
}

function watchKey({ id }: TableSchema, handle: number): string {
  return `${id}/${handle}`;
}

function rowOf({ table, value, mask, priority, prefixLength }: PlainEntry): KeyRow {
  return { value, mask, rank: table.hasPriority ? priority : prefixLength };
}

function callRow(action: ActionSchema | undefined, { args }: PlainEntry): CallRow {
  return { action: defined(action, 'checked action').name, args };
}

function resourcesOf({ counterData, meterConfig, meterCounterData }: TableEntry): Resources {
  return { counterData, meterConfig, clearsColours: meterCounterData !== undefined };
}

function constant({ name }: TableSchema): StatusError {
  return new StatusError(Code.PERMISSION_DENIED, `${name}: a constant entry`);
}
