/** Emitted code, compiled and bound: the only place that makes functions from text. */
import type { Program } from '../bmv2/index.js';
import { emitProgram, type EmittedProgram } from './emit/program.js';

/** What emitted code offers. */
export interface Pipeline {
  begin(port: number, length: number, type: number, timeUs: number): void;
  front(packet: number): void;
  reparse(packet: number): void;
  egress(packet: number): void;
  deparse(packet: number): boolean;
  /** The port to leave by, or why the switch must take over. */
  unicast(packet: number, port: number, length: number, timeUs: number): number;
  keep(list: number, out: Float64Array, at: number): void;
  restore(list: number, from: Float64Array, at: number): void;
}

/** Emitted text by program: emitting is the same for every switch that runs it. */
const emitted = new WeakMap<Program, EmittedProgram>();

/** The emitted form of a program, made once. Throws UNSUPPORTED_PROGRAM. */
export function emittedForm(program: Program): EmittedProgram {
  let code = emitted.get(program);
  if (!code) emitted.set(program, (code = emitProgram(program)));
  return code;
}

/** Compiles emitted code for one switch: V8 is fastest when each has functions of its own. */
export function compile(code: EmittedProgram, environment: Record<string, unknown>): Pipeline {
  return new Function('env', code.text)(environment) as Pipeline;
}

/** Where the clocks of v1model begin again. */
export const MICROSECONDS_48 = 2 ** 48;

/** The 48-bit microsecond clock of v1model; a remainder is taken only when it must. */
export function microseconds(nowNs: number): number {
  const us = Math.floor(nowNs / 1000);
  return us < MICROSECONDS_48 ? us : us % MICROSECONDS_48;
}
