/** Failures, on the shadow only. */
export { describeFailure } from './describe.js';
export * from './engine.js';
export * from './failure.js';
export { DEFAULT_QUEUE_NS, entriesOf, type FaultEntry } from './targets.js';
