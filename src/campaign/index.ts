/** Experiments on the shadow. */
export * from './run.js';
export * from './scenario.js';
export type { Testbed } from './testbed.js';
