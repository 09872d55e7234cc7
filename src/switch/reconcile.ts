/**
 * RECONCILE_AND_COMMIT: what one pipeline holds, written to another that is not running yet, as a
 * controller would write it. Ids are the link between the two. Spec: P4Runtime 1.5, section 14.
 */
import {
  Code,
  entityKey,
  everything,
  StatusError,
  tableRequest,
  validateUpdate,
  type Schema,
} from '../p4runtime/index.js';
import {
  CounterEntry,
  DigestEntry,
  MeterEntry,
  RegisterEntry,
  Update_Type,
  ValueSetEntry,
  type Entity,
} from '../proto/index.js';
import { readEntities, type ReadSource } from './entityReader.js';

/** One pipeline with its state. */
export type Stateful = Omit<ReadSource, 'nowNs'>;

/**
 * Writes the entities and the cells of `from` to `to`. Throws INVALID_ARGUMENT naming the first one
 * that has no place there.
 */
export function carryOver(from: Stateful, to: Stateful): void {
  dropDeleted(from, to);
  const present = entryKeys(to);
  for (const request of requests(from.schema)) {
    for (const entity of readEntities({ ...from, nowNs: 0 }, request)) {
      if (isOfProgram(from, entity)) continue;
      try {
        write(to, entity, present);
      } catch (error) {
        const what = `${entityKey(entity)} cannot be kept`;
        throw new StatusError(Code.INVALID_ARGUMENT, what, { cause: error });
      }
    }
  }
}

/** Entries that both programs bring and that a controller has deleted stay deleted. */
function dropDeleted(from: Stateful, to: Stateful): void {
  const kept = entryKeys(from);
  for (const entity of entriesOf(to)) {
    const e = entity.entity;
    if (e?.$case !== 'tableEntry' || e.value.isConst) continue;
    const isKnown = from.schema.tables.find(e.value.tableId) !== undefined;
    if (!isKnown || kept.has(entityKey(entity))) continue;
    to.store.write({ type: Update_Type.DELETE, entity });
  }
}

function entriesOf(source: Stateful): Entity[] {
  return readEntities({ ...source, nowNs: 0 }, tableRequest(0, false));
}

function entryKeys(source: Stateful): ReadonlySet<string> {
  return new Set(entriesOf(source).map(entityKey));
}

/** Reads of everything; members before groups before the entries that refer to them. */
function requests(schema: Schema): Entity[] {
  const order = ['packetReplicationEngineEntry', 'actionProfileMember', 'actionProfileGroup'];
  const rank = ({ entity }: Entity): number => {
    const at = order.indexOf(entity?.$case ?? '');
    return at < 0 ? order.length : at;
  };
  const entities = everything(schema).sort((a, b) => rank(a) - rank(b));
  const cells: Entity[] = [
    { entity: { $case: 'counterEntry', value: CounterEntry.fromPartial({}) } },
    { entity: { $case: 'meterEntry', value: MeterEntry.fromPartial({}) } },
    { entity: { $case: 'registerEntry', value: RegisterEntry.fromPartial({}) } },
    { entity: { $case: 'digestEntry', value: DigestEntry.fromPartial({}) } },
    { entity: { $case: 'valueSetEntry', value: ValueSetEntry.fromPartial({}) } },
  ];
  return [...entities.map(withResources), ...cells];
}

function withResources(request: Entity): Entity {
  const e = request.entity;
  if (e?.$case !== 'tableEntry') return request;
  const counterData = { byteCount: 0n, packetCount: 0n };
  const meterConfig = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n, eburst: 0n };
  return { entity: { $case: 'tableEntry', value: { ...e.value, counterData, meterConfig } } };
}

/** What is always there. */
const modifiedOnly = new Set<string | undefined>([
  'counterEntry',
  'meterEntry',
  'registerEntry',
  'valueSetEntry',
]);

/** What nobody wrote belongs to the program, and each program brings its own. */
function isOfProgram({ store }: Stateful, { entity }: Entity): boolean {
  if (entity?.$case !== 'tableEntry') return false;
  const { isDefaultAction, tableId, isConst } = entity.value;
  return isDefaultAction ? !store.tables.isDefaultWritten(tableId) : isConst;
}

/** @param present the keys of the entries that the program brought */
function write(
  { schema, store }: Stateful,
  entity: Entity,
  present: ReadonlySet<string>,
): void {
  const e = entity.entity;
  const isNew =
    e?.$case === 'tableEntry'
      ? !e.value.isDefaultAction && !present.has(entityKey(entity))
      : !modifiedOnly.has(e?.$case);
  const type = isNew ? Update_Type.INSERT : Update_Type.MODIFY;
  validateUpdate(schema, type, entity);
  store.write({ type, entity });
}
