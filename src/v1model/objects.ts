/** The stateful objects of one switch, and the emitted code's view of them. */
import type { Pipeline, Program } from '../bmv2/index.js';
import { defined } from '../base/assert.js';
import { UmbraError } from '../base/errors.js';
import type {
  ActionCall,
  CounterValue,
  IndexedCounterControl,
  RegisterControl,
} from './control.js';
import { isInline, profileVariable, tableVariable } from './emit/control.js';
import { canBeQuiet } from './emit/quiet.js';
import { Loudness } from './loudness.js';
import { MeterArray } from './meter.js';
import { ActionProfile } from './profile.js';
import { MatchTable } from './table.js';
import { ParserValueSet } from './valueSet.js';
import { bytesOf, bytesOfNumber, numberOf, wordCount, wordsOf } from './words.js';

/** A counter array. */
export class CounterArray implements IndexedCounterControl {
  readonly packets: Float64Array;
  readonly bytes: Float64Array;

  constructor(
    readonly name: string,
    readonly size: number,
  ) {
    this.packets = new Float64Array(size);
    this.bytes = new Float64Array(size);
  }

  read(index: number): CounterValue {
    this.#check(index);
    return { packets: this.packets[index]!, bytes: this.bytes[index]! };
  }

  write(index: number, value: CounterValue): void {
    this.#check(index);
    this.packets[index] = value.packets;
    this.bytes[index] = value.bytes;
  }

  #check(index: number): void {
    if (index >= this.size) {
      throw new UmbraError('NOT_FOUND', `${this.name}: index ${index}, size ${this.size}`);
    }
  }
}

/** A register array: words of up to 32 bits, doubles of up to 53, or several words a cell. */
export class RegisterArray implements RegisterControl {
  readonly cells: Int32Array | Float64Array;

  constructor(
    readonly name: string,
    readonly size: number,
    readonly bitWidth: number,
  ) {
    const isDouble = bitWidth > 32 && bitWidth <= 53;
    this.cells = isDouble ? new Float64Array(size) : new Int32Array(size * wordCount(bitWidth));
  }

  read(index: number): Uint8Array {
    this.#check(index);
    const { cells, bitWidth } = this;
    if (cells instanceof Float64Array) return bytesOfNumber(cells[index]!, bitWidth);
    return bytesOf(cells, index * wordCount(bitWidth), bitWidth);
  }

  write(index: number, value: Uint8Array): void {
    this.#check(index);
    const words = wordsOf(value, this.bitWidth, this.name);
    if (this.cells instanceof Float64Array) this.cells[index] = numberOf(value);
    else this.cells.set(words, index * words.length);
  }

  #check(index: number): void {
    if (index >= this.size) {
      throw new UmbraError('NOT_FOUND', `${this.name}: index ${index}, size ${this.size}`);
    }
  }
}

/** All objects of a switch. */
export class ProgramObjects {
  readonly tables: MatchTable[] = [];
  readonly profiles: ActionProfile[] = [];
  readonly counters: CounterArray[] = [];
  readonly meters: MeterArray[] = [];
  readonly registers: RegisterArray[];
  readonly valueSets: ParserValueSet[];
  /** Names in emitted code to what they are bound to. */
  readonly bindings: Record<string, unknown> = {};

  /** [0] tables that could be quiet and are not, as emitted code asks. */
  readonly #loud = new Int32Array(1);

  /** Ports that are down. */
  readonly downPorts = new Set<number>();

  /**
   * @param now the engine's time in ns, for meters
   * @param tableSizes tables that must have more room than the program says
   */
  constructor(
    program: Program,
    now: () => number,
    private readonly tableSizes: ReadonlyMap<string, number> = new Map(),
  ) {
    this.bindings['LOUD'] = this.#loud;
    program.counters.forEach((counter, i) => {
      if (counter.directTable !== undefined) return;
      const array = new CounterArray(counter.name, counter.size);
      this.counters.push(array);
      this.bindings[`c${i}_packets`] = array.packets;
      this.bindings[`c${i}_bytes`] = array.bytes;
    });
    program.meters.forEach((meter, i) => {
      if (meter.directTable !== undefined) return;
      const array = new MeterArray(meter.name, meter.size, meter.unit, now);
      this.meters.push(array);
      this.bindings[`m${i}`] = array;
    });
    this.registers = program.registers.map((r) => new RegisterArray(r.name, r.size, r.width));
    this.registers.forEach((register, i) => (this.bindings[`r${i}`] = register.cells));
    this.valueSets = program.valueSets.map((set) => new ParserValueSet(set));
    this.valueSets.forEach((set, i) => {
      this.bindings[`v${i}`] = set;
      this.bindings[`v${i}_key`] = set.key;
    });
    for (const pipeline of [program.ingress, program.egress]) {
      this.#addPipeline(program, pipeline, now);
    }
  }

  #addPipeline(program: Program, pipeline: Pipeline, now: () => number): void {
    const profiles = pipeline.profiles.map((profile, i) => {
      const users = pipeline.tables.filter((table) => table.profile === i);
      const ids = [...new Set(users.flatMap((table) => table.actions))];
      const made = new ActionProfile(profile, program.actions, ids, users.length, this.downPorts);
      const name = profileVariable(pipeline, i);
      const { action, ints, doubles } = made.rows;
      Object.assign(this.bindings, {
        [name]: made,
        [`${name}_action`]: action,
        [`${name}_ints`]: ints,
        [`${name}_doubles`]: doubles,
      });
      return made;
    });
    this.profiles.push(...profiles);
    const defaultRows = pipeline.profiles.map((profile) => profile.size);
    pipeline.tables.forEach((table, i) => {
      if (isInline(table)) return;
      const meter = table.meter && program.meters[table.meter.index]!;
      const size = Math.max(table.size, this.tableSizes.get(table.name) ?? 0);
      const cells = Math.max(size, table.entries.length) + 1;
      const meters = meter && new MeterArray(meter.name, cells, meter.unit, now);
      const profile = table.profile === undefined ? undefined : profiles[table.profile];
      const defaultRow = table.profile === undefined ? 0 : defaultRows[table.profile]!++;
      const made = new MatchTable(
        { ...table, size },
        program.actions,
        profile,
        meters,
        defaultRow,
        canBeQuiet(program, table) ? new Loudness(this.#loud) : undefined,
      );
      this.tables.push(made);
      this.#bindTable(tableVariable(pipeline, i), made);
    });
  }

  #bindTable(name: string, table: MatchTable): void {
    Object.assign(this.bindings, {
      [name]: table.index,
      [`${name}_key`]: table.index.key,
      [`${name}_table`]: table,
      [`${name}_packets`]: table.packets,
      [`${name}_bytes`]: table.bytes,
      [`${name}_hits`]: table.hits,
      [`${name}_ref`]: table.ref,
      [`${name}_action`]: table.rows?.action,
      [`${name}_ints`]: table.rows?.ints,
      [`${name}_doubles`]: table.rows?.doubles,
    });
  }

  /** The table of this name, which must exist. */
  table(name: string): MatchTable {
    return defined(
      this.tables.find((table) => table.name === name),
      name,
    );
  }

  /** What a member of a profile does; undefined when there is none. */
  member(profile: string, handle: number): ActionCall | undefined {
    return this.profiles.find(({ name }) => name === profile)?.member(handle);
  }

  save(): unknown[] {
    return [
      this.tables.map((table) => [table.save(), table.saveDirect()]),
      this.profiles.map((profile) => profile.save()),
      this.counters.map(({ packets, bytes }) => [packets.slice(), bytes.slice()]),
      this.meters.map((meter) => meter.save()),
      this.registers.map(({ cells }) => cells.slice()),
      this.valueSets.map((set) => set.save()),
    ];
  }

  load(saved: unknown[]): void {
    const [tables, profiles, counters, meters, registers, valueSets] = saved as [
      [ReturnType<MatchTable['save']>, ReturnType<MatchTable['saveDirect']>][],
      ReturnType<ActionProfile['save']>[],
      [Float64Array, Float64Array][],
      ReturnType<MeterArray['save']>[],
      (Int32Array | Float64Array)[],
      ReturnType<ParserValueSet['save']>[],
    ];
    // Profiles first: the tables' entries refer to their members.
    this.profiles.forEach((profile, i) => profile.load(profiles[i]!));
    this.tables.forEach((table, i) => {
      table.load(tables[i]![0]);
      table.loadDirect(tables[i]![1]);
    });
    this.counters.forEach((counter, i) => {
      counter.packets.set(counters[i]![0]);
      counter.bytes.set(counters[i]![1]);
    });
    this.meters.forEach((meter, i) => meter.load(meters[i]!));
    this.registers.forEach((register, i) => register.cells.set(registers[i]!));
    this.valueSets.forEach((set, i) => set.load(valueSets[i]!));
  }
}
