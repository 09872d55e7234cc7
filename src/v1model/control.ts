/**
 * The control side of the embedded switch: tables as P4 names them, values as big-endian bytes.
 *
 * This is the target's own runtime interface (what BMv2's runtime_CLI speaks to); P4Runtime's ids,
 * canonical byte strings and per-update statuses are laid over it in `src/switch`. Every value has
 * exactly ceil(width / 8) bytes. Calls act on the next packet. Errors are UmbraError: NOT_FOUND,
 * CONFLICT (key exists, member in use), LIMIT (full), INVALID_INPUT.
 */

import type { KeyRow } from './match/matchIndex.js';

export type MatchKind = 'exact' | 'lpm' | 'ternary' | 'range' | 'optional' | 'valid';

/** One field of a table's key. */
export interface KeyField {
  /** The key's name in P4Info: `hdr.ipv4.dst_addr`. */
  name: string;
  kind: MatchKind;
  bitWidth: number;
}

/** One field of a match; null is don't care (ternary, range, optional; lpm with length 0). */
export type KeyMatch =
  | { value: Uint8Array }
  | { value: Uint8Array; prefixLength: number }
  | { value: Uint8Array; mask: Uint8Array }
  | { low: Uint8Array; high: Uint8Array }
  | null;

/** An action with its arguments. */
export interface ActionCall {
  /** The action's name in P4Info. */
  action: string;
  /** One value per parameter, in the order of the program. */
  params: Uint8Array[];
}

/** The same with its arguments in one array of words, each value's most significant first. */
export interface CallRow {
  action: string;
  args: Int32Array;
}

/** What an entry does: an action, or for indirect tables a member or a group by its handle. */
export type EntryTarget = ActionCall | { member: number } | { group: number };

/** Packets and bytes seen. */
export interface CounterValue {
  packets: number;
  bytes: number;
}

/** Two rates: committed and peak, in bytes (or packets) per second, with bursts. */
export interface MeterRates {
  committedRate: number;
  committedBurst: number;
  peakRate: number;
  peakBurst: number;
  /** Makes it a meter of one rate: the committed one, with a committed and an excess burst. */
  excessBurst?: number;
}

/** What a meter has seen of each colour. */
export interface ColourCounts {
  green: CounterValue;
  yellow: CounterValue;
  red: CounterValue;
}

/** Who brought an entry. */
export type EntryOrigin = 'control' | 'program';

/** An entry as read back. */
export interface TableEntryView {
  handle: number;
  /** Don't-care bits are zero, and fields that match all are null. */
  match: KeyMatch[];
  /** Larger wins; 0 for tables without ternary, range or optional keys. */
  priority: number;
  target: EntryTarget;
  origin: EntryOrigin;
}

/** A table, as the control side sees it. */
export interface TableControl {
  readonly name: string;
  readonly key: readonly KeyField[];
  /** Names of the actions that entries may use. */
  readonly actions: readonly string[];
  readonly size: number;
  /** Name of the action profile or selector that implements the table, if any. */
  readonly profile: string | undefined;
  readonly hasCounters: boolean;
  readonly hasMeters: boolean;
  /** The program brings entries; whether they are constant is for P4Info to say. */
  readonly hasOwnEntries: boolean;
  /** The time of the last hit is kept for every entry. */
  readonly supportsTimeout: boolean;
  readonly entryCount: number;

  /** Adds an entry and returns its handle: a small integer, valid until `remove`. */
  insert(match: KeyMatch[], priority: number, target: EntryTarget): number;
  modify(handle: number, target: EntryTarget): void;
  /** `insert` with a key and an action as words; only for tables without a profile. */
  insertRow(row: KeyRow, call: CallRow): number;
  modifyRow(handle: number, call: CallRow): void;
  /** `find` of such a key. */
  findRow(row: KeyRow): number;
  remove(handle: number): void;
  /** The handle of the entry with this key, or -1. */
  find(match: KeyMatch[], priority: number): number;
  get(handle: number): TableEntryView;
  entries(): IterableIterator<TableEntryView>;
  /** undefined: the program's own default again. */
  setDefault(target: ActionCall | undefined): void;
  getDefault(): ActionCall | undefined;
  /** Direct counter of an entry; handle -1 is the default entry. */
  readCounter(handle: number): CounterValue;
  writeCounter(handle: number, value: CounterValue): void;
  setMeter(handle: number, rates: MeterRates | undefined): void;
  getMeter(handle: number): MeterRates | undefined;
  meterCounts(handle: number): ColourCounts;
  resetMeterCounts(handle: number): void;
  /** When an entry was last hit, ns of the packets' clock; for tables that support timeouts. */
  lastHitNs(handle: number): number;
  setLastHit(handle: number, timeNs: number): void;
}

/** A member's part in a group. */
export interface GroupMember {
  member: number;
  /** How often it is chosen, against the others. */
  weight: number;
  /** While this port is down the member is not chosen. */
  watchPort?: number;
}

/** An action profile or selector: members and groups that tables refer to. */
export interface ProfileControl {
  readonly name: string;
  readonly isSelector: boolean;
  readonly size: number;
  addMember(call: ActionCall): number;
  modifyMember(handle: number, call: ActionCall): void;
  removeMember(handle: number): void;
  /** A group of members; the handles are those of `addMember`. */
  addGroup(members: readonly GroupMember[]): number;
  modifyGroup(handle: number, members: readonly GroupMember[]): void;
  removeGroup(handle: number): void;
}

/** A counter array. */
export interface IndexedCounterControl {
  readonly name: string;
  readonly size: number;
  read(index: number): CounterValue;
  write(index: number, value: CounterValue): void;
}

/** A meter array. */
export interface IndexedMeterControl {
  readonly name: string;
  readonly size: number;
  readonly unit: 'bytes' | 'packets';
  get(index: number): MeterRates | undefined;
  set(index: number, rates: MeterRates | undefined): void;
  counts(index: number): ColourCounts;
  resetCounts(index: number): void;
}

/** A register array. */
export interface RegisterControl {
  readonly name: string;
  readonly size: number;
  readonly bitWidth: number;
  read(index: number): Uint8Array;
  write(index: number, value: Uint8Array): void;
}

/** A parser value set: the values that a select looks for. */
export interface ValueSetControl {
  readonly name: string;
  readonly size: number;
  /** Bits of each field of a member. */
  readonly widths: readonly number[];
  /** The members, each with one match per field, in the order they were given. */
  members(): KeyMatch[][];
  /** Puts other members in place of all. Throws LIMIT, CONFLICT for a member given twice. */
  replace(members: readonly KeyMatch[][]): void;
}

/** One copy made by the packet replication engine. */
export interface Replica {
  port: number;
  instance: number;
  /** Used instead while `port` is down, the first whose port is up; none is: no copy. */
  backups?: readonly { port: number; instance: number }[];
}

/** Multicast groups and clone sessions. */
export interface ReplicationControl {
  setMulticastGroup(id: number, replicas: readonly Replica[]): void;
  removeMulticastGroup(id: number): void;
  /** @param truncateBytes 0: whole packets */
  setCloneSession(id: number, replicas: readonly Replica[], truncateBytes: number): void;
  removeCloneSession(id: number): void;
}

/**
 * Egress queues of strict priority, 0 the lowest. Without a port every port is meant, without a
 * priority every queue of the port. Errors: INVALID_INPUT.
 */
export interface EgressQueueControl {
  /** Queues of every port. */
  readonly priorities: number;
  /** Packets in all queues. */
  readonly count: number;
  /** Packets that fit a queue; 64 at first. */
  setDepth(packets: number, port?: number, priority?: number): void;
  /** Packets per second that leave a queue; 0, as at first, for no limit. */
  setRate(packetsPerSecond: number, port?: number, priority?: number): void;
  depth(port: number, priority: number): number;
  rate(port: number, priority: number): number;
  /** Packets in the queue now. */
  length(port: number, priority: number): number;
}

/** One message of a digest: the fields' values in the program's order. */
export interface DigestMessage {
  name: string;
  values: Uint8Array[];
}
