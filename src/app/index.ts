/** Umbra's parts wired together. */
export { loadProgram, SwitchDaemon, type DaemonOptions, type ProgramFiles } from './daemon.js';
export { fileSink, logLevels, SwitchLog, type LogLevel, type LogSink } from './switchLog.js';
export { Live, type LiveOptions } from './live.js';
export { Loop, runLoop, type LoopOptions } from './loop.js';
export { NamespaceNetwork } from './namespaceNetwork.js';
export { accessOf, buildNetwork, type Network } from './network.js';
export { Production } from './production.js';
export { shippedProgram, type ProgramName } from './programs.js';
export type { RealNetwork } from './realNetwork.js';
export * from './report.js';
export { Shadow } from './shadow.js';
export { cloneOnce, type Clone, type CloneResult } from './cloneOnce.js';
export { parseConfig, readConfig, type DeviceConfig, type UpConfig } from './config.js';
export { Service } from './service.js';
export { freeAddress, switchKinds, switchPrograms, type SwitchKind } from './switchTarget.js';
export { SwitchProbe, type TraceRequest } from './probe.js';
export * from './system.js';
export { ShadowTestbed } from './testbed.js';
