/**
 * P4Runtime's entities laid over a v1model switch: the messages as they were written, so that they
 * read back equal, and the switch's own state behind them.
 */
import { defined } from '../base/assert.js';
import { Code, StatusError, type PlainEntry, type Schema } from '../p4runtime/index.js';
import type { Update, Update_Type } from '../proto/index.js';
import type { V1Switch } from '../v1model/index.js';
import { counterValue, meterRates, writeCounter, writeMeter, writeRegister } from './cells.js';
import type { Digests } from './digests.js';
import type { IdleTimeouts } from './idleTimeouts.js';
import { ProfileEntities } from './profileEntities.js';
import { ReplicationEntities } from './replicationEntities.js';
import { TableEntities } from './tableEntities.js';
import { ValueSetEntities } from './valueSetEntities.js';

/** What a store works with besides P4Info. */
export interface StoreParts {
  v1: V1Switch;
  digests: Digests;
  idle: IdleTimeouts;
  /** The engine's time in ns. */
  now: () => number;
}

interface SavedStore {
  tables: ReturnType<TableEntities['save']>;
  profiles: ReturnType<ProfileEntities['save']>;
  replication: ReturnType<ReplicationEntities['save']>;
  valueSets: ReturnType<ValueSetEntities['save']>;
}

/** The entities of one pipeline. */
export class EntityStore {
  readonly tables: TableEntities;
  readonly profiles: ProfileEntities;
  readonly replication: ReplicationEntities;
  readonly digests: Digests;
  readonly valueSets: ValueSetEntities;
  readonly #v1: V1Switch;
  /** A copy of everything while nothing has changed since it was made. */
  #saved: SavedStore | undefined;

  constructor(
    private readonly schema: Schema,
    { v1, digests, idle, now }: StoreParts,
  ) {
    this.#v1 = v1;
    this.digests = digests;
    this.profiles = new ProfileEntities(schema, v1);
    this.tables = new TableEntities(schema, v1, this.profiles, idle, now);
    this.replication = new ReplicationEntities(v1);
    this.valueSets = new ValueSetEntities(schema, v1);
  }

  /** Carries out a checked update. Throws a StatusError or UmbraError, and changes nothing then. */
  write({ type, entity }: Update): void {
    const e = defined(entity?.entity, 'checked entity');
    switch (e.$case) {
      case 'counterEntry':
        return writeCounter(this.schema, this.#v1, e.value);
      case 'meterEntry':
        return writeMeter(this.schema, this.#v1, e.value);
      case 'registerEntry':
        return writeRegister(this.schema, this.#v1, e.value);
      case 'directCounterEntry': {
        const { tableEntry, data } = e.value;
        const entry = defined(tableEntry, 'checked entry');
        const handle = this.tables.handleOf(entry);
        const table = this.tables.table(this.schema.tables.get(entry.tableId));
        if (data) table.writeCounter(handle, counterValue(data));
        return;
      }
      case 'directMeterEntry': {
        const { tableEntry, config, counterData } = e.value;
        const entry = defined(tableEntry, 'checked entry');
        const handle = this.tables.handleOf(entry);
        const table = this.tables.table(this.schema.tables.get(entry.tableId));
        table.setMeter(handle, meterRates(config));
        if (counterData) table.resetMeterCounts(handle);
        return;
      }
      case 'digestEntry':
        return this.digests.write(type, e.value);
      default:
        this.#saved = undefined;
    }
    switch (e.$case) {
      case 'tableEntry':
        return this.tables.write(type, e.value);
      case 'actionProfileMember':
        return this.profiles.writeMember(type, e.value);
      case 'actionProfileGroup':
        return this.profiles.writeGroup(type, e.value);
      case 'packetReplicationEngineEntry':
        return this.replication.write(type, entity!);
      case 'valueSetEntry':
        return this.valueSets.write(e.value);
      default:
        throw new StatusError(Code.UNIMPLEMENTED, `writing ${e.$case} is not implemented`);
    }
  }

  /** The same for an entry in words; false when its table wants the message. */
  writePlain(type: Update_Type, entry: PlainEntry): boolean {
    if (entry.table.supportsTimeout) return false;
    this.#saved = undefined;
    this.tables.writePlain(type, entry);
    return true;
  }

  save(): SavedStore {
    this.#saved ??= {
      tables: this.tables.save(),
      profiles: this.profiles.save(),
      replication: this.replication.save(),
      valueSets: this.valueSets.save(),
    };
    return this.#saved;
  }

  load(saved: SavedStore): void {
    if (saved === this.#saved) return;
    this.tables.load(saved.tables);
    this.profiles.load(saved.profiles);
    this.replication.load(saved.replication);
    this.valueSets.load(saved.valueSets);
    this.#saved = saved;
  }
}
