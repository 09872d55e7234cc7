/**
 * Keeps one replica in step with its production switch: looks at production again and again, and
 * writes what changed to the shadow alone. Only a full comparison reads the shadow as well; that is
 * done first, after anything that failed, and now and then.
 */
import { UmbraError, messageOf } from '../base/errors.js';
import {
  compareEntities,
  entityKey,
  goneKeys,
  isUnset,
  StatusError,
  Code,
  Translator,
  updatesFor,
  WriteError,
  type Difference,
  type StateChange,
} from '../p4runtime/index.js';
import type { ProductionView, ShadowDevice } from '../device/index.js';
import type { Entity } from '../proto/index.js';

/** How a production switch is. */
export type FollowState =
  /** It answers, and its program is the one that the replica was made for. */
  | 'following'
  /** It does not answer. The replica stays as it was. */
  | 'unreachable'
  /** It answers and has no pipeline. The replica is emptied. */
  | 'empty'
  /** It runs another program: the replica must be built anew. */
  | 'other program';

/** Drift of one table or kind of entity, as the last full comparison found it. */
export interface Drift {
  device: string;
  /** Name of the table, or `group`, `member`, `clone session`, ... */
  part: string;
  missing: number;
  excess: number;
  different: number;
}

/** How a replica stands. */
export interface FollowStatus {
  device: string;
  state: FollowState;
  /** Why it is not followed. */
  reason?: string;
  /** Entities of production at the last look. */
  entities: number;
  /** Entities that the replica has equal, by what was compared and written since. */
  equal: number;
  /** When production last answered, ms of the follower's clock; -Infinity for never. */
  lookedMs: number;
  drift: Drift[];
  /** Changes that the replica's switch holds back, because it is stale on purpose. */
  held: number;
  /** Changes carried over so far. */
  carried: number;
}

/** A full comparison at least this often. */
const FULL_PERIOD_MS = 30_000;
/** The program is compared this often. */
const PROGRAM_PERIOD_MS = 2000;

/** Follows one switch. */
export class DeviceFollower {
  readonly #translator: Translator;
  /** Production's entities in the shadow's ids, by key. */
  readonly #wanted = new Map<string, Entity>();
  /** Keys of production's own schema to those of the shadow. */
  readonly #shadowKeys = new Map<string, string>();
  #state: FollowState = 'following';
  #reason: string | undefined;
  #wrong = 0;
  #drift: Drift[] = [];
  #lookedMs = -Infinity;
  #comparedMs = -Infinity;
  #programMs = -Infinity;
  #mustCompare = true;
  #carried = 0;

  /** @param nowMs a monotonic clock, ms */
  constructor(
    readonly production: ProductionView,
    readonly shadow: ShadowDevice,
    private readonly nowMs: () => number,
  ) {
    this.#translator = new Translator(production.schema, shadow.schema);
  }

  status(): FollowStatus {
    const entities = this.#wanted.size;
    return {
      device: this.production.name,
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      entities,
      equal: Math.max(0, entities - this.#wrong),
      lookedMs: this.#lookedMs,
      drift: this.#drift,
      held: this.shadow.hindrance.heldCount,
      carried: this.#carried,
    };
  }

  /** One look, with what follows from it. Never throws for what production does. */
  async follow(): Promise<FollowStatus> {
    try {
      if (await this.#isSameProgram()) {
        const change = await this.production.look();
        this.#lookedMs = this.nowMs();
        this.#enter('following');
        await this.#carry(change);
      }
    } catch (error) {
      await this.#lost(error);
    }
    return this.status();
  }

  /** Reads both sides anew and compares, without repairing. Throws what either answers. */
  async compareNow(): Promise<{ entities: number; equal: number }> {
    const want = (await this.production.readState()).map((e) => this.#translator.entity(e));
    const have = (await this.shadow.readState()).filter((e) => !this.shadow.isShadowOnly(e));
    const differences = compareEntities(have, want);
    const excess = differences.filter(({ kind }) => kind === 'excess').length;
    const entities = want.length + excess;
    return { entities, equal: entities - differences.length };
  }

  /** Production did not answer, or has nothing; the shadow refused what it should take. */
  async #lost(error: unknown): Promise<void> {
    if (error instanceof WriteError) {
      // Carried over in part: the next comparison says what is left to do.
      this.#mustCompare = true;
      this.#reason = messageOf(error);
      return;
    }
    if (!(error instanceof StatusError || error instanceof UmbraError)) throw error;
    this.#mustCompare = true;
    this.production.forget();
    const isEmpty = error instanceof StatusError && error.status === Code.FAILED_PRECONDITION;
    this.#enter(isEmpty ? 'empty' : 'unreachable', messageOf(error));
    if (!isEmpty) return;
    this.#lookedMs = this.nowMs();
    this.#wanted.clear();
    this.#shadowKeys.clear();
    await this.#compare();
  }

  #enter(state: FollowState, reason?: string): void {
    this.#state = state;
    this.#reason = reason;
  }

  /** False when it runs another program. Throws what production answers, or that it has none. */
  async #isSameProgram(): Promise<boolean> {
    const now = this.nowMs();
    if (now - this.#programMs < PROGRAM_PERIOD_MS && this.#state === 'following') return true;
    const program = await this.production.comparePrograms();
    if (program === 'none') {
      const name = this.production.name;
      throw new StatusError(Code.FAILED_PRECONDITION, `${name}: no pipeline has been set`);
    }
    this.#programMs = now;
    if (program === 'same') return true;
    this.production.forget();
    this.#enter('other program', 'its P4Info is not the one that the replica was made from');
    return false;
  }

  async #carry(change: StateChange): Promise<void> {
    const before = new Map<string, boolean>();
    const added = change.added.filter((entity) => !isUnset(entity));
    for (const entity of added) {
      const carried = this.#translator.entity(entity);
      const key = entityKey(carried);
      before.set(key, this.#wanted.has(key));
      this.#wanted.set(key, carried);
      this.#shadowKeys.set(entityKey(entity), key);
    }
    const excess: Difference[] = [];
    for (const key of goneKeys({ added, removed: change.removed })) {
      const shadowKey = this.#shadowKeys.get(key) ?? key;
      const entity = this.#wanted.get(shadowKey);
      this.#wanted.delete(shadowKey);
      this.#shadowKeys.delete(key);
      if (entity) excess.push({ kind: 'excess', key: shadowKey, entity });
    }
    const isDue = this.nowMs() - this.#comparedMs >= FULL_PERIOD_MS;
    if (this.#mustCompare || isDue) {
      await this.#compare();
      return;
    }
    const changed = [...before].map(([key, wasThere]): Difference => {
      return { kind: wasThere ? 'different' : 'missing', key, entity: this.#wanted.get(key)! };
    });
    await this.#repair([...changed, ...excess]);
  }

  /** Reads the shadow and makes it what production is. */
  async #compare(): Promise<void> {
    const { shadow } = this;
    const have = (await shadow.readState()).filter((entity) => !shadow.isShadowOnly(entity));
    const differences = compareEntities(have, [...this.#wanted.values()]);
    const drift = differences.filter(({ entity }) => !shadow.hindrance.holds(entity));
    this.#drift = driftOf(this.production.name, shadow, drift);
    await this.#repair(differences);
    this.#comparedMs = this.nowMs();
    this.#mustCompare = false;
  }

  async #repair(differences: readonly Difference[]): Promise<void> {
    this.#wrong = differences.filter(({ kind }) => kind !== 'excess').length;
    for (const batch of updatesFor(differences)) await this.shadow.write(batch);
    this.#carried += differences.length;
    this.#wrong = 0;
  }
}

function driftOf(
  device: string,
  shadow: ShadowDevice,
  differences: readonly Difference[],
): Drift[] {
  const parts = new Map<string, Drift>();
  for (const { kind, key, entity } of differences) {
    const e = entity.entity;
    const isEntry = e?.$case === 'tableEntry';
    const part = isEntry ? shadow.schema.tables.get(e.value.tableId).name : key.split('/')[0]!;
    const drift = parts.get(part) ?? { device, part, missing: 0, excess: 0, different: 0 };
    drift[kind]++;
    parts.set(part, drift);
  }
  return [...parts.values()];
}
