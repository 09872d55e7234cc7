/** The traffic mirror. */
export { MirrorCollector, type CopyCounts, type EnteredFrame } from './collector.js';
export { measureCompleteness, type Completeness } from './completeness.js';
export { namesByAddress, ProfileLearner } from './profile.js';
export { tagFrame, taggedLength } from './replay.js';
export * from './rules.js';
