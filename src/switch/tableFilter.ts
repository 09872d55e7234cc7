/** Which entries a Read of table entries is about. Spec: P4Runtime 1.5, section 9.1.6. */
import {
  Code,
  hexOf,
  StatusError,
  tableEntryKey,
  validateMatch,
  type Schema,
  type TableSchema,
} from '../p4runtime/index.js';
import type { TableEntry } from '../proto/index.js';

/** The tables that a request names: one, or all with id 0. Throws NOT_FOUND, INVALID_ARGUMENT. */
export function tablesOf(schema: Schema, request: TableEntry): readonly TableSchema[] {
  if (request.tableId === 0) {
    if (isFiltered(request)) throw invalid('table id 0 reads whole tables');
    return schema.tables.all;
  }
  const table = schema.tables.find(request.tableId);
  if (!table) throw new StatusError(Code.NOT_FOUND, `no table ${request.tableId}`);
  return [table];
}

function isFiltered(request: TableEntry): boolean {
  return (
    request.match.length > 0 ||
    request.action !== undefined ||
    request.priority !== 0 ||
    request.controllerMetadata !== 0n ||
    request.metadata.length > 0 ||
    request.isDefaultAction
  );
}

/** A test of entries of one table; fields of the request that are unset let everything pass. */
export function entryFilter(
  table: TableSchema,
  request: TableEntry,
): (entry: TableEntry) => boolean {
  const tests: ((entry: TableEntry) => boolean)[] = [];
  if (request.match.length > 0) {
    const priority = request.priority || (table.hasPriority ? 1 : 0);
    validateMatch(table, { ...request, priority });
    const key = tableEntryKey({ ...request, priority: 0 });
    tests.push((entry) => tableEntryKey({ ...entry, priority: 0 }) === key);
  }
  if (request.action) {
    const id = actionIdOf(table, request);
    tests.push(({ action }) => {
      return action?.type?.$case === 'action' && action.type.value.actionId === id;
    });
  }
  if (request.priority !== 0) tests.push(({ priority }) => priority === request.priority);
  if (request.controllerMetadata !== 0n) {
    tests.push((entry) => entry.controllerMetadata === request.controllerMetadata);
  }
  if (request.metadata.length > 0) {
    const wanted = hexOf(request.metadata);
    tests.push((entry) => hexOf(entry.metadata) === wanted);
  }
  return (entry) => tests.every((test) => test(entry));
}

function actionIdOf(table: TableSchema, { action }: TableEntry): number {
  if (action?.type?.$case !== 'action') throw invalid(`${table.name}: filter by an action id`);
  const { actionId } = action.type.value;
  if (![...table.actions, ...table.defaultActions].some(({ id }) => id === actionId)) {
    throw invalid(`${table.name}: no action ${actionId}`);
  }
  return actionId;
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
