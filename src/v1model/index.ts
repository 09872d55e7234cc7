/** The embedded v1model switch: compiles a program to JavaScript and runs packets through it. */
export * from './control.js';
export * from './options.js';
export { InstanceType } from './instance.js';
export type { KeyRow } from './match/matchIndex.js';
export { V1Switch } from './switch.js';
export { traceLines } from './traceText.js';
export type { PacketTrace, TableStep, TraceStep } from './trace.js';
export { emitProgram } from './emit/program.js';
