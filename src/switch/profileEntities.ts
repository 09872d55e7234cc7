/** Members and groups of action profiles, and one-shot sets. Spec: P4Runtime 1.5, section 9.2. */
import { defined } from '../base/assert.js';
import { bigintOf, Code, StatusError, type Schema } from '../p4runtime/index.js';
import {
  Update_Type,
  type ActionProfileActionSet,
  type ActionProfileGroup,
  type ActionProfileMember,
  type TableAction,
} from '../proto/index.js';
import type { EntryTarget, ProfileControl, V1Switch } from '../v1model/index.js';
import { canonicalGroup, canonicalMember } from './canonicalEntity.js';
import { callOf, exists, missing } from './v1Values.js';

/** An entity and the switch's handle for it. */
export interface Stored<T> {
  message: T;
  handle: number;
}

/** The group and the members that a one-shot set was made into. */
export interface OneShot {
  profileId: number;
  group: number;
  members: readonly number[];
}

interface Collections {
  members: Map<string, Stored<ActionProfileMember>>;
  groups: Map<string, Stored<ActionProfileGroup>>;
  /** By `usageKey`: how many entries refer to each member and group, and so on. */
  usage: Map<string, number>;
}

/** Entries on a member or group; entries with one-shot sets; members and groups of a profile. */
type UsageKind = 'member' | 'group' | 'set' | 'one by one';

/** The members and groups of one pipeline. */
export class ProfileEntities {
  #all: Collections = { members: new Map(), groups: new Map(), usage: new Map() };

  constructor(
    private readonly schema: Schema,
    private readonly v1: V1Switch,
  ) {}

  members(): ActionProfileMember[] {
    return [...this.#all.members.values()].map(({ message }) => message);
  }

  groups(): ActionProfileGroup[] {
    return [...this.#all.groups.values()].map(({ message }) => message);
  }

  save(): Collections {
    return copy(this.#all);
  }

  load(saved: Collections): void {
    this.#all = copy(saved);
  }

  writeMember(type: Update_Type, member: ActionProfileMember): void {
    const { actionProfileId, memberId } = member;
    const profile = this.#profile(actionProfileId);
    const key = `${actionProfileId}/${memberId}`;
    const what = `${profile.name}: member ${memberId}`;
    const found = this.#all.members.get(key);
    if (type === Update_Type.INSERT) {
      if (found) throw exists(what);
      this.#requireNoSets(actionProfileId, what);
      const handle = profile.addMember(callOf(this.schema, defined(member.action, 'action')));
      this.#all.members.set(key, { message: canonicalMember(member), handle });
      this.#count('one by one', actionProfileId, 0, 1);
      return;
    }
    if (!found) throw missing(what);
    if (type === Update_Type.DELETE) {
      this.#requireUnused('member', actionProfileId, memberId, what);
      removeMember(profile, found.handle, what);
      this.#all.members.delete(key);
      this.#count('one by one', actionProfileId, 0, -1);
      return;
    }
    profile.modifyMember(found.handle, callOf(this.schema, defined(member.action, 'action')));
    this.#all.members.set(key, { message: canonicalMember(member), handle: found.handle });
  }

  writeGroup(type: Update_Type, group: ActionProfileGroup): void {
    const { actionProfileId, groupId } = group;
    const profile = this.#profile(actionProfileId);
    const key = `${actionProfileId}/${groupId}`;
    const what = `${profile.name}: group ${groupId}`;
    const found = this.#all.groups.get(key);
    if (type === Update_Type.INSERT) {
      if (found) throw exists(what);
      this.#requireNoSets(actionProfileId, what);
      const handle = profile.addGroup(this.#groupMembers(group, what));
      this.#all.groups.set(key, { message: canonicalGroup(group), handle });
      this.#count('one by one', actionProfileId, 0, 1);
      return;
    }
    if (!found) throw missing(what);
    if (type === Update_Type.DELETE) {
      this.#requireUnused('group', actionProfileId, groupId, what);
      profile.removeGroup(found.handle);
      this.#all.groups.delete(key);
      this.#count('one by one', actionProfileId, 0, -1);
      return;
    }
    if (group.maxSize !== found.message.maxSize) {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        `${what}: max_size ${group.maxSize}, inserted with ${found.message.maxSize}`,
      );
    }
    profile.modifyGroup(found.handle, this.#groupMembers(group, what));
    this.#all.groups.set(key, { message: canonicalGroup(group), handle: found.handle });
  }

  /** What an indirect table's entry points at. Throws NOT_FOUND, INVALID_ARGUMENT. */
  target(profileId: number, type: NonNullable<TableAction['type']>): EntryTarget {
    if (type.$case === 'actionProfileMemberId') {
      return { member: this.#memberHandle(profileId, type.value) };
    }
    if (type.$case !== 'actionProfileGroupId') throw new Error(`not a reference: ${type.$case}`);
    const group = this.#all.groups.get(`${profileId}/${type.value}`);
    if (!group) throw missing(`${this.#profile(profileId).name}: group ${type.value}`);
    return { group: group.handle };
  }

  /** Makes a one-shot set. Nothing is left of it when it throws. */
  addSet(profileId: number, set: ActionProfileActionSet): OneShot {
    const profile = this.#profile(profileId);
    if (this.#all.usage.has(usageKey('one by one', profileId, 0))) {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        `${profile.name}: is programmed with members and groups, not with one-shot sets`,
      );
    }
    const members: number[] = [];
    try {
      for (const { action } of set.actionProfileActions) {
        members.push(profile.addMember(callOf(this.schema, defined(action, 'action'))));
      }
      const group = profile.addGroup(
        set.actionProfileActions.map(({ weight, watchKind }, i) => ({
          member: members[i]!,
          ...weighed(weight, watchKind, profile.name),
        })),
      );
      return { profileId, group, members };
    } catch (error) {
      for (const member of members) profile.removeMember(member);
      throw error;
    }
  }

  removeSet({ profileId, group, members }: OneShot): void {
    const profile = this.#profile(profileId);
    profile.removeGroup(group);
    for (const member of members) profile.removeMember(member);
  }

  /** An entry begins (1) or ceases (-1) to refer to what `action` names. */
  refer(profileId: number, action: TableAction | undefined, change: 1 | -1): void {
    const type = action?.type;
    if (!type || type.$case === 'action') return;
    if (type.$case === 'actionProfileActionSet') this.#count('set', profileId, 0, change);
    else if (type.$case === 'actionProfileMemberId') {
      this.#count('member', profileId, type.value, change);
    } else this.#count('group', profileId, type.value, change);
  }

  #groupMembers(group: ActionProfileGroup, what: string) {
    return group.members.map(({ memberId, weight, watchKind }) => ({
      member: this.#memberHandle(group.actionProfileId, memberId),
      ...weighed(weight, watchKind, what),
    }));
  }

  #memberHandle(profileId: number, memberId: number): number {
    const member = this.#all.members.get(`${profileId}/${memberId}`);
    if (!member) throw missing(`${this.#profile(profileId).name}: member ${memberId}`);
    return member.handle;
  }

  #count(kind: UsageKind, profileId: number, id: number, change: 1 | -1): void {
    const { usage } = this.#all;
    const key = usageKey(kind, profileId, id);
    const count = (usage.get(key) ?? 0) + change;
    if (count === 0) usage.delete(key);
    else usage.set(key, count);
  }

  #requireNoSets(profileId: number, what: string): void {
    if (!this.#all.usage.has(usageKey('set', profileId, 0))) return;
    throw new StatusError(
      Code.INVALID_ARGUMENT,
      `${what}: this selector is programmed with one-shot sets`,
    );
  }

  #requireUnused(kind: UsageKind, profileId: number, id: number, what: string): void {
    if (!this.#all.usage.has(usageKey(kind, profileId, id))) return;
    throw new StatusError(Code.FAILED_PRECONDITION, `${what}: is in use by an entry`);
  }

  #profile(id: number): ProfileControl {
    const { name } = this.schema.profiles.get(id);
    return defined(this.v1.profiles.get(name), name);
  }
}

function usageKey(kind: UsageKind, profileId: number, id: number): string {
  return `${kind}/${profileId}/${id}`;
}

function copy({ members, groups, usage }: Collections): Collections {
  return { members: new Map(members), groups: new Map(groups), usage: new Map(usage) };
}

function removeMember(profile: ProfileControl, handle: number, what: string): void {
  try {
    profile.removeMember(handle);
  } catch (error) {
    const message = `${what}: is in use by a group`;
    throw new StatusError(Code.FAILED_PRECONDITION, message, { cause: error });
  }
}

type WatchKind = ActionProfileGroup['members'][number]['watchKind'];

/** Where weights are disallowed all are 0, and equal. */
function weighed(weight: number, watch: WatchKind, what: string) {
  const part = { weight: Math.max(1, weight) };
  if (watch === undefined) return part;
  if (watch.$case === 'watchPort' && watch.value.length === 0) return part;
  const port = watch.$case === 'watchPort' ? Number(bigintOf(watch.value)) : watch.value;
  requirePort(port, what);
  return { ...part, watchPort: port };
}

/** Throws INVALID_ARGUMENT unless the number is one of a port: standard_metadata has 9 bits. */
export function requirePort(port: number, what: string): void {
  if (port >= 0 && port < 512) return;
  throw new StatusError(Code.INVALID_ARGUMENT, `${what}: no port ${port}`);
}
