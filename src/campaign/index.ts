/** Experiments on the shadow. */
export * from './conduct.js';
export * from './expectation.js';
export {
  CampaignSchema,
  parseCampaign,
  runCount,
  type CampaignFile,
  type CampaignPlan,
} from './file.js';
export * from './generate.js';
export { harmOf } from './harm.js';
export * from './run.js';
export * from './scenario.js';
export { summarize, type CampaignSummary, type RunLine } from './summary.js';
export * from './sweep.js';
export type { Testbed } from './testbed.js';
export * from './timeline.js';
export * from './trial.js';
export * from './verdict.js';
export { cutOff, WorstSearch, type Candidate, type WorstOptions } from './worst.js';
