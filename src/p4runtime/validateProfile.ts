/** Members and groups against their action profile. Spec: section 9.2. */
import {
  Update_Type,
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
  const size = profile.countsMembers
    ? group.members.length
    : group.members.reduce((sum, member) => sum + member.weight, 0);
  if (maxSize > 0 && size > maxSize) {
    const what = `${name}: group of ${size}, max_size ${maxSize}`;
    throw new StatusError(Code.RESOURCE_EXHAUSTED, what);
  }
}

/** Throws unless every weight is one that the profile allows. */
export function validateWeights(
  profile: ProfileSchema,
  members: readonly { weight: number }[],
): void {
  const { name, weightsDisallowed, maxMemberWeight } = profile;
  for (const { weight } of members) {
    if (weightsDisallowed ? weight !== 0 : weight <= 0) throw invalid(`${name}: weight ${weight}`);
    if (maxMemberWeight > 0 && weight > maxMemberWeight) {
      throw invalid(`${name}: weight ${weight}, ${maxMemberWeight} at most`);
    }
  }
}
