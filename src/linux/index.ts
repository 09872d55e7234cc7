/** Ports on Linux: interfaces, UDP sockets, and namespaces to put hosts in. */
export { removeAbandonedCables } from './abandoned.js';
export { AfPacketPort } from './afPacket.js';
export { Namespaces, type HostPort } from './namespaces.js';
export { parsePort, type PortSpec } from './portSpec.js';
export { RecordedPort, type Recording } from './recordedPort.js';
export { UdpPort } from './udpPort.js';
export type { PortListener, WireCounters, WirePort } from './wirePort.js';
