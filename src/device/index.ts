/** What the controller holds of a switch. */
export * from './device.js';
