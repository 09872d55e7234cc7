/** Members and groups against their action profile. Spec: section 9.2. */
import {
  ActionProfileActionSet_ActionSelectionMode,
  ActionProfileActionSet_SizeSemantics as Semantics,
  Update_Type,
  type Action,
  type ActionProfileActionSet,
  type ActionProfileGroup,
  type ActionProfileMember,
} from '../proto/index.js';
import type { ProfileSchema, Schema } from './schema.js';
import { Code, invalid, StatusError } from './status.js';
import { validateAction } from './validateAction.js';

/** Throws a StatusError when P4Info forbids to write this member. */
export function validateMember(
  schema: Schema,
  type: Update_Type,
  profile: ProfileSchema,
  member: ActionProfileMember,
): void {
  if (member.memberId === 0) throw invalid(`${profile.name}: member id 0`);
  if (type === Update_Type.DELETE) return;
  if (!member.action) throw invalid(`${profile.name}: a member needs an action`);
  const actions = profile.tableIds.flatMap((id) => schema.tables.get(id).actions);
  validateAction(actions, member.action, profile.name);
}

/** Throws a StatusError when P4Info forbids to write this group. */
export function validateGroup(
  type: Update_Type,
  profile: ProfileSchema,
  group: ActionProfileGroup,
): void {
  const { name, maxGroupSize } = profile;
  if (!profile.withSelector) throw invalid(`${name}: has no groups`);
  if (group.groupId === 0) throw invalid(`${name}: group id 0`);
  if (type === Update_Type.DELETE) return;
  const ids = new Set(group.members.map((member) => member.memberId));
  if (ids.size !== group.members.length) throw invalid(`${name}: a member twice`);
  validateWeights(profile, group.members);
  const { maxSize } = group;
  const isLegal = maxGroupSize > 0 ? maxSize > 0 && maxSize <= maxGroupSize : maxSize >= 0;
  if (!isLegal) throw invalid(`${name}: max_size ${maxSize}, max_group_size ${maxGroupSize}`);
  const size = sizeOf(profile, profile.countsMembers, group.members);
  if (maxSize > 0 && size > maxSize) {
    const what = `${name}: group of ${size}, max_size ${maxSize}`;
    throw new StatusError(Code.RESOURCE_EXHAUSTED, what);
  }
}

/** Throws a StatusError when P4Info forbids this one-shot set. Spec: section 9.2.3. */
export function validateActionSet(
  profile: ProfileSchema,
  set: ActionProfileActionSet,
  owner: string,
  checkAction: (action: Action) => void,
): void {
  if (set.groupAction) throw unimplemented(`${owner}: an action for the whole group`);
  if (set.actionSelectionMode === ActionProfileActionSet_ActionSelectionMode.RANDOM) {
    throw unimplemented(`${owner}: selection at random`);
  }
  const { actionProfileActions: parts, sizeSemantics } = set;
  const countsMembers =
    sizeSemantics === Semantics.DEFAULT_SIZE_DETERMINED_BY_ACTION_SELECTOR
      ? profile.countsMembers
      : sizeSemantics === Semantics.SUM_OF_MEMBERS;
  validateWeights(profile, parts);
  const size = sizeOf(profile, countsMembers, parts);
  if (profile.maxGroupSize > 0 && size > profile.maxGroupSize) {
    throw invalid(`${owner}: set of ${size}, ${profile.maxGroupSize} at most`);
  }
  for (const { action } of parts) {
    if (!action) throw invalid(`${owner}: a set is of actions`);
    checkAction(action);
  }
}

function unimplemented(what: string): StatusError {
  return new StatusError(Code.UNIMPLEMENTED, `${what} is not implemented`);
}

/** The size of a group by the rule of its selector. */
function sizeOf(
  { weightsDisallowed }: ProfileSchema,
  countsMembers: boolean,
  members: readonly { weight: number }[],
): number {
  if (countsMembers || weightsDisallowed) return members.length;
  return members.reduce((sum, { weight }) => sum + weight, 0);
}

/** Throws unless every weight is one that the profile allows. */
function validateWeights(profile: ProfileSchema, members: readonly { weight: number }[]): void {
  const { name, weightsDisallowed, maxMemberWeight } = profile;
  for (const { weight } of members) {
    if (weightsDisallowed ? weight !== 0 : weight <= 0) throw invalid(`${name}: weight ${weight}`);
    if (maxMemberWeight > 0 && weight > maxMemberWeight) {
      throw invalid(`${name}: weight ${weight}, ${maxMemberWeight} at most`);
    }
  }
}
