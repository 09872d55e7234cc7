/**
 * Entities as they are kept: byte strings in canonical form, so that reads give the shortest, and
 * copied, so that no message holds on to the buffer it came in. Spec: sections 8.2 and 8.3.
 */
import { canonical } from '../p4runtime/index.js';
import type {
  Action,
  ActionProfileGroup,
  ActionProfileMember,
  CloneSessionEntry,
  FieldMatch,
  MulticastGroupEntry,
  Replica,
  TableAction,
  TableEntry,
  ValueSetEntry,
} from '../proto/index.js';

/** An entry without its direct resources, which are read from the switch. */
export function canonicalEntry(entry: TableEntry): TableEntry {
  return {
    tableId: entry.tableId,
    match: entry.match.map(canonicalMatch),
    action: entry.action && canonicalTableAction(entry.action),
    priority: entry.priority,
    controllerMetadata: entry.controllerMetadata,
    meterConfig: undefined,
    counterData: undefined,
    meterCounterData: undefined,
    isDefaultAction: entry.isDefaultAction,
    idleTimeoutNs: entry.idleTimeoutNs,
    timeSinceLastHit: undefined,
    metadata: entry.metadata.slice(),
    isConst: entry.isConst,
  };
}

/** One field of a key. */
export function canonicalMatch({ fieldId, fieldMatchType: m }: FieldMatch): FieldMatch {
  switch (m?.$case) {
    case 'exact':
    case 'optional': {
      const value = { value: canonical(m.value.value) };
      return { fieldId, fieldMatchType: { $case: m.$case, value } };
    }
    case 'lpm': {
      const value = { value: canonical(m.value.value), prefixLen: m.value.prefixLen };
      return { fieldId, fieldMatchType: { $case: 'lpm', value } };
    }
    case 'ternary': {
      const value = { value: canonical(m.value.value), mask: canonical(m.value.mask) };
      return { fieldId, fieldMatchType: { $case: 'ternary', value } };
    }
    case 'range': {
      const value = { low: canonical(m.value.low), high: canonical(m.value.high) };
      return { fieldId, fieldMatchType: { $case: 'range', value } };
    }
    default:
      return { fieldId, fieldMatchType: m };
  }
}

function canonicalAction({ actionId, params }: Action): Action {
  return {
    actionId,
    params: params.map(({ paramId, value }) => ({ paramId, value: canonical(value) })),
  };
}

function canonicalTableAction({ type }: TableAction): TableAction {
  if (type?.$case === 'action') {
    return { type: { $case: 'action', value: canonicalAction(type.value) } };
  }
  if (type?.$case !== 'actionProfileActionSet') return { type };
  const actionProfileActions = type.value.actionProfileActions.map((part) => ({
    action: part.action && canonicalAction(part.action),
    weight: part.weight,
    watchKind: canonicalWatch(part.watchKind),
  }));
  return { type: { $case: type.$case, value: { ...type.value, actionProfileActions } } };
}

type WatchKind = ActionProfileGroup['members'][number]['watchKind'];

function canonicalWatch(watch: WatchKind): WatchKind {
  if (watch?.$case !== 'watchPort') return watch;
  return { $case: 'watchPort', value: canonical(watch.value) };
}

/** A member with its action. */
export function canonicalMember(member: ActionProfileMember): ActionProfileMember {
  return { ...member, action: member.action && canonicalAction(member.action) };
}

/** A group with its members' watch ports. */
export function canonicalGroup(group: ActionProfileGroup): ActionProfileGroup {
  const members = group.members.map((member) => ({
    ...member,
    watchKind: canonicalWatch(member.watchKind),
  }));
  return { ...group, members };
}

/** Replicas with their ports. */
export function canonicalReplicas(replicas: readonly Replica[]): Replica[] {
  return replicas.map(({ portKind, instance, backupReplicas }) => ({
    portKind:
      portKind?.$case === 'port'
        ? { $case: 'port', value: canonical(portKind.value) }
        : portKind,
    instance,
    backupReplicas: backupReplicas.map((b) => ({ ...b, port: canonical(b.port) })),
  }));
}

/** A multicast group with its metadata. */
export function canonicalMulticast(group: MulticastGroupEntry): MulticastGroupEntry {
  const { multicastGroupId, replicas, metadata } = group;
  return { multicastGroupId, replicas: canonicalReplicas(replicas), metadata: metadata.slice() };
}

/** A clone session. */
export function canonicalSession(session: CloneSessionEntry): CloneSessionEntry {
  return { ...session, replicas: canonicalReplicas(session.replicas) };
}

/** A value set with its members. */
export function canonicalValueSet({ valueSetId, members }: ValueSetEntry): ValueSetEntry {
  return {
    valueSetId,
    members: members.map(({ match }) => ({ match: match.map(canonicalMatch) })),
  };
}
