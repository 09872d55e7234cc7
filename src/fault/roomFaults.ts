/** The part of the fault engine that takes table space of switches. */
import type { ShadowDevice } from '../device/index.js';
import { shadowOf, type FaultEntry, type RoomEntry } from './entry.js';
import type { FaultPart } from './part.js';

/** The shadow's switches as they are written to, by name. */
export class RoomFaults implements FaultPart {
  /** @param nowUs controller time, us */
  constructor(
    private readonly devices: ReadonlyMap<string, ShadowDevice>,
    private readonly nowUs: () => number,
  ) {}

  /** Takes the space that is named among `entries`. Throws NOT_FOUND for switch or table. */
  write(entries: readonly FaultEntry[]): void {
    for (const { device, table, share, most, expiresUs } of entries.filter(isOfRoom)) {
      const limit = {
        ...(table === undefined ? {} : { table }),
        ...(share === undefined ? {} : { share }),
        ...(most === undefined ? {} : { most }),
      };
      shadowOf(this.devices, device).room.limit({ ...limit, expiresUs }, this.nowUs);
    }
  }

  /** Gives it back. */
  remove(entries: readonly FaultEntry[]): void {
    for (const { device, table } of entries.filter(isOfRoom)) {
      this.devices.get(device)?.room.clear(table);
    }
  }

  /** Gives all of it back; returns how many limits there were. */
  clearAll(): number {
    let removed = 0;
    for (const { room } of this.devices.values()) {
      removed += room.size;
      room.clearAll();
    }
    return removed;
  }

  /** The heartbeat: limits act until so long after `nowUs`. */
  renew(nowUs: number, leaseUs: number): void {
    for (const { room } of this.devices.values()) room.renew(nowUs, leaseUs);
  }
}

function isOfRoom(entry: FaultEntry): entry is RoomEntry {
  return entry.kind === 'room';
}
