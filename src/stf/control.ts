/** The statements that change or read a switch, carried out on its control interface. */
import { UmbraError } from '../base/errors.js';
import type { Program } from '../bmv2/index.js';
import type {
  ActionCall,
  EntryTarget,
  KeyMatch,
  TableControl,
  V1Switch,
} from '../v1model/index.js';
import { NodeReplication } from './replication.js';
import { StatefulObjects } from './stateful.js';
import { resolveField, resolveName } from './names.js';
import type { ActionText, Comparison, FieldMatch, Statement } from './statement.js';
import { bytesOfValue, matchOf, matchOfMissing } from './values.js';

/** What a statement found: a failed check, or something read for the report. */
export interface Outcome {
  failure?: string;
  reading?: string;
}

/** Statements that concern the switch's control side. */
export type ControlStatement = Exclude<
  Statement,
  { kind: 'packet' | 'expect' | 'wait' | 'no_packet' }
>;

type CheckCounter = Extract<Statement, { kind: 'check_counter' }>;
type Add = Extract<Statement, { kind: 'add' }>;

/** Names and handles of one run, over its switch. Errors are INVALID_INPUT and the switch's own. */
export class StfControl {
  readonly #replication: NodeReplication;
  readonly #objects: StatefulObjects;
  /** Entries that `= ID` named. */
  readonly #named = new Map<string, { table: string; handle: number }>();

  constructor(
    private readonly program: Program,
    private readonly v1: V1Switch,
  ) {
    this.#replication = new NodeReplication(v1.replication);
    this.#objects = new StatefulObjects(program, v1);
  }

  carryOut(statement: ControlStatement): Outcome {
    switch (statement.kind) {
      case 'add':
        this.#add(statement);
        return {};
      case 'setdefault': {
        const table = this.#table(statement.table);
        table.setDefault(this.#call(table, statement.action));
        return {};
      }
      case 'remove all':
        this.#removeAll();
        return {};
      case 'check_counter':
        return this.#checkCounter(statement);
      case 'counter_read':
      case 'counter_write':
      case 'register_read':
      case 'register_write':
      case 'register_reset':
      case 'meter_get_rates':
      case 'meter_set_rates':
      case 'meter_array_set_rates': {
        const reading = this.#objects.carryOut(statement);
        return reading === undefined ? {} : { reading };
      }
      default: {
        const reading = this.#replication.carryOut(statement);
        return reading === undefined ? {} : { reading };
      }
    }
  }

  #table(wanted: string): TableControl {
    const { tables } = this.v1;
    return tables.get(resolveName(wanted, tables.keys(), 'table'))!;
  }

  #add({ table: wanted, priority, match, action, entryName }: Add): void {
    const table = this.#table(wanted);
    if (table.hasOwnEntries) {
      throw new UmbraError('REFUSED', `${table.name} takes no entries: its own are constant`);
    }
    const isRanked = table.key.some(({ kind }) => rankedKinds.has(kind));
    if (isRanked && priority === undefined) {
      throw new UmbraError(
        'INVALID_INPUT',
        `a priority is expected behind '${wanted}': ${table.name} has a ternary, range or ` +
          'optional key',
      );
    }
    const target = this.#target(table, this.#call(table, action));
    const handle = table.insert(keyOf(table, match), isRanked ? priority! : 0, target);
    this.#objects.noteEntry(table.name, handle);
    if (entryName !== undefined) {
      this.#named.set(withoutDollar(entryName), { table: table.name, handle });
    }
  }

  /** In a table with an action profile, the action becomes a member of its own. */
  #target(table: TableControl, call: ActionCall): EntryTarget {
    if (table.profile === undefined) return call;
    return { member: this.v1.profiles.get(table.profile)!.addMember(call) };
  }

  #call(table: TableControl, { name: wanted, args }: ActionText): ActionCall {
    const name = resolveName(wanted, table.actions, `action of ${table.name}`);
    const { parameters } = this.program.actions.find((action) => action.name === name)!;
    const takes = parameters.map((parameter) => parameter.name).join(', ') || 'nothing';
    for (const { name: given } of args) {
      if (parameters.some((parameter) => parameter.name === given)) continue;
      const message = `${name} has no argument '${given}', it takes ${takes}`;
      throw new UmbraError('INVALID_INPUT', message);
    }
    const params = parameters.map((parameter) => {
      const given = args.filter((arg) => arg.name === parameter.name);
      const what = `argument '${parameter.name}' of ${name}`;
      if (given.length !== 1) {
        throw new UmbraError('INVALID_INPUT', `${what} is given ${given.length} times, not once`);
      }
      return bytesOfValue(given[0]!.value, parameter.width, what);
    });
    return { action: name, params };
  }

  /** Every entry but those that the program itself holds constant. */
  #removeAll(): void {
    for (const table of this.v1.tables.values()) {
      for (const { handle, origin, target } of [...table.entries()]) {
        if (origin !== 'control') continue;
        table.remove(handle);
        if ('member' in target) this.v1.profiles.get(table.profile!)!.removeMember(target.member);
      }
    }
    this.#named.clear();
  }

  #checkCounter({ counter, at, check }: CheckCounter): Outcome {
    const entry = typeof at === 'string' ? this.#named.get(withoutDollar(at)) : undefined;
    if (typeof at === 'string' && !entry) {
      throw new UmbraError('INVALID_INPUT', `no entry was named '${at}'`);
    }
    const { name, value } = this.#objects.counter(counter, entry ?? Number(at));
    const what = `${name}(${at})`;
    if (!check) {
      if (value.packets === 0 && value.bytes === 0) return {};
      return { failure: `${what} is not 0: ${value.packets} packets, ${value.bytes} bytes` };
    }
    const got = BigInt(value[check.unit]);
    if (holds(got, check.comparison, check.value)) return {};
    return {
      failure: `${what}: ${check.unit} ${check.comparison} ${check.value} expected, got ${got}`,
    };
  }
}

const rankedKinds = new Set(['ternary', 'range', 'optional']);

/** p4c's tests name an entry `A` and refer to it as `$A`. */
function withoutDollar(name: string): string {
  return name.replace(/^\$/, '');
}

function keyOf(table: TableControl, given: readonly FieldMatch[]): KeyMatch[] {
  const names = table.key.map((field) => field.name);
  const byField = new Map<string, FieldMatch>();
  for (const match of given) {
    const name = resolveField(match.field, names, `key field of ${table.name}`);
    if (byField.has(name)) throw new UmbraError('INVALID_INPUT', `'${name}' is given twice`);
    byField.set(name, match);
  }
  return table.key.map((field) => {
    const match = byField.get(field.name);
    return match ? matchOf(field, match) : matchOfMissing(field);
  });
}

function holds(value: bigint, comparison: Comparison, wanted: bigint): boolean {
  switch (comparison) {
    case '==':
      return value === wanted;
    case '!=':
      return value !== wanted;
    case '<':
      return value < wanted;
    case '<=':
      return value <= wanted;
    case '>':
      return value > wanted;
    case '>=':
      return value >= wanted;
  }
}
