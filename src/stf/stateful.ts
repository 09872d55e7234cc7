/** Counters, meters and registers by name: simple_switch_CLI's commands on them. */
import { UmbraError } from '../base/errors.js';
import type { Program } from '../bmv2/index.js';
import type { CounterValue, MeterRates, TableControl, V1Switch } from '../v1model/index.js';
import { resolveName } from './names.js';
import type { RateText, Statement } from './statement.js';
import { bytesOfValue, valueOfBytes } from './values.js';

/** Statements about counters, meters and registers. */
export type StatefulStatement = Extract<
  Statement,
  { kind: `counter_${string}` | `register_${string}` | `meter_${string}` }
>;

/** An entry by its table and handle. */
export interface EntryPlace {
  table: string;
  handle: number;
}

/** Counter, meter or register cells: of an array, or direct ones by entry. */
export class StatefulObjects {
  /** Per table, the handles of its entries in the order in which they came. */
  readonly #entries = new Map<string, number[]>();

  constructor(
    private readonly program: Program,
    private readonly v1: V1Switch,
  ) {
    for (const table of v1.tables.values()) {
      this.#entries.set(
        table.name,
        [...table.entries()].map((entry) => entry.handle),
      );
    }
  }

  /** An index of a direct object is the place of an entry among those noted. */
  noteEntry(table: string, handle: number): void {
    this.#entries.get(table)!.push(handle);
  }

  /** A counter's cell by index, or a direct counter's by entry. */
  counter(wanted: string, at: number | EntryPlace): { name: string; value: CounterValue } {
    const { name, direct } = this.#counter(wanted);
    if (direct) {
      return { name, value: direct.readCounter(this.#handle(name, direct, at)) };
    }
    if (typeof at !== 'number') {
      throw new UmbraError('INVALID_INPUT', `${name} is indexed: a number is expected`);
    }
    return { name, value: this.v1.counters.get(name)!.read(at) };
  }

  /** Gives what was read, if the statement reads. Throws INVALID_INPUT, NOT_FOUND. */
  carryOut(statement: StatefulStatement): string | undefined {
    switch (statement.kind) {
      case 'counter_read': {
        const { name, value } = this.counter(statement.counter, statement.index);
        return `${name}[${statement.index}]: ${value.packets} packets, ${value.bytes} bytes`;
      }
      case 'counter_write':
        this.#writeCounter(statement.counter, statement.index, statement);
        return undefined;
      case 'register_read': {
        const register = this.#register(statement.register);
        const value = valueOfBytes(register.read(statement.index));
        return `${register.name}[${statement.index}]: ${value}`;
      }
      case 'register_write': {
        const { value, index } = statement;
        const register = this.#register(statement.register);
        register.write(index, bytesOfValue(value, register.bitWidth, register.name));
        return undefined;
      }
      case 'register_reset': {
        const register = this.#register(statement.register);
        const zero = bytesOfValue(0n, register.bitWidth, register.name);
        for (let i = 0; i < register.size; i++) register.write(i, zero);
        return undefined;
      }
      case 'meter_get_rates': {
        const { name, cell } = this.#meter(statement.meter);
        return `${name}[${statement.index}]: ${ratesText(cell(statement.index).get())}`;
      }
      case 'meter_set_rates':
        this.#meter(statement.meter).cell(statement.index).set(ratesOf(statement.rates));
        return undefined;
      case 'meter_array_set_rates': {
        const { size, cell } = this.#meter(statement.meter);
        const rates = ratesOf(statement.rates);
        for (let i = 0; i < size; i++) cell(i).set(rates);
        return undefined;
      }
    }
  }

  #counter(wanted: string): { name: string; direct: TableControl | undefined } {
    const { counters } = this.program;
    const name = resolveName(
      wanted,
      counters.map((counter) => counter.name),
      'counter',
    );
    const table = counters.find((counter) => counter.name === name)!.directTable;
    return { name, direct: table === undefined ? undefined : this.v1.tables.get(table)! };
  }

  #writeCounter(wanted: string, index: number, { packets, bytes }: CounterValue): void {
    const { name, direct } = this.#counter(wanted);
    if (direct) direct.writeCounter(this.#handle(name, direct, index), { packets, bytes });
    else this.v1.counters.get(name)!.write(index, { packets, bytes });
  }

  #register(wanted: string) {
    const { registers } = this.v1;
    return registers.get(resolveName(wanted, registers.keys(), 'register'))!;
  }

  #meter(wanted: string) {
    const { meters } = this.program;
    const name = resolveName(
      wanted,
      meters.map((meter) => meter.name),
      'meter',
    );
    const tableName = meters.find((meter) => meter.name === name)!.directTable;
    if (tableName === undefined) {
      const array = this.v1.meters.get(name)!;
      const cell = (index: number) => ({
        get: () => array.get(index),
        set: (rates: MeterRates) => array.set(index, rates),
      });
      return { name, size: array.size, cell };
    }
    const table = this.v1.tables.get(tableName)!;
    const cell = (index: number) => {
      const handle = this.#handle(name, table, index);
      return {
        get: () => table.getMeter(handle),
        set: (rates: MeterRates) => table.setMeter(handle, rates),
      };
    };
    return { name, size: this.#entries.get(tableName)!.length, cell };
  }

  #handle(name: string, table: TableControl, at: number | EntryPlace): number {
    if (typeof at !== 'number') {
      if (at.table === table.name) return at.handle;
      const message = `${name} counts for ${table.name}, the entry is of ${at.table}`;
      throw new UmbraError('INVALID_INPUT', message);
    }
    const handle = this.#entries.get(table.name)![at];
    if (handle !== undefined) return handle;
    const count = this.#entries.get(table.name)!.length;
    throw new UmbraError('NOT_FOUND', `${name}: no entry ${at}, ${table.name} was given ${count}`);
  }
}

/** Committed and peak rate of a two-rate meter; per second from per microsecond. */
function ratesOf(rates: readonly RateText[]): MeterRates {
  const [committed, peak] = rates;
  if (!committed || !peak || rates.length !== 2) {
    throw new UmbraError(
      'INVALID_INPUT',
      `committed and peak RATE:BURST are expected, found ${rates.length} rates`,
    );
  }
  return {
    committedRate: committed.perMicrosecond * 1e6,
    committedBurst: committed.burst,
    peakRate: peak.perMicrosecond * 1e6,
    peakBurst: peak.burst,
  };
}

function ratesText(rates: MeterRates | undefined): string {
  if (!rates) return 'no rates';
  const { committedRate, committedBurst, peakRate, peakBurst } = rates;
  return `${committedRate}:${committedBurst} ${peakRate}:${peakBurst} (rate per second : burst)`;
}
