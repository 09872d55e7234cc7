/**
 * The statements of STF, p4c's language for data-plane tests, as data.
 *
 * Names are kept as written: only a program can say what they stand for (`names.ts`).
 */

/** A number as written: decimal, `0x` or `0b`; in matches its digits may be `*`. */
export type NumberText = string;

/** `NAME:NUM` or `NAME:NUM/NUM`. */
export interface FieldMatch {
  field: string;
  value: NumberText;
  /** What follows the slash: prefix length (lpm), mask (ternary) or upper end (range). */
  second: NumberText | undefined;
}

/** `NAME(arg:NUM, ...)`. */
export interface ActionText {
  name: string;
  args: { name: string; value: bigint }[];
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What `check_counter` wants; without one, packets and bytes must both be 0. */
export interface CounterCheck {
  unit: 'packets' | 'bytes';
  comparison: Comparison;
  value: bigint;
}

/** A rate in units per microsecond, as simple_switch_CLI takes it, and a burst. */
export interface RateText {
  perMicrosecond: number;
  burst: number;
}

/** One statement, without its place. */
export type Statement =
  | {
      kind: 'add';
      table: string;
      priority: number | undefined;
      match: FieldMatch[];
      action: ActionText;
      /** The name that `= ID` gives to the entry. */
      entryName: string | undefined;
    }
  | { kind: 'setdefault'; table: string; action: ActionText }
  | { kind: 'remove all' }
  | { kind: 'wait' }
  | { kind: 'no_packet' }
  | { kind: 'packet'; port: number; bytes: Uint8Array }
  | { kind: 'expect'; port: number; pattern: Pattern | undefined }
  | {
      kind: 'check_counter';
      counter: string;
      /** An index, or the name of an entry. */
      at: number | string;
      check: CounterCheck | undefined;
    }
  | { kind: 'mirroring_add'; session: number; port: number }
  | { kind: 'mirroring_add_mc'; session: number; group: number }
  | { kind: 'mirroring_delete'; session: number }
  | { kind: 'mirroring_get'; session: number }
  | { kind: 'mc_mgrp_create'; group: number }
  | { kind: 'mc_node_create'; instance: number; ports: number[] }
  | { kind: 'mc_node_update'; node: number; ports: number[] }
  | { kind: 'mc_node_associate'; group: number; node: number }
  | { kind: 'counter_read'; counter: string; index: number }
  | { kind: 'counter_write'; counter: string; index: number; packets: number; bytes: number }
  | { kind: 'register_read'; register: string; index: number }
  | { kind: 'register_write'; register: string; index: number; value: bigint }
  | { kind: 'register_reset'; register: string }
  | { kind: 'meter_get_rates'; meter: string; index: number }
  | { kind: 'meter_set_rates'; meter: string; index: number; rates: RateText[] }
  | { kind: 'meter_array_set_rates'; meter: string; rates: RateText[] };

/** What a packet must begin with. */
export interface Pattern {
  /** Lower-case hexadecimal digits and `*`, which is any digit. */
  digits: string;
  /** `$`: nothing may follow. */
  isWhole: boolean;
}

/** A statement at its line, counted from 1. */
export interface StfLine {
  line: number;
  statement: Statement;
}

/** A test: its statements in order. */
export interface StfTest {
  /** The name that messages use. */
  file: string;
  lines: StfLine[];
}
