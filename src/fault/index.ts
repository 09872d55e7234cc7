/** Failures, on the shadow only. */
export { describeFailure } from './describe.js';
export * from './engine.js';
export type { FaultEntry } from './entry.js';
export * from './failure.js';
export { averageLoss } from './stage/loss.js';
export { planFailure } from './plan.js';
export { DEFAULT_QUEUE_NS } from './stage/rate.js';
