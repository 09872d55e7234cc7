/** The traffic mirror. */
export {
  topologyFromCapture,
  type CaptureCounts,
  type CapturedNetwork,
  type CaptureLimits,
} from './capture.js';
export * from './collector.js';
export * from './completeness.js';
export * from './baseline.js';
export { emptyConversation, type Conversation, type Moments } from './conversation.js';
export { OriginalEnds } from './originalEnds.js';
export { namesByAddress, ProfileLearner, type ProfileLimits } from './profile.js';
export { CopyStream } from './stream.js';
export { tagFrame, taggedLength } from './replay.js';
export { planMirror, deviceByLoopback, COLLECTOR_IP, MIRROR_PORT, sessionOf } from './plan.js';
export * from './rules.js';
