/** Experiments on the shadow. */
export * from './expectation.js';
export * from './generate.js';
export { harmOf } from './harm.js';
export * from './run.js';
export * from './scenario.js';
export * from './sweep.js';
export type { Testbed } from './testbed.js';
export * from './timeline.js';
export * from './trial.js';
export * from './verdict.js';
export { cutOff, WorstSearch, type Candidate, type WorstOptions } from './worst.js';
