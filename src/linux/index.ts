/** Ports on Linux: interfaces, UDP sockets, and namespaces to put hosts in. */
export { AfPacketPort } from './afPacket.js';
export { Namespaces, type HostPort } from './namespaces.js';
export { parsePort, type PortSpec } from './portSpec.js';
export { UdpPort } from './udpPort.js';
export type { WireCounters, WirePort } from './wirePort.js';
