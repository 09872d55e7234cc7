/** Action profiles and selectors: members with their actions, and groups of members. */
import type { Action, Profile } from '../bmv2/index.js';
import { UmbraError } from '../base/errors.js';
import type { ActionCall, GroupMember, ProfileControl } from './control.js';
import { ActionRows, Handles, nextVersion } from './rows.js';

/** The most that the weights of one group may add up to. */
const MAX_GROUP_WEIGHT = 65536;

interface SavedProfile {
  version: number;
  members: Map<number, ActionCall>;
  groups: Map<number, readonly GroupMember[]>;
  handles: [ReturnType<Handles['save']>, ReturnType<Handles['save']>];
}

/** Rows past the members belong to the tables: one for each table's default action. */
export class ActionProfile implements ProfileControl {
  readonly name: string;
  readonly size: number;
  readonly isSelector: boolean;
  readonly rows: ActionRows;
  readonly #members = new Map<number, ActionCall>();
  readonly #groups = new Map<number, readonly GroupMember[]>();
  /** Groups as generated code reads them; an index is a group's handle. */
  #choices: Int32Array[] = [];
  readonly #memberHandles: Handles;
  readonly #groupHandles: Handles;
  #version = nextVersion();
  #saved: SavedProfile | undefined;

  /**
   * @param ids actions of the tables that use it; `tables` how many they are
   * @param downPorts the ports that are down; the switch keeps it
   */
  constructor(
    profile: Profile,
    actions: readonly Action[],
    ids: readonly number[],
    tables: number,
    private readonly downPorts: ReadonlySet<number>,
  ) {
    this.name = profile.name;
    this.size = profile.size;
    this.isSelector = profile.selector !== undefined;
    this.rows = new ActionRows(profile.name, actions, ids, profile.size + tables);
    this.#memberHandles = new Handles(0, profile.size, profile.name);
    this.#groupHandles = new Handles(0, profile.size, `${profile.name}: groups`);
  }

  /** For generated code: the member of reference `ref` (below -1) that a hash picks, or -1. */
  choose(ref: number, hash: number): number {
    const members = this.#choices[-ref - 2];
    return members === undefined || members.length === 0 ? -1 : members[hash % members.length]!;
  }

  /** As `choose`, by a hash of 64 bits in two words. */
  chooseWide(ref: number, high: number, low: number): number {
    const count = this.#choices[-ref - 2]?.length ?? 0;
    if (count === 0) return -1;
    return this.choose(ref, ((high >>> 0) % count) * 4294967296 + (low >>> 0));
  }

  addMember(call: ActionCall): number {
    this.rows.check(call);
    const handle = this.#memberHandles.take();
    this.#setMember(handle, call);
    return handle;
  }

  /** What a member does; undefined when there is none. */
  member(handle: number): ActionCall | undefined {
    return this.#members.get(handle);
  }

  modifyMember(handle: number, call: ActionCall): void {
    this.requireMember(handle);
    this.rows.check(call);
    this.#setMember(handle, call);
  }

  removeMember(handle: number): void {
    this.requireMember(handle);
    for (const members of this.#groups.values()) {
      if (members.some(({ member }) => member === handle)) {
        throw new UmbraError('CONFLICT', `${this.name}: member ${handle} is in use by a group`);
      }
    }
    this.#members.delete(handle);
    this.rows.clear(handle);
    this.#memberHandles.give(handle);
    this.#version = nextVersion();
  }

  addGroup(members: readonly GroupMember[]): number {
    this.#checkGroup(members);
    const handle = this.#groupHandles.take();
    this.#setGroup(handle, members);
    return handle;
  }

  modifyGroup(handle: number, members: readonly GroupMember[]): void {
    this.requireGroup(handle);
    this.#checkGroup(members);
    this.#setGroup(handle, members);
  }

  removeGroup(handle: number): void {
    this.requireGroup(handle);
    this.#groups.delete(handle);
    this.#choices[handle] = new Int32Array(0);
    this.#groupHandles.give(handle);
    this.#version = nextVersion();
  }

  /** Takes the members out whose port is down; to be called when a port went down or came up. */
  portsChanged(): void {
    for (const [handle, members] of this.#groups) {
      if (members.some(({ watchPort }) => watchPort !== undefined)) this.#choose(handle, members);
    }
  }

  requireMember(handle: number): void {
    if (!this.#members.has(handle)) {
      throw new UmbraError('NOT_FOUND', `${this.name}: no member ${handle}`);
    }
  }

  requireGroup(handle: number): void {
    if (!this.#groups.has(handle)) {
      throw new UmbraError('NOT_FOUND', `${this.name}: no group ${handle}`);
    }
  }

  save(): SavedProfile {
    if (this.#saved?.version !== this.#version) {
      this.#saved = {
        version: this.#version,
        members: new Map(this.#members),
        groups: new Map(this.#groups),
        handles: [this.#memberHandles.save(), this.#groupHandles.save()],
      };
    }
    return this.#saved;
  }

  load(saved: SavedProfile): void {
    if (saved.version === this.#version) {
      this.portsChanged();
      return;
    }
    for (const handle of this.#members.keys()) {
      if (!saved.members.has(handle)) this.rows.clear(handle);
    }
    for (const [handle, call] of saved.members) {
      if (this.#members.get(handle) !== call) this.rows.set(handle, call);
    }
    this.#members.clear();
    for (const [handle, call] of saved.members) this.#members.set(handle, call);
    this.#groups.clear();
    this.#choices = [];
    for (const [handle, members] of saved.groups) this.#setGroup(handle, members);
    this.#memberHandles.load(saved.handles[0]);
    this.#groupHandles.load(saved.handles[1]);
    this.#version = saved.version;
    this.#saved = saved;
  }

  #setMember(handle: number, call: ActionCall): void {
    this.rows.set(handle, call);
    this.#members.set(handle, call);
    this.#version = nextVersion();
  }

  #checkGroup(members: readonly GroupMember[]): void {
    for (const { member } of members) this.requireMember(member);
    const weight = members.reduce((sum, member) => sum + member.weight, 0);
    if (weight > MAX_GROUP_WEIGHT) {
      throw new UmbraError(
        'LIMIT',
        `${this.name}: a group of weight ${weight}, ${MAX_GROUP_WEIGHT} at most`,
      );
    }
  }

  #setGroup(handle: number, members: readonly GroupMember[]): void {
    this.#groups.set(handle, members.slice());
    while (this.#choices.length <= handle) this.#choices.push(new Int32Array(0));
    this.#choose(handle, members);
    this.#version = nextVersion();
  }

  #choose(handle: number, members: readonly GroupMember[]): void {
    const live = members.filter(
      ({ watchPort }) => watchPort === undefined || !this.downPorts.has(watchPort),
    );
    const choices = live.flatMap(({ member, weight }) => new Array<number>(weight).fill(member));
    // The reference target counts a group's members in the order of their handles.
    this.#choices[handle] = Int32Array.from(choices).sort();
  }
}
