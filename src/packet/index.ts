/** Packets: where they live and how their bytes are read and written. */
export { CaptureFile } from './captureFile.js';
export type { CapturedPacket } from './capturedPacket.js';
export * from './dissect.js';
export * from './erspan.js';
export * from './headers.js';
export * from './lldp.js';
export * from './pcap.js';
export * from './pool.js';
