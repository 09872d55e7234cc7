/** Failures, on the shadow only. */
export { serversOf, type Server } from './app.js';
export { DEFAULT_BLAST_LIMIT, type BlastLimit } from './blast.js';
export { failureOf, failureTypes, readFailure, type ParameterInfo } from './contract.js';
export { describeFailure } from './describe.js';
export * from './engine.js';
export { exposuresOf, exposureTo, type Exposure } from './exposure.js';
export type { FaultEntry } from './entry.js';
export * from './failure.js';
export { HEARTBEAT_US, heartbeatFrame, LEASE_US } from './heartbeat.js';
export { linksOf } from './partition.js';
export { planFailure } from './plan.js';
export { failureSchemas } from './schema.js';
export { averageLoss } from './stage/loss.js';
export { DEFAULT_QUEUE_NS } from './stage/rate.js';
export { targetOf } from './target.js';
export { planTogether, type FailureSpan } from './together.js';
