/** How an action's arguments are kept: one row of two typed columns per entry. */
import type { Action } from '../bmv2/index.js';

/** Where one parameter lies in its row. */
export interface ParameterPlace {
  width: number;
  /** ints: one or more 32-bit words, most significant first; doubles: 33 to 53 bits. */
  column: 'ints' | 'doubles';
  offset: number;
  words: number;
}

/** The row of one action; tables make their rows as long as their longest action. */
export interface ParameterRow {
  places: ParameterPlace[];
  ints: number;
  doubles: number;
}

/** Places of an action's parameters, in the order of the program. */
export function parameterRow(action: Action): ParameterRow {
  const row: ParameterRow = { places: [], ints: 0, doubles: 0 };
  for (const { width } of action.parameters) {
    const isDouble = width > 32 && width <= 53;
    const words = isDouble ? 1 : Math.ceil(width / 32);
    const offset = isDouble ? row.doubles : row.ints;
    row.places.push({ width, column: isDouble ? 'doubles' : 'ints', offset, words });
    if (isDouble) row.doubles += 1;
    else row.ints += words;
  }
  return row;
}

/** Row lengths that fit every one of `actions`. */
export function rowStride(actions: readonly Action[]): { ints: number; doubles: number } {
  const rows = actions.map(parameterRow);
  return {
    ints: Math.max(0, ...rows.map((row) => row.ints)),
    doubles: Math.max(0, ...rows.map((row) => row.doubles)),
  };
}
