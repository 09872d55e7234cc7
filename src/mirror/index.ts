/** The traffic mirror. */
export {
  topologyFromCapture,
  type CaptureCounts,
  type CapturedNetwork,
  type CaptureLimits,
} from './capture.js';
export { MirrorCollector, type CopyCounts, type EnteredFrame } from './collector.js';
export { measureCompleteness, selectedPackets, type Completeness } from './completeness.js';
export { namesByAddress, ProfileLearner, type ProfileLimits } from './profile.js';
export { tagFrame, taggedLength } from './replay.js';
export { planMirror, deviceByLoopback, COLLECTOR_IP, MIRROR_PORT, sessionOf } from './plan.js';
export * from './rules.js';
