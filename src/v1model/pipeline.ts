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
const emittedTraced = new WeakMap<Program, EmittedProgram>();

/**
 * The emitted form of a program, made once. Throws UNSUPPORTED_PROGRAM.
 * @param isTraced the form with probes; its storage is laid out alike, so that they can be swapped
 */
export function emittedForm(program: Program, isTraced = false): EmittedProgram {
  const forms = isTraced ? emittedTraced : emitted;
  let code = forms.get(program);
  if (!code) forms.set(program, (code = emitProgram(program, isTraced)));
  return code;
}

let compiled = 0;

/**
 * Compiles emitted code for one switch. No two switches run the same text: V8 would share its
 * functions between them, and could then not take what is bound for constant.
 */
export function compile(code: EmittedProgram, environment: Record<string, unknown>): Pipeline {
  return new Function('env', `${code.text}// switch ${++compiled}\n`)(environment) as Pipeline;
}
