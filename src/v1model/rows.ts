/** The columns of actions with their arguments, one row per entry or member. */
import type { Action } from '../bmv2/index.js';
import { UmbraError } from '../base/errors.js';
import { defined } from '../base/assert.js';
import type { ActionCall } from './control.js';
import { parameterRow, rowStride, type ParameterPlace } from './parameters.js';
import { bytesOf, bytesOfBigint, bytesOfNumber, numberOf, wordCount, wordsOf } from './words.js';

/** Some rows, from row 0 on. */
export interface SavedRows {
  action: Int32Array;
  ints: Int32Array;
  doubles: Float64Array;
}

/** Rows of a table or of an action profile; row -1 does not exist, an action of -1 is none. */
export class ActionRows {
  readonly action: Int32Array;
  readonly ints: Int32Array;
  readonly doubles: Float64Array;
  readonly #stride: { ints: number; doubles: number };
  readonly #byName: Map<string, number>;
  readonly #places: Map<number, readonly ParameterPlace[]>;

  /** @param ids the program's numbers of the actions that may occur */
  constructor(
    readonly owner: string,
    private readonly actions: readonly Action[],
    readonly ids: readonly number[],
    readonly count: number,
  ) {
    this.#stride = rowStride(ids.map((id) => actions[id]!));
    this.#byName = new Map(ids.map((id) => [actions[id]!.name, id]));
    this.#places = new Map(ids.map((id) => [id, parameterRow(actions[id]!).places]));
    this.action = new Int32Array(count).fill(-1);
    this.ints = new Int32Array(Math.max(1, count * this.#stride.ints));
    this.doubles = new Float64Array(Math.max(1, count * this.#stride.doubles));
  }

  /** Writes a call into a row. Throws NOT_FOUND, INVALID_INPUT. Nothing is written on error. */
  set(row: number, call: ActionCall): void {
    const { id, values } = this.check(call);
    this.#places.get(id)!.forEach((place, i) => {
      if (place.column === 'doubles') {
        this.doubles[row * this.#stride.doubles + place.offset] = numberOf(call.params[i]!);
      } else {
        this.ints.set(values[i]!, row * this.#stride.ints + place.offset);
      }
    });
    this.action[row] = this.actions[id]!.number;
  }

  /** The same with arguments as words, each value's most significant first. */
  setWords(row: number, id: number, args: Int32Array): void {
    let at = 0;
    for (const { column, offset, width } of this.#places.get(id)!) {
      if (column === 'doubles') {
        const value = (args[at]! >>> 0) * 2 ** 32 + (args[at + 1]! >>> 0);
        this.doubles[row * this.#stride.doubles + offset] = value;
      }
      const first = row * this.#stride.ints + offset;
      const words = wordCount(width);
      if (column === 'ints') for (let i = 0; i < words; i++) this.ints[first + i] = args[at + i]!;
      at += words;
    }
    this.action[row] = this.actions[id]!.number;
  }

  /** What a row was set to. */
  callAt(row: number): ActionCall {
    const number = this.action[row];
    const id = defined(this.ids.find((one) => this.actions[one]!.number === number), 'action');
    const params = this.#places.get(id)!.map(({ column, offset, width }) =>
      column === 'doubles'
        ? bytesOfNumber(this.doubles[row * this.#stride.doubles + offset]!, width)
        : bytesOf(this.ints, row * this.#stride.ints + offset, width),
    );
    return { action: this.actions[id]!.name, params };
  }

  /** The program's number of an action that may occur. */
  idOf(action: string): number | undefined {
    return this.#byName.get(action);
  }

  /** The rows before `end`. */
  save(end: number): SavedRows {
    const { ints, doubles } = this.#stride;
    return {
      action: this.action.slice(0, end),
      ints: this.ints.slice(0, end * ints),
      doubles: this.doubles.slice(0, end * doubles),
    };
  }

  /** Puts one of them back. */
  restore(row: number, saved: SavedRows): void {
    const { ints, doubles } = this.#stride;
    this.action[row] = saved.action[row]!;
    this.ints.set(saved.ints.subarray(row * ints, (row + 1) * ints), row * ints);
    this.doubles.set(saved.doubles.subarray(row * doubles, (row + 1) * doubles), row * doubles);
  }

  clear(row: number): void {
    this.action[row] = -1;
  }

  /** The action's number and its arguments as words. */
  check(call: ActionCall): { id: number; values: Int32Array[] } {
    const id = this.#byName.get(call.action);
    if (id === undefined) {
      throw new UmbraError('NOT_FOUND', `${this.owner}: no action '${call.action}'`);
    }
    const { parameters } = this.actions[id]!;
    if (parameters.length !== call.params.length) {
      throw new UmbraError(
        'INVALID_INPUT',
        `${this.owner}: ${call.action} takes ${parameters.length} parameters, ` +
          `not ${call.params.length}`,
      );
    }
    const values = parameters.map((parameter, i) =>
      wordsOf(call.params[i]!, parameter.width, `${call.action}.${parameter.name}`),
    );
    return { id, values };
  }

  /** A call from the program's own numbers. */
  callOf(id: number, args: readonly bigint[]): ActionCall {
    const action = defined(this.actions[id], 'action');
    const params = args.map((arg, i) => bytesOfBigint(arg, action.parameters[i]!.width));
    return { action: action.name, params };
  }
}

let versions = 0;

/** A number never given before: names one state of a table or a profile. */
export function nextVersion(): number {
  return ++versions;
}

/** Small integers from `first` upwards, the lowest free one first. */
export class Handles {
  #free: number[] = [];
  #next: number;

  constructor(
    readonly first: number,
    readonly limit: number,
    readonly what: string,
  ) {
    this.#next = first;
  }

  /** One more than the highest handle ever given. */
  get end(): number {
    return this.#next;
  }

  take(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    if (this.#next >= this.first + this.limit) {
      throw new UmbraError('LIMIT', `${this.what} is full: ${this.limit} entries`);
    }
    return this.#next++;
  }

  give(handle: number): void {
    this.#free.push(handle);
  }

  save(): { free: number[]; next: number } {
    return { free: this.#free.slice(), next: this.#next };
  }

  load(saved: { free: number[]; next: number }): void {
    this.#free = saved.free.slice();
    this.#next = saved.next;
  }
}
