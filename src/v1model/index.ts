/** The embedded v1model switch: compiles a program to JavaScript and runs packets through it. */
export * from './control.js';
export * from './options.js';
export { V1Switch, InstanceType } from './switch.js';
export { emitProgram } from './emit/program.js';
