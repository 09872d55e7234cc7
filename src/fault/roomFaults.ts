/** The part of the fault engine that takes table space of switches. */
import { UmbraError } from '../base/errors.js';
import type { ShadowDevice } from '../device/index.js';
import type { FaultEntry, RoomEntry } from './entry.js';

/** The shadow's switches as they are written to, by name. */
export class RoomFaults {
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
      this.#device(device).room.limit({ ...limit, expiresUs }, this.nowUs);
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

  #device(name: string): ShadowDevice {
    const device = this.devices.get(name);
    if (!device) throw new UmbraError('NOT_FOUND', `no shadow of switch '${name}'`);
    return device;
  }
}

function isOfRoom(entry: FaultEntry): entry is RoomEntry {
  return entry.kind === 'room';
}
