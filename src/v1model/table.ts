/** A match-action table: its entries, and the columns that generated code reads. */
import type { Action, Table } from '../bmv2/index.js';
import { UmbraError } from '../base/errors.js';
import { defined } from '../base/assert.js';
import type {
  ActionCall,
  CallRow,
  ColourCounts,
  CounterValue,
  EntryOrigin,
  EntryTarget,
  KeyField,
  KeyMatch,
  MeterRates,
  TableControl,
  TableEntryView,
} from './control.js';
import { matchOf, rowOf, RowNames, type NamedRow } from './match/keyRow.js';
import type { Loudness } from './loudness.js';
import { hasPriority, makeIndex } from './match/makeIndex.js';
import type { KeyRow, MatchIndex } from './match/matchIndex.js';
import type { MeterArray } from './meter.js';
import type { ActionProfile } from './profile.js';
import { ActionRows, Handles, nextVersion, type SavedRows } from './rows.js';
import { bytesOfBigint } from './words.js';

/** An entry; replaced as a whole, never changed, so that a saved table can share it. */
interface Entry {
  /** Its key, as `rowOf` names it: tables of many entries keep no more of it. */
  name: string;
  priority: number;
  /** A member or a group; an action of its own is in the table's rows. */
  target: EntryTarget | undefined;
  origin: EntryOrigin;
  /** Grows with every insertion: of equal priorities the older entry wins. */
  sequence: number;
}

interface SavedTable {
  version: number;
  entries: Map<number, Entry>;
  rows: SavedRows | undefined;
  defaultCall: ActionCall | undefined;
  handles: ReturnType<Handles['save']>;
}

/** Everything that changes with packets. */
interface SavedDirect {
  packets: Float64Array;
  bytes: Float64Array;
  meters: ReturnType<MeterArray['save']> | undefined;
  hits: Float64Array;
}

/** One table of a switch. Handle 0 is its default entry. */
export class MatchTable implements TableControl {
  readonly name: string;
  readonly key: readonly KeyField[];
  readonly actions: readonly string[];
  readonly size: number;
  readonly hasCounters: boolean;
  readonly hasMeters: boolean;
  readonly hasOwnEntries: boolean;
  readonly supportsTimeout: boolean;
  readonly index: MatchIndex;
  readonly rows: ActionRows | undefined;
  /** Indirect tables: a member's row, or -(group + 2), or -1. */
  readonly ref: Int32Array;
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  /** When each entry was last hit, ns. */
  readonly hits: Float64Array;
  readonly #entries = new Map<number, Entry>();
  readonly #byName = new Map<string, number>();
  readonly #handles: Handles;
  readonly #names: RowNames;
  readonly #hasPriority: boolean;
  #defaultCall: ActionCall | undefined;
  #sequence = 0;
  #version = nextVersion();
  #saved: SavedTable | undefined;

  /** @param defaultRow the profile's row for this table's default action */
  constructor(
    private readonly table: Table,
    actions: readonly Action[],
    private readonly actionProfile: ActionProfile | undefined,
    private readonly meters: MeterArray | undefined,
    private readonly defaultRow: number,
    private readonly loudness?: Loudness,
  ) {
    this.name = table.name;
    this.key = table.key.map(({ name, kind, width }) => ({ name, kind, bitWidth: width }));
    this.actions = table.actions.map((id) => actions[id]!.name);
    this.size = table.size;
    this.hasCounters = table.hasCounters;
    this.hasMeters = meters !== undefined;
    this.hasOwnEntries = table.entries.length > 0;
    this.supportsTimeout = table.supportsTimeout;
    const count = Math.max(table.size, table.entries.length) + 1;
    this.#names = new RowNames(this.key);
    this.#hasPriority = hasPriority(this.key);
    this.index = makeIndex(this.key, count - 1);
    this.#handles = new Handles(1, count - 1, table.name);
    this.rows = actionProfile
      ? undefined
      : new ActionRows(table.name, actions, table.actions, count);
    this.ref = new Int32Array(actionProfile ? count : 1).fill(-1);
    this.packets = new Float64Array(table.hasCounters ? count : 1);
    this.bytes = new Float64Array(table.hasCounters ? count : 1);
    this.hits = new Float64Array(table.supportsTimeout ? count : 1);
    this.setDefault(undefined);
    // BMv2 counts its priorities upwards from the most important one; here larger ones win.
    const last = Math.max(0, ...table.entries.map(({ priority }) => priority));
    for (const entry of table.entries) this.#addInitial(entry, last + 1 - entry.priority);
  }

  get profile(): string | undefined {
    return this.actionProfile?.name;
  }

  get entryCount(): number {
    return this.#entries.size;
  }

  insert(match: KeyMatch[], priority: number, target: EntryTarget): number {
    return this.#add(match, priority, target, 'control');
  }

  modify(handle: number, target: EntryTarget): void {
    const entry = this.#require(handle);
    this.#check(target);
    this.#entries.set(handle, { ...entry, target: this.rows ? undefined : target });
    this.#point(handle, target);
    this.#version = nextVersion();
  }

  insertRow(row: KeyRow, { action, args }: CallRow): number {
    const rows = defined(this.rows, 'actions of its own');
    const id = defined(rows.idOf(action), action);
    const name = this.#names.nameOf(row);
    this.#requireNew(name);
    const handle = this.#handles.take();
    rows.setWords(handle, id, args);
    const priority = this.#hasPriority ? row.rank : 0;
    const sequence = this.#sequence++;
    this.#enter(handle, { name, priority, target: undefined, origin: 'control', sequence }, row);
    return handle;
  }

  modifyRow(handle: number, { action, args }: CallRow): void {
    const rows = defined(this.rows, 'actions of its own');
    const { name, priority, target, origin, sequence } = this.#require(handle);
    rows.setWords(handle, defined(rows.idOf(action), action), args);
    this.#entries.set(handle, { name, priority, target, origin, sequence });
    this.#version = nextVersion();
  }

  findRow(row: KeyRow): number {
    return this.#byName.get(this.#names.nameOf(row)) ?? -1;
  }

  remove(handle: number): void {
    const entry = this.#require(handle);
    this.#drop(handle, entry);
    this.#handles.give(handle);
    this.#version = nextVersion();
  }

  find(match: KeyMatch[], priority: number): number {
    return this.#byName.get(this.#rowOf(match, priority).name) ?? -1;
  }

  get(handle: number): TableEntryView {
    return this.#viewOf(handle, this.#require(handle));
  }

  *entries(): IterableIterator<TableEntryView> {
    for (const [handle, entry] of this.#entries) yield this.#viewOf(handle, entry);
  }

  setDefault(target: ActionCall | undefined): void {
    const own = this.table.defaultAction;
    if (target !== undefined && own?.isConst && own.action !== this.#rows.check(target).id) {
      throw new UmbraError('REFUSED', `${this.name}: the default action is constant`);
    }
    const call = target ?? (own && this.#rows.callOf(own.action, own.args));
    if (call) this.#rows.set(this.#defaultRow, call);
    else this.#rows.clear(this.#defaultRow);
    if (this.actionProfile) this.ref[0] = call ? this.defaultRow : -1;
    this.#defaultCall = target;
    this.#noteLoudness();
    this.#version = nextVersion();
  }

  getDefault(): ActionCall | undefined {
    const own = this.table.defaultAction;
    return this.#defaultCall ?? (own && this.#rows.callOf(own.action, own.args));
  }

  readCounter(handle: number): CounterValue {
    const row = Math.max(handle, 0);
    return { packets: this.packets[row] ?? 0, bytes: this.bytes[row] ?? 0 };
  }

  writeCounter(handle: number, value: CounterValue): void {
    const row = Math.max(handle, 0);
    this.packets[row] = value.packets;
    this.bytes[row] = value.bytes;
  }

  setMeter(handle: number, rates: MeterRates | undefined): void {
    defined(this.meters, 'meters').set(Math.max(handle, 0), rates);
  }

  getMeter(handle: number): MeterRates | undefined {
    return this.meters?.get(Math.max(handle, 0));
  }

  meterCounts(handle: number): ColourCounts {
    return defined(this.meters, 'meters').counts(Math.max(handle, 0));
  }

  resetMeterCounts(handle: number): void {
    defined(this.meters, 'meters').resetCounts(Math.max(handle, 0));
  }

  lastHitNs(handle: number): number {
    return this.hits[handle] ?? 0;
  }

  setLastHit(handle: number, timeNs: number): void {
    this.hits[handle] = timeNs;
  }

  /** For generated code: the colour of a packet that met `entry`. */
  meterColour(entry: number, bytes: number): number {
    return this.meters!.execute(entry, bytes);
  }

  /** Entries and the default action; shared with earlier saves while nothing changed. */
  save(): SavedTable {
    if (this.#saved?.version !== this.#version) {
      this.#saved = {
        version: this.#version,
        entries: new Map(this.#entries),
        rows: this.rows?.save(this.#handles.end),
        defaultCall: this.#defaultCall,
        handles: this.#handles.save(),
      };
    }
    return this.#saved;
  }

  load(saved: SavedTable): void {
    if (saved.version === this.#version) return;
    for (const [handle, entry] of this.#entries) {
      if (saved.entries.get(handle) !== entry) this.#drop(handle, entry);
    }
    for (const [handle, entry] of saved.entries) {
      if (this.#entries.has(handle)) continue;
      if (saved.rows) this.rows?.restore(handle, saved.rows);
      else this.#point(handle, entry.target!);
      this.#place(handle, entry, this.#names.rowOf(entry.name));
    }
    this.setDefault(saved.defaultCall);
    this.#handles.load(saved.handles);
    this.#version = saved.version;
    this.#saved = saved;
  }

  saveDirect(): SavedDirect {
    const used = this.hasCounters ? this.#handles.end : 0;
    return {
      packets: this.packets.slice(0, used),
      bytes: this.bytes.slice(0, used),
      meters: this.meters?.save(),
      hits: this.hits.slice(0, this.supportsTimeout ? this.#handles.end : 0),
    };
  }

  loadDirect(saved: SavedDirect): void {
    this.packets.fill(0, saved.packets.length, Math.max(saved.packets.length, this.#handles.end));
    this.bytes.fill(0, saved.bytes.length, Math.max(saved.bytes.length, this.#handles.end));
    this.packets.set(saved.packets);
    this.bytes.set(saved.bytes);
    this.hits.set(saved.hits);
    if (saved.meters) this.meters?.load(saved.meters);
  }

  get #rows(): ActionRows {
    return this.rows ?? this.actionProfile!.rows;
  }

  get #defaultRow(): number {
    return this.rows ? 0 : this.defaultRow;
  }

  #addInitial(entry: Table['entries'][number], rank: number): void {
    const match = entry.match.map((field, i): KeyMatch => {
      const bytes = (value: bigint): Uint8Array => bytesOfBigint(value, this.key[i]!.bitWidth);
      if (field === null) return null;
      if ('low' in field) return { low: bytes(field.low), high: bytes(field.high) };
      const value = bytes(field.value);
      if ('mask' in field) return { value, mask: bytes(field.mask) };
      return 'prefixLength' in field ? { value, prefixLength: field.prefixLength } : { value };
    });
    const priority = this.#hasPriority ? rank : 0;
    const call = this.#rows.callOf(entry.action, entry.args);
    this.#add(match, priority, call, 'program');
  }

  #add(match: KeyMatch[], priority: number, target: EntryTarget, origin: EntryOrigin): number {
    const row = this.#rowOf(match, priority);
    this.#check(target);
    this.#requireNew(row.name);
    const handle = this.#handles.take();
    const sequence = this.#sequence++;
    this.#point(handle, target);
    const kept = this.rows ? undefined : target;
    this.#enter(handle, { name: row.name, priority, target: kept, origin, sequence }, row);
    return handle;
  }

  #requireNew(name: string): void {
    if (!this.#byName.has(name)) return;
    throw new UmbraError('CONFLICT', `${this.name}: an entry with this key exists`);
  }

  #enter(handle: number, entry: Entry, row: KeyRow): void {
    this.#place(handle, entry, row);
    this.packets[handle] = 0;
    this.bytes[handle] = 0;
    this.#version = nextVersion();
  }

  #place(handle: number, entry: Entry, row: KeyRow): void {
    this.index.insert(handle, row, entry.sequence);
    this.#entries.set(handle, entry);
    this.#byName.set(entry.name, handle);
    this.#noteLoudness();
  }

  #noteLoudness(): void {
    this.loudness?.note(this.index.used > 0 || this.#defaultCall !== undefined);
  }

  #drop(handle: number, { name }: Entry): void {
    this.index.remove(handle, this.#names.rowOf(name));
    this.#entries.delete(handle);
    this.#byName.delete(name);
    this.#noteLoudness();
    this.meters?.set(handle, undefined);
    this.meters?.resetCounts(handle);
  }

  #check(target: EntryTarget): void {
    if ('action' in target) {
      if (this.actionProfile) {
        throw new UmbraError('INVALID_INPUT', `${this.name}: wants a member or a group`);
      }
      this.#rows.check(target);
      return;
    }
    const { actionProfile } = this;
    if (!actionProfile) throw new UmbraError('INVALID_INPUT', `${this.name}: wants an action`);
    if ('member' in target) actionProfile.requireMember(target.member);
    else actionProfile.requireGroup(target.group);
  }

  #point(handle: number, target: EntryTarget): void {
    if ('action' in target) this.#rows.set(handle, target);
    else this.ref[handle] = 'member' in target ? target.member : -(target.group + 2);
  }

  #require(handle: number): Entry {
    const entry = this.#entries.get(handle);
    if (!entry) throw new UmbraError('NOT_FOUND', `${this.name}: no entry ${handle}`);
    return entry;
  }

  #viewOf(handle: number, { name, priority, target, origin }: Entry): TableEntryView {
    const match = matchOf(this.key, this.#names.rowOf(name));
    return { handle, match, priority, target: target ?? this.#rows.callAt(handle), origin };
  }

  #rowOf(match: readonly KeyMatch[], priority: number): NamedRow {
    return rowOf(this.key, match, priority, this.name);
  }
}
