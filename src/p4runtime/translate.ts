/** Entities of one program in the ids of another that has the same names. */
import { UmbraError } from '../base/errors.js';
import type { Action, Entity, TableEntry } from '../proto/index.js';
import type { Schema } from './schema.js';

/** Carries entities from the schema they were read under to another one, by name. */
export class Translator {
  constructor(
    private readonly from: Schema,
    private readonly to: Schema,
  ) {}

  /** Throws NOT_FOUND naming what the other program lacks. */
  entity(entity: Entity): Entity {
    const e = entity.entity;
    switch (e?.$case) {
      case 'tableEntry':
        return { entity: { $case: 'tableEntry', value: this.#tableEntry(e.value) } };
      case 'actionProfileMember': {
        const actionProfileId = this.#profile(e.value.actionProfileId);
        const action = e.value.action && this.#action(e.value.action);
        return {
          entity: { $case: 'actionProfileMember', value: { ...e.value, actionProfileId, action } },
        };
      }
      case 'actionProfileGroup': {
        const actionProfileId = this.#profile(e.value.actionProfileId);
        return { entity: { $case: 'actionProfileGroup', value: { ...e.value, actionProfileId } } };
      }
      case 'packetReplicationEngineEntry':
        return entity;
      case 'meterEntry': {
        const meterId = this.to.meters.get(this.from.meters.get(e.value.meterId).name).id;
        return { entity: { $case: 'meterEntry', value: { ...e.value, meterId } } };
      }
      case 'valueSetEntry': {
        const { name } = this.from.valueSets.get(e.value.valueSetId);
        const valueSetId = this.to.valueSets.get(name).id;
        return { entity: { $case: 'valueSetEntry', value: { ...e.value, valueSetId } } };
      }
      default:
        throw new UmbraError('INVALID_INPUT', `${e?.$case ?? 'nothing'} cannot be carried over`);
    }
  }

  #tableEntry(entry: TableEntry): TableEntry {
    const from = this.from.tables.get(entry.tableId);
    const to = this.to.tables.get(from.name);
    const match = entry.match.map((part) => {
      const name = from.fields.find((field) => field.id === part.fieldId)?.name;
      const field = to.fields.find((f) => f.name === name);
      if (!field) throw new UmbraError('NOT_FOUND', `${to.name}: no key '${name}'`);
      return { ...part, fieldId: field.id };
    });
    return { ...entry, tableId: to.id, match, action: this.#tableAction(entry.action) };
  }

  #tableAction(action: TableEntry['action']): TableEntry['action'] {
    const type = action?.type;
    if (type?.$case === 'action') {
      return { type: { $case: 'action', value: this.#action(type.value) } };
    }
    if (type?.$case === 'actionProfileActionSet') {
      const actionProfileActions = type.value.actionProfileActions.map((part) => ({
        ...part,
        action: part.action && this.#action(part.action),
      }));
      const value = { ...type.value, actionProfileActions };
      return { type: { $case: 'actionProfileActionSet', value } };
    }
    return action;
  }

  #action(action: Action): Action {
    const from = this.from.actions.get(action.actionId);
    const to = this.to.actions.get(from.name);
    const params = action.params.map((param) => {
      const name = from.params.find((p) => p.id === param.paramId)?.name;
      const found = to.params.find((p) => p.name === name);
      if (!found) throw new UmbraError('NOT_FOUND', `${to.name}: no parameter '${name}'`);
      return { ...param, paramId: found.id };
    });
    return { actionId: to.id, params };
  }

  #profile(id: number): number {
    return this.to.profiles.get(this.from.profiles.get(id).name).id;
  }
}
