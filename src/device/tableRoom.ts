/**
 * How many entries a switch's tables still take: a switch whose table space is used up by something
 * else refuses what does not fit. Kept where the switch is written to, so that it is the same for
 * every kind of switch; it ends with the process that keeps it.
 */
import { Code, entityKey, type Schema, type UpdateFailure } from '../p4runtime/index.js';
import { Update_Type, type Entity, type Update } from '../proto/index.js';

/** A limit of one table, or of all. */
export interface RoomLimit {
  /** Name or alias; all tables unless given. */
  table?: string;
  /** Share of the size that is taken, 0 to 1. */
  share?: number;
  /** Or entries that it holds at most. */
  most?: number;
  /** Its end, controller time, us. */
  expiresUs: number;
}

/** The limits of one switch. Nothing acts past its end, or without a lease. */
export class TableRoom {
  readonly #limits = new Map<string, RoomLimit>();
  #nowUs: () => number = () => 0;
  #leaseEndsUs = 0;

  /** @param isLimited tables that can be short of space; a fault's own tables never are */
  constructor(
    private readonly schema: Schema,
    private readonly isLimited: (tableId: number) => boolean,
  ) {}

  /** Number of limits, acting or not. */
  get size(): number {
    return this.#limits.size;
  }

  /**
   * Puts a limit on a table, in place of what it had. Throws NOT_FOUND for an unknown table.
   * @param nowUs the controller's time
   */
  limit(limit: RoomLimit, nowUs: () => number): void {
    if (limit.table !== undefined) this.schema.tables.get(limit.table);
    this.#limits.set(limit.table ?? '', limit);
    this.#nowUs = nowUs;
  }

  /** Takes the limit of a table off, or that of all tables; true when there was one. */
  clear(table?: string): boolean {
    return this.#limits.delete(table ?? '');
  }

  clearAll(): void {
    this.#limits.clear();
  }

  /** Limits act until so long after `nowUs`, us. */
  renew(nowUs: number, leaseUs: number): void {
    this.#leaseEndsUs = nowUs + leaseUs;
  }

  /** The updates for which there is no room, as the switch would answer them. */
  async refused(
    updates: readonly Update[],
    readState: () => Promise<Entity[]>,
  ): Promise<UpdateFailure[]> {
    if (this.#limits.size === 0 || !updates.some((update) => this.#isShort(update))) return [];
    const held = this.#held(await readState());
    return updates.flatMap((update, index): UpdateFailure[] => {
      const tableId = tableOf(update.entity);
      const most = tableId === undefined ? Infinity : this.#mostOf(tableId);
      if (tableId === undefined || most === Infinity) return [];
      const keys = held.get(tableId) ?? new Set();
      held.set(tableId, keys);
      const key = entityKey(update.entity!);
      if (update.type === Update_Type.DELETE) keys.delete(key);
      if (update.type !== Update_Type.INSERT || keys.has(key)) return [];
      if (keys.size < most) {
        keys.add(key);
        return [];
      }
      const { name } = this.schema.tables.get(tableId);
      const message = `${name}: full, ${keys.size} entries are there and ${most} fit`;
      return [{ index, status: Code.RESOURCE_EXHAUSTED, message }];
    });
  }

  #isShort({ type, entity }: Update): boolean {
    const tableId = tableOf(entity);
    const isInsert = type === Update_Type.INSERT && tableId !== undefined;
    return isInsert && this.#mostOf(tableId) !== Infinity;
  }

  /** How many entries a table may hold; Infinity when nothing limits it. */
  #mostOf(tableId: number): number {
    if (!this.isLimited(tableId)) return Infinity;
    const nowUs = this.#nowUs();
    const table = this.schema.tables.get(tableId);
    let least = Infinity;
    for (const { table: name, share, most, expiresUs } of this.#limits.values()) {
      if (nowUs >= Math.min(expiresUs, this.#leaseEndsUs)) continue;
      if (name !== undefined && this.schema.tables.get(name).id !== tableId) continue;
      least = Math.min(least, most ?? Math.round(table.size * (1 - (share ?? 0))));
    }
    return least;
  }

  #held(state: readonly Entity[]): Map<number, Set<string>> {
    const held = new Map<number, Set<string>>();
    for (const entity of state) {
      const tableId = tableOf(entity);
      if (tableId === undefined || !this.isLimited(tableId)) continue;
      held.set(tableId, (held.get(tableId) ?? new Set()).add(entityKey(entity)));
    }
    return held;
  }
}

/** The table whose room an entity takes; undefined for other entities and default entries. */
function tableOf(entity: Entity | undefined): number | undefined {
  const e = entity?.entity;
  return e?.$case === 'tableEntry' && !e.value.isDefaultAction ? e.value.tableId : undefined;
}
