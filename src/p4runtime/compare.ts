/** Two states of a device compared: what to write to make one the other. */
import {
  Update_Type,
  type Action,
  type Entity,
  type MeterConfig,
  type Update,
} from '../proto/index.js';
import { canonical, hexOf } from './bytestring.js';
import { entityKey, fieldsKey } from './entityKey.js';
import { portOf } from './validateReplication.js';

/** How an entity of the wanted state stands in the present one. */
export interface Difference {
  kind: 'missing' | 'excess' | 'different';
  key: string;
  /** As wanted; for excess, as present. */
  entity: Entity;
}

/** The differences of `have` from `want`, in the order of keys given. */
export function compareEntities(have: readonly Entity[], want: readonly Entity[]): Difference[] {
  const present = new Map(have.map((entity) => [entityKey(entity), entity]));
  const differences: Difference[] = [];
  for (const entity of want) {
    const key = entityKey(entity);
    const found = present.get(key);
    present.delete(key);
    if (!found) differences.push({ kind: 'missing', key, entity });
    else if (entityContent(found) !== entityContent(entity)) {
      differences.push({ kind: 'different', key, entity });
    }
  }
  for (const [key, entity] of present) differences.push({ kind: 'excess', key, entity });
  return differences;
}

/**
 * The batches that carry out differences. What is referred to comes before what refers to it, and
 * goes after it; each batch is one Write.
 */
export function updatesFor(differences: readonly Difference[]): Update[][] {
  const ranked = (kind: Difference['kind'], rank: number): Entity[] =>
    differences.filter((d) => d.kind === kind && rankOf(d.entity) === rank).map((d) => d.entity);
  const batch = (type: Update_Type, entities: Entity[]): Update[] =>
    entities.map((entity) => ({ type, entity }));
  // What a device has by itself is changed, never made or taken away.
  const isDefault = ({ entity }: Entity): boolean =>
    (entity?.$case === 'tableEntry' && entity.value.isDefaultAction) ||
    entity?.$case === 'meterEntry' ||
    entity?.$case === 'valueSetEntry';
  const batches: Update[][] = [];
  for (const rank of [0, 1, 2]) {
    const missing = ranked('missing', rank);
    batches.push(
      batch(
        Update_Type.INSERT,
        missing.filter((e) => !isDefault(e)),
      ),
    );
    batches.push(
      batch(Update_Type.MODIFY, [...missing.filter(isDefault), ...ranked('different', rank)]),
    );
  }
  for (const rank of [2, 1, 0]) {
    const excess = ranked('excess', rank);
    batches.push(
      batch(
        Update_Type.DELETE,
        excess.filter((e) => !isDefault(e)),
      ),
    );
    batches.push(batch(Update_Type.MODIFY, excess.filter(isDefault).map(asUnset)));
  }
  return batches.filter((updates) => updates.length > 0);
}

function rankOf({ entity }: Entity): number {
  switch (entity?.$case) {
    case 'actionProfileMember':
    case 'packetReplicationEngineEntry':
      return 0;
    case 'actionProfileGroup':
      return 1;
    default:
      return 2;
  }
}

function asUnset(entity: Entity): Entity {
  const e = entity.entity;
  switch (e?.$case) {
    case 'tableEntry':
      return { entity: { $case: 'tableEntry', value: { ...e.value, action: undefined } } };
    case 'meterEntry':
      return { entity: { $case: 'meterEntry', value: { ...e.value, config: undefined } } };
    case 'valueSetEntry':
      return { entity: { $case: 'valueSetEntry', value: { ...e.value, members: [] } } };
    default:
      return entity;
  }
}

/** What an entity says besides its key, as text; counters and meters left out. */
export function entityContent(entity: Entity): string {
  const e = entity.entity;
  switch (e?.$case) {
    case 'tableEntry': {
      const type = e.value.action?.type;
      const { metadata, controllerMetadata, idleTimeoutNs, meterConfig } = e.value;
      const limits = `${idleTimeoutNs}${meterConfig ? meterText(meterConfig) : ''}`;
      const rest = `${hexOf(metadata)}/${controllerMetadata}/${limits}`;
      if (type?.$case === 'action') return `${actionText(type.value)}/${rest}`;
      if (type?.$case === 'actionProfileActionSet') {
        const parts = type.value.actionProfileActions.map(
          (part) => `${part.action ? actionText(part.action) : ''}*${part.weight}`,
        );
        return `${parts.join(' ')}/${rest}`;
      }
      return `${type?.$case} ${type?.value ?? ''}/${rest}`;
    }
    case 'actionProfileMember':
      return e.value.action ? actionText(e.value.action) : '';
    case 'actionProfileGroup':
      return e.value.members
        .map((member) => `${member.memberId}*${member.weight}`)
        .sort()
        .join(' ');
    case 'packetReplicationEngineEntry': {
      const type = e.value.type;
      const replicas = (type?.value.replicas ?? []).map((r) => `${portOf(r)}/${r.instance}`);
      const cut = type?.$case === 'cloneSessionEntry' ? type.value.packetLengthBytes : 0;
      return `${replicas.sort().join(' ')} ${cut}`;
    }
    case 'meterEntry':
      return e.value.config ? meterText(e.value.config) : '';
    case 'valueSetEntry':
      return e.value.members.map((member) => fieldsKey(member.match)).sort().join(' ');
    default:
      return '';
  }
}

function meterText({ cir, cburst, pir, pburst }: MeterConfig): string {
  return [cir, cburst, pir, pburst].join(':');
}

function actionText(action: Action): string {
  const params = action.params
    .map(({ paramId, value }) => `${paramId}=${hexOf(canonical(value))}`)
    .sort();
  return `${action.actionId}(${params.join(',')})`;
}
