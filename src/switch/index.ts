/** The embedded switch: the v1model pipeline behind P4Runtime. */
export {
  CPU_PORT,
  DROP_PORT,
  EmbeddedSwitch,
  type EmbeddedSwitchOptions,
} from './embeddedSwitch.js';
export { StagedSwitch, SWITCH_SIDE } from './stagedSwitch.js';
export { checkPipeline, type CheckedPipeline } from './pipeline.js';
