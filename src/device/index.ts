/** What the controller holds of a switch, and of a host of the shadow. */
export * from './device.js';
export {
  controlParts,
  type ControlLimits,
  type ControlPart,
  type TimedControlLimits,
} from './hindrance.js';
export { portField } from './packetPorts.js';
export type { RoomLimit } from './tableRoom.js';
export { ShadowHost } from './shadowHost.js';
