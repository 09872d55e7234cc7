/** What the controller holds of a switch. */
export * from './device.js';
export { portField } from './packetPorts.js';
