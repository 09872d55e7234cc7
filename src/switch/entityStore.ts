/**
 * P4Runtime's entities laid over a v1model switch: the messages as they were written, so that they
 * read back equal, and the switch's own handles behind them.
 */
import { defined } from '../base/assert.js';
import {
  entityKey,
  tableEntryKey,
  Code,
  padded,
  portOf,
  StatusError,
  type Schema,
  type TableSchema,
} from '../p4runtime/index.js';
import {
  Update_Type,
  type Action,
  type ActionProfileGroup,
  type ActionProfileMember,
  type Entity,
  type FieldMatch,
  type TableEntry,
  type Update,
} from '../proto/index.js';
import type {
  ActionCall,
  EntryTarget,
  KeyMatch,
  ProfileControl,
  TableControl,
  V1Switch,
} from '../v1model/index.js';

/** An entity and the switch's handle for it. */
interface Stored<T> {
  message: T;
  handle: number;
  /** Members made for a one-shot action set. */
  own?: number[];
}

interface Collections {
  entries: Map<string, Stored<TableEntry>>;
  members: Map<string, Stored<ActionProfileMember>>;
  groups: Map<string, Stored<ActionProfileGroup>>;
  replication: Map<string, Entity>;
  defaults: Map<number, TableEntry>;
}

function emptyCollections(): Collections {
  return {
    entries: new Map(),
    members: new Map(),
    groups: new Map(),
    replication: new Map(),
    defaults: new Map(),
  };
}

/** The entities of one pipeline. */
export class EntityStore {
  #all = emptyCollections();
  /** A copy of `#all` while nothing has changed since it was made. */
  #saved: Collections | undefined;

  constructor(
    private readonly schema: Schema,
    private readonly v1: V1Switch,
  ) {}

  write({ type, entity }: Update): void {
    this.#saved = undefined;
    const e = defined(entity?.entity, 'checked entity');
    switch (e.$case) {
      case 'tableEntry':
        return e.value.isDefaultAction
          ? this.#writeDefault(e.value)
          : this.#writeEntry(type, e.value);
      case 'actionProfileMember':
        return this.#writeMember(type, e.value);
      case 'actionProfileGroup':
        return this.#writeGroup(type, e.value);
      case 'packetReplicationEngineEntry':
        return this.#writeReplication(type, entity!);
      default:
        throw new StatusError(Code.UNIMPLEMENTED, `writing ${e.$case} is not implemented`);
    }
  }

  entries(): Iterable<Stored<TableEntry>> {
    return this.#all.entries.values();
  }

  entry(key: string): Stored<TableEntry> | undefined {
    return this.#all.entries.get(key);
  }

  members(): Iterable<Stored<ActionProfileMember>> {
    return this.#all.members.values();
  }

  groups(): Iterable<Stored<ActionProfileGroup>> {
    return this.#all.groups.values();
  }

  replication(): Iterable<Entity> {
    return this.#all.replication.values();
  }

  /** The default entry as last written; undefined when it is the program's own. */
  default(tableId: number): TableEntry | undefined {
    return this.#all.defaults.get(tableId);
  }

  save(): Collections {
    const { entries, members, groups, replication, defaults } = this.#all;
    this.#saved ??= {
      entries: new Map(entries),
      members: new Map(members),
      groups: new Map(groups),
      replication: new Map(replication),
      defaults: new Map(defaults),
    };
    return this.#saved;
  }

  load(saved: Collections): void {
    if (saved === this.#saved) return;
    const { entries, members, groups, replication, defaults } = saved;
    this.#all = {
      entries: new Map(entries),
      members: new Map(members),
      groups: new Map(groups),
      replication: new Map(replication),
      defaults: new Map(defaults),
    };
    this.#saved = saved;
  }

  #writeEntry(type: Update_Type, entry: TableEntry): void {
    const schema = this.schema.tables.get(entry.tableId);
    const table = this.#table(schema);
    const key = tableEntryKey(entry);
    const found = this.#all.entries.get(key);
    if (type === Update_Type.INSERT) {
      if (found) throw exists(schema.name);
      const { target, own } = this.#target(schema, entry);
      const match = schema.fields.map((field) => keyMatch(field, entry.match));
      const handle = table.insert(match, entry.priority, target);
      if (entry.counterData) table.writeCounter(handle, counterValue(entry));
      this.#all.entries.set(key, { message: stripped(entry), handle, ...(own ? { own } : {}) });
      return;
    }
    if (!found) throw missing(schema.name);
    if (type === Update_Type.DELETE) {
      table.remove(found.handle);
      this.#releaseOwn(schema, found);
      this.#all.entries.delete(key);
      return;
    }
    if (!entry.action) entry = { ...entry, action: found.message.action };
    const { target, own } = this.#target(schema, entry);
    table.modify(found.handle, target);
    this.#releaseOwn(schema, found);
    if (entry.counterData) table.writeCounter(found.handle, counterValue(entry));
    this.#all.entries.set(key, {
      message: stripped(entry),
      handle: found.handle,
      ...(own ? { own } : {}),
    });
  }

  #writeDefault(entry: TableEntry): void {
    const schema = this.schema.tables.get(entry.tableId);
    const type = entry.action?.type;
    if (!type) {
      this.#table(schema).setDefault(undefined);
      this.#all.defaults.delete(entry.tableId);
      return;
    }
    if (type.$case !== 'action') {
      throw new StatusError(Code.INVALID_ARGUMENT, `${schema.name}: default is an action`);
    }
    this.#table(schema).setDefault(this.#call(type.value));
    this.#all.defaults.set(entry.tableId, stripped(entry));
  }

  #writeMember(type: Update_Type, member: ActionProfileMember): void {
    const profile = this.#profile(member.actionProfileId);
    const key = `${member.actionProfileId}/${member.memberId}`;
    const found = this.#all.members.get(key);
    if (type === Update_Type.INSERT) {
      if (found) throw exists(`${profile.name}: member ${member.memberId}`);
      const handle = profile.addMember(this.#call(defined(member.action, 'action')));
      this.#all.members.set(key, { message: member, handle });
      return;
    }
    if (!found) throw missing(`${profile.name}: member ${member.memberId}`);
    if (type === Update_Type.DELETE) {
      this.#requireUnused('actionProfileMemberId', member.actionProfileId, member.memberId);
      inUse(() => profile.removeMember(found.handle));
      this.#all.members.delete(key);
      return;
    }
    profile.modifyMember(found.handle, this.#call(defined(member.action, 'action')));
    this.#all.members.set(key, { message: member, handle: found.handle });
  }

  #writeGroup(type: Update_Type, group: ActionProfileGroup): void {
    const profile = this.#profile(group.actionProfileId);
    const key = `${group.actionProfileId}/${group.groupId}`;
    const found = this.#all.groups.get(key);
    const handles = (): number[] =>
      group.members.flatMap(({ memberId, weight }) => {
        const handle = this.#memberHandle(group.actionProfileId, memberId);
        return new Array<number>(weight).fill(handle);
      });
    if (type === Update_Type.INSERT) {
      if (found) throw exists(`${profile.name}: group ${group.groupId}`);
      this.#all.groups.set(key, { message: group, handle: profile.addGroup(handles()) });
      return;
    }
    if (!found) throw missing(`${profile.name}: group ${group.groupId}`);
    if (type === Update_Type.DELETE) {
      this.#requireUnused('actionProfileGroupId', group.actionProfileId, group.groupId);
      profile.removeGroup(found.handle);
      this.#all.groups.delete(key);
      return;
    }
    profile.modifyGroup(found.handle, handles());
    this.#all.groups.set(key, { message: group, handle: found.handle });
  }

  #writeReplication(type: Update_Type, entity: Entity): void {
    const e = entity.entity;
    const entry = e?.$case === 'packetReplicationEngineEntry' ? e.value.type : undefined;
    const { $case, value } = defined(entry, 'checked replication entry');
    const key = entityKey(entity);
    const isKnown = this.#all.replication.has(key);
    if (type === Update_Type.INSERT && isKnown) throw exists(key);
    if (type !== Update_Type.INSERT && !isKnown) throw missing(key);
    const { replication } = this.v1;
    const isDelete = type === Update_Type.DELETE;
    const replicas = value.replicas.map((r) => ({ port: portOf(r), instance: r.instance }));
    if ($case === 'cloneSessionEntry') {
      if (isDelete) replication.removeCloneSession(value.sessionId);
      else replication.setCloneSession(value.sessionId, replicas, value.packetLengthBytes);
    } else if (isDelete) {
      replication.removeMulticastGroup(value.multicastGroupId);
    } else {
      replication.setMulticastGroup(value.multicastGroupId, replicas);
    }
    if (isDelete) this.#all.replication.delete(key);
    else this.#all.replication.set(key, entity);
  }

  /** What an entry points at; a one-shot action set becomes members and a group of its own. */
  #target(schema: TableSchema, entry: TableEntry): { target: EntryTarget; own?: number[] } {
    const type = defined(entry.action?.type, 'checked action');
    switch (type.$case) {
      case 'action':
        return { target: this.#call(type.value) };
      case 'actionProfileMemberId':
        return { target: { member: this.#memberHandle(schema.profileId, type.value) } };
      case 'actionProfileGroupId': {
        const group = this.#all.groups.get(`${schema.profileId}/${type.value}`);
        if (!group) throw missing(`${schema.name}: group ${type.value}`);
        return { target: { group: group.handle } };
      }
      case 'actionProfileActionSet': {
        const profile = this.#profile(schema.profileId);
        const actions = type.value.actionProfileActions;
        const members = actions.map(({ action }) =>
          profile.addMember(this.#call(defined(action, 'action'))),
        );
        const weighted = members.flatMap((m, i) => new Array<number>(actions[i]!.weight).fill(m));
        const group = profile.addGroup(weighted);
        return { target: { group }, own: [group, ...members] };
      }
    }
  }

  #releaseOwn(schema: TableSchema, stored: Stored<TableEntry>): void {
    if (!stored.own) return;
    const profile = this.#profile(schema.profileId);
    const [group, ...members] = stored.own;
    profile.removeGroup(group!);
    for (const member of members) profile.removeMember(member);
  }

  /** Throws FAILED_PRECONDITION while an entry refers to a member or group. */
  #requireUnused(
    kind: 'actionProfileMemberId' | 'actionProfileGroupId',
    profileId: number,
    id: number,
  ): void {
    for (const { message } of this.#all.entries.values()) {
      const type = message.action?.type;
      if (type?.$case !== kind || type.value !== id) continue;
      if (this.schema.tables.get(message.tableId).profileId === profileId) {
        throw new StatusError(Code.FAILED_PRECONDITION, `${id} is in use by an entry`);
      }
    }
  }

  #memberHandle(profileId: number, memberId: number): number {
    const member = this.#all.members.get(`${profileId}/${memberId}`);
    if (!member) throw missing(`member ${memberId}`);
    return member.handle;
  }

  #call(action: Action): ActionCall {
    const schema = this.schema.actions.get(action.actionId);
    const params = schema.params.map(({ id, name, bitWidth }) => {
      const given = action.params.find((p) => p.paramId === id);
      return padded(defined(given, 'parameter').value, bitWidth, name);
    });
    return { action: schema.name, params };
  }

  #table(schema: TableSchema): TableControl {
    return defined(this.v1.tables.get(schema.name), schema.name);
  }

  #profile(id: number): ProfileControl {
    const { name } = this.schema.profiles.get(id);
    return defined(this.v1.profiles.get(name), name);
  }
}

function exists(what: string): StatusError {
  return new StatusError(Code.ALREADY_EXISTS, `${what}: exists`);
}

function missing(what: string): StatusError {
  return new StatusError(Code.NOT_FOUND, `${what}: not found`);
}

/** A conflict within a profile is a reference that still stands. */
function inUse(run: () => void): void {
  try {
    run();
  } catch (error) {
    throw new StatusError(Code.FAILED_PRECONDITION, 'in use', { cause: error });
  }
}

/** The entry without what is read separately. */
function stripped(entry: TableEntry): TableEntry {
  return { ...entry, counterData: undefined, meterConfig: undefined, isConst: false };
}

function counterValue(entry: TableEntry): { packets: number; bytes: number } {
  const data = defined(entry.counterData, 'counter data');
  return { packets: Number(data.packetCount), bytes: Number(data.byteCount) };
}

function keyMatch(field: TableSchema['fields'][number], match: FieldMatch[]): KeyMatch {
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
