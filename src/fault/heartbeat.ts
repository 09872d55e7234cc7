/** The heartbeat that keeps faults alive: a PacketOut to every shadow switch. */

/** After this long without a heartbeat no fault has an effect. */
export const LEASE_US = 10_000_000;
/** How often the controller sends one. */
export const HEARTBEAT_US = 2_000_000;
const HEARTBEAT_TYPE = 0x88b6;

/** The frame of a heartbeat: what the controller's clock says, and how long that may count. */
export function heartbeatFrame(controllerUs: number, leaseUs: number): Uint8Array {
  const frame = new Uint8Array(60);
  const view = new DataView(frame.buffer);
  view.setUint16(12, HEARTBEAT_TYPE);
  view.setUint16(14, Math.floor(controllerUs / 2 ** 32) & 0xffff);
  view.setUint32(16, controllerUs % 2 ** 32);
  view.setUint32(20, leaseUs);
  return frame;
}
