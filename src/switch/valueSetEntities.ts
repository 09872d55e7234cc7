/** Parser value sets. Spec: P4Runtime 1.5, section 9.6. */
import { defined } from '../base/assert.js';
import { Code, StatusError, type Schema } from '../p4runtime/index.js';
import type { ValueSetEntry } from '../proto/index.js';
import type { V1Switch } from '../v1model/index.js';
import { canonicalValueSet } from './canonicalEntity.js';
import { keyMatch } from './v1Values.js';

/** The value sets of one pipeline. */
export class ValueSetEntities {
  /** The sets that were written, by id; the others are empty. */
  #all = new Map<number, ValueSetEntry>();

  constructor(
    private readonly schema: Schema,
    private readonly v1: V1Switch,
  ) {}

  /** The set with this id, all of them with id 0. Throws NOT_FOUND. */
  read(id: number): ValueSetEntry[] {
    const { valueSets } = this.schema;
    if (id !== 0 && !valueSets.find(id)) {
      throw new StatusError(Code.NOT_FOUND, `no value set ${id}`);
    }
    const wanted = valueSets.all.filter((set) => id === 0 || set.id === id);
    return wanted.map((set) => this.#all.get(set.id) ?? { valueSetId: set.id, members: [] });
  }

  /** Puts other members in place of all. */
  write(entry: ValueSetEntry): void {
    const { name, fields } = this.schema.valueSets.get(entry.valueSetId);
    const members = entry.members.map(({ match }) =>
      fields.map((field) => keyMatch(field, match)),
    );
    defined(this.v1.valueSets.get(name), name).replace(members);
    this.#all.set(entry.valueSetId, canonicalValueSet(entry));
  }

  save(): Map<number, ValueSetEntry> {
    return new Map(this.#all);
  }

  load(saved: Map<number, ValueSetEntry>): void {
    this.#all = new Map(saved);
  }
}
