/** What makes two entities the same object: their key as text. Sync and stores compare by it. */
import type { Entity, FieldMatch, TableEntry } from '../proto/index.js';
import { canonical, hexOf } from './bytestring.js';

const hex = (bytes: Uint8Array): string => hexOf(canonical(bytes));

/** The key of an entity; entities with equal keys cannot exist side by side. */
export function entityKey(entity: Entity): string {
  const e = entity.entity;
  switch (e?.$case) {
    case 'tableEntry':
      return tableEntryKey(e.value);
    case 'actionProfileMember':
      return `member/${e.value.actionProfileId}/${e.value.memberId}`;
    case 'actionProfileGroup':
      return `group/${e.value.actionProfileId}/${e.value.groupId}`;
    case 'counterEntry':
      return `counter/${e.value.counterId}/${e.value.index?.index ?? 0n}`;
    case 'meterEntry':
      return `meter/${e.value.meterId}/${e.value.index?.index ?? 0n}`;
    case 'registerEntry':
      return `register/${e.value.registerId}/${e.value.index?.index ?? 0n}`;
    case 'directCounterEntry':
      return `direct counter/${e.value.tableEntry ? tableEntryKey(e.value.tableEntry) : ''}`;
    case 'directMeterEntry':
      return `direct meter/${e.value.tableEntry ? tableEntryKey(e.value.tableEntry) : ''}`;
    case 'valueSetEntry':
      return `value set/${e.value.valueSetId}`;
    case 'digestEntry':
      return `digest/${e.value.digestId}`;
    case 'packetReplicationEngineEntry': {
      const type = e.value.type;
      if (type?.$case === 'cloneSessionEntry') return `clone session/${type.value.sessionId}`;
      return `multicast group/${type?.value.multicastGroupId ?? 0}`;
    }
    default:
      return e?.$case ?? 'nothing';
  }
}

/** The key of a table entry: table, match and priority. */
export function tableEntryKey(entry: TableEntry): string {
  if (entry.isDefaultAction) return `table/${entry.tableId}/default`;
  return `table/${entry.tableId}/${fieldsKey(entry.match)}/${entry.priority}`;
}

/** The fields of a match, whatever their order. */
export function fieldsKey(match: readonly FieldMatch[]): string {
  if (match.length === 1) return fieldKey(match[0]!);
  return [...match]
    .sort((a, b) => a.fieldId - b.fieldId)
    .map(fieldKey)
    .join(',');
}

function fieldKey(match: FieldMatch): string {
  const m = match.fieldMatchType;
  switch (m?.$case) {
    case 'exact':
      return `${match.fieldId}=${hex(m.value.value)}`;
    case 'lpm':
      return `${match.fieldId}=${hex(m.value.value)}/${m.value.prefixLen}`;
    case 'ternary':
      return `${match.fieldId}=${hex(m.value.value)}&${hex(m.value.mask)}`;
    case 'range':
      return `${match.fieldId}=${hex(m.value.low)}..${hex(m.value.high)}`;
    case 'optional':
      return `${match.fieldId}=${hex(m.value.value)}`;
    default:
      return `${match.fieldId}`;
  }
}
