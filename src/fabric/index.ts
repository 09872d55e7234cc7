/** The discrete-event network that switches are attached to. It knows no P4. */
export * from './fabric.js';
export type { FlowStats } from './flowStats.js';
export type { LinkCounters } from './links.js';
export { WIRE_OVERHEAD_BYTES } from './links.js';
export type { Attachment, Node } from './node.js';
export type { ServerStats } from './servers.js';
export { RealTimePump } from './pump.js';
export { MSS_BYTES } from './segment.js';
export { REQUEST_TIMEOUT_NS } from './traffic.js';
