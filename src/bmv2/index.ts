/** p4c's BMv2 JSON, read and checked. Runs nothing. */
export * from './program.js';
export { readProgram } from './reader.js';
