/** A match-action table: its entries, and the columns that generated code reads. */
import type { Action, Table } from '../bmv2/index.js';
import { UmbraError } from '../base/errors.js';
import { defined } from '../base/assert.js';
import type {
  ActionCall,
  CounterValue,
  EntryTarget,
  KeyField,
  KeyMatch,
  MeterRates,
  TableControl,
  TableEntryView,
} from './control.js';
import { TupleIndex, WordIndex, type MatchIndex } from './matchIndex.js';
import type { MeterArray } from './meter.js';
import { PrefixIndex } from './prefixIndex.js';
import type { ActionProfile } from './profile.js';
import { ActionRows, Handles, nextVersion } from './rows.js';
import { bytesOfBigint, prefixMask, wordCount, wordsOf } from './words.js';

/** An entry; replaced as a whole, never changed, so that a saved table can share it. */
interface Entry {
  match: KeyMatch[];
  priority: number;
  target: EntryTarget;
  isConst: boolean;
  value: Int32Array;
  mask: Int32Array;
  rank: number;
  key: string;
}

interface SavedTable {
  version: number;
  entries: Map<number, Entry>;
  defaultCall: ActionCall | undefined;
  handles: ReturnType<Handles['save']>;
}

/** Everything that changes with packets. */
interface SavedDirect {
  packets: Float64Array;
  bytes: Float64Array;
  meters: ReturnType<MeterArray['save']> | undefined;
}

/** One table of a switch. Handle 0 is its default entry. */
export class MatchTable implements TableControl {
  readonly name: string;
  readonly key: readonly KeyField[];
  readonly actions: readonly string[];
  readonly size: number;
  readonly hasCounters: boolean;
  readonly hasMeters: boolean;
  readonly isConst: boolean;
  readonly index: MatchIndex;
  readonly rows: ActionRows | undefined;
  /** Indirect tables: a member's row, or -(group + 2), or -1. */
  readonly ref: Int32Array;
  readonly packets: Float64Array;
  readonly bytes: Float64Array;
  readonly #entries = new Map<number, Entry>();
  readonly #byKey = new Map<string, number>();
  readonly #handles: Handles;
  readonly #hasPriority: boolean;
  #defaultCall: ActionCall | undefined;
  #version = nextVersion();
  #saved: SavedTable | undefined;

  /** @param defaultRow the profile's row for this table's default action */
  constructor(
    private readonly table: Table,
    actions: readonly Action[],
    private readonly actionProfile: ActionProfile | undefined,
    private readonly meters: MeterArray | undefined,
    private readonly defaultRow: number,
  ) {
    this.name = table.name;
    this.key = table.key.map(({ name, kind, width }) => ({ name, kind, bitWidth: width }));
    this.actions = table.actions.map((id) => actions[id]!.name);
    this.size = table.size;
    this.hasCounters = table.hasCounters;
    this.hasMeters = meters !== undefined;
    this.isConst = table.isConst;
    this.#hasPriority = table.key.some((key) => key.kind === 'ternary' || key.kind === 'optional');
    this.index = makeIndex(table);
    const count = Math.max(table.size, table.entries.length) + 1;
    this.#handles = new Handles(1, count - 1, table.name);
    this.rows = actionProfile
      ? undefined
      : new ActionRows(table.name, actions, table.actions, count);
    this.ref = new Int32Array(actionProfile ? count : 1).fill(-1);
    this.packets = new Float64Array(table.hasCounters ? count : 1);
    this.bytes = new Float64Array(table.hasCounters ? count : 1);
    this.setDefault(undefined);
    for (const entry of table.entries) this.#addInitial(entry);
  }

  get profile(): string | undefined {
    return this.actionProfile?.name;
  }

  get entryCount(): number {
    return this.#entries.size;
  }

  insert(match: KeyMatch[], priority: number, target: EntryTarget): number {
    return this.#add(match, priority, target, false);
  }

  modify(handle: number, target: EntryTarget): void {
    const entry = this.#require(handle);
    this.#check(target);
    this.#entries.set(handle, { ...entry, target });
    this.#point(handle, target);
    this.#version = nextVersion();
  }

  remove(handle: number): void {
    const entry = this.#require(handle);
    this.#drop(handle, entry);
    this.#handles.give(handle);
    this.#version = nextVersion();
  }

  find(match: KeyMatch[], priority: number): number {
    return this.#byKey.get(this.#normalise(match, priority).key) ?? -1;
  }

  get(handle: number): TableEntryView {
    const { match, priority, target, isConst } = this.#require(handle);
    return { handle, match, priority, target, isConst };
  }

  *entries(): IterableIterator<TableEntryView> {
    for (const [handle, { match, priority, target, isConst }] of this.#entries) {
      yield { handle, match, priority, target, isConst };
    }
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
      if (!this.#entries.has(handle)) this.#place(handle, entry);
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
    };
  }

  loadDirect(saved: SavedDirect): void {
    this.packets.fill(0, saved.packets.length, Math.max(saved.packets.length, this.#handles.end));
    this.bytes.fill(0, saved.bytes.length, Math.max(saved.bytes.length, this.#handles.end));
    this.packets.set(saved.packets);
    this.bytes.set(saved.bytes);
    if (saved.meters) this.meters?.load(saved.meters);
  }

  get #rows(): ActionRows {
    return this.rows ?? this.actionProfile!.rows;
  }

  get #defaultRow(): number {
    return this.rows ? 0 : this.defaultRow;
  }

  #addInitial(entry: Table['entries'][number]): void {
    const match = entry.match.map(({ value, mask, prefixLength }, i): KeyMatch => {
      const { kind, bitWidth } = this.key[i]!;
      const bytes = bytesOfBigint(value, bitWidth);
      if (kind === 'lpm') return { value: bytes, prefixLength };
      if (kind === 'exact') return { value: bytes };
      return mask === 0n ? null : { value: bytes, mask: bytesOfBigint(mask, bitWidth) };
    });
    // BMv2 counts its priorities upwards from the most important one.
    const priority = this.#hasPriority ? 2 ** 30 - entry.priority : 0;
    this.#add(match, priority, this.#rows.callOf(entry.action, entry.args), true);
  }

  #add(match: KeyMatch[], priority: number, target: EntryTarget, isConst: boolean): number {
    const entry: Entry = { ...this.#normalise(match, priority), target, isConst };
    this.#check(target);
    if (this.#byKey.has(entry.key)) {
      throw new UmbraError('CONFLICT', `${this.name}: an entry with this key exists`);
    }
    const handle = this.#handles.take();
    this.#place(handle, entry);
    this.packets[handle] = 0;
    this.bytes[handle] = 0;
    this.#version = nextVersion();
    return handle;
  }

  #place(handle: number, entry: Entry): void {
    this.#point(handle, entry.target);
    this.index.insert(handle, entry.value, entry.mask, entry.rank);
    this.#entries.set(handle, entry);
    this.#byKey.set(entry.key, handle);
  }

  #drop(handle: number, entry: Entry): void {
    this.index.remove(handle);
    this.#entries.delete(handle);
    this.#byKey.delete(entry.key);
    this.meters?.set(handle, undefined);
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

  /** Key words with don't-care bits cleared, and a text that equal keys share. */
  #normalise(match: KeyMatch[], priority: number): Omit<Entry, 'target' | 'isConst'> {
    if (match.length !== this.key.length) {
      throw new UmbraError(
        'INVALID_INPUT',
        `${this.name}: ${match.length} key fields, ${this.key.length} wanted`,
      );
    }
    const parts = this.key.map((field, i) => wordsOfMatch(field, match[i]!, this.name));
    const value = Int32Array.from(parts.flatMap((part) => [...part.value]));
    const mask = Int32Array.from(parts.flatMap((part) => [...part.mask]));
    value.forEach((word, i) => (value[i] = word & mask[i]!));
    const prefix = parts.find((part) => part.prefixLength !== undefined)?.prefixLength;
    const rank = this.#hasPriority ? priority : (prefix ?? 0);
    return { match, priority, value, mask, rank, key: `${value}|${mask}|${rank}` };
  }
}

function makeIndex(table: Table): MatchIndex {
  const [first] = table.key;
  const capacity = Math.max(table.size, table.entries.length);
  if (table.key.length === 1 && first!.kind === 'lpm' && first!.width === 32) {
    return new PrefixIndex(capacity);
  }
  const words = table.key.reduce((sum, key) => sum + wordCount(key.width), 0);
  if (words === 1 && first!.kind === 'exact') return new WordIndex();
  return new TupleIndex(words, capacity);
}

function wordsOfMatch(
  field: KeyField,
  match: KeyMatch,
  table: string,
): { value: Int32Array; mask: Int32Array; prefixLength?: number } {
  const { name, kind, bitWidth } = field;
  const what = `${table}: ${name}`;
  const all = prefixMask(bitWidth, bitWidth);
  if (match === null) {
    if (kind === 'exact') throw new UmbraError('INVALID_INPUT', `${what} needs a value`);
    const none = new Int32Array(all.length);
    return { value: none, mask: none, ...(kind === 'lpm' ? { prefixLength: 0 } : {}) };
  }
  if ('low' in match) throw new UmbraError('INVALID_INPUT', `${what} takes no range`);
  const value = wordsOf(match.value, bitWidth, what);
  if ('prefixLength' in match) {
    if (match.prefixLength < 0 || match.prefixLength > bitWidth) {
      throw new UmbraError('INVALID_INPUT', `${what}: prefix length ${match.prefixLength}`);
    }
    const { prefixLength } = match;
    return { value, mask: prefixMask(prefixLength, bitWidth), prefixLength };
  }
  if ('mask' in match) return { value, mask: wordsOf(match.mask, bitWidth, `${what} mask`) };
  return { value, mask: all, ...(kind === 'lpm' ? { prefixLength: bitWidth } : {}) };
}
