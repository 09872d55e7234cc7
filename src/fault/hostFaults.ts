/** The hosts' part of the fault engine: limits put on shadow hosts, read back, taken off. */
import { UmbraError } from '../base/errors.js';
import { ShadowHost } from '../device/index.js';
import type { FaultEntry, HostEntry } from './entry.js';
import type { FaultPart } from './part.js';

/** The shadow's hosts, by name. */
export class HostFaults implements FaultPart {
  readonly #hosts: ReadonlyMap<string, ShadowHost>;

  /** Throws REFUSED for what is no host of the shadow. */
  constructor(hosts: readonly ShadowHost[]) {
    if (hosts.some((host) => !(host instanceof ShadowHost))) {
      throw new UmbraError('REFUSED', 'faults act on shadow hosts only');
    }
    this.#hosts = new Map(hosts.map((host) => [host.name, host]));
  }

  /** Puts the limits among `entries` on their hosts. Throws NOT_FOUND for an unknown one. */
  async write(entries: readonly FaultEntry[]): Promise<void> {
    for (const { host, part, limits, expiresUs } of entries.filter(isOfHost)) {
      await this.#host(host).apply(part, { limits, expiresUs });
    }
  }

  /** Takes them off. */
  async remove(entries: readonly FaultEntry[]): Promise<void> {
    for (const { host, part } of entries.filter(isOfHost)) await this.#host(host).clear(part);
  }

  /** Takes off every limit of every host; returns how many there were. */
  async clearAll(): Promise<number> {
    let removed = 0;
    for (const host of this.#hosts.values()) removed += await host.clearAll();
    return removed;
  }

  /** The heartbeat: limits act until so long after `nowUs`. */
  renew(nowUs: number, leaseUs: number): void {
    for (const host of this.#hosts.values()) host.renew(nowUs, leaseUs);
  }

  #host(name: string): ShadowHost {
    const host = this.#hosts.get(name);
    if (!host) throw new UmbraError('NOT_FOUND', `no shadow of host '${name}'`);
    return host;
  }
}

function isOfHost(entry: FaultEntry): entry is HostEntry {
  return entry.kind === 'host';
}
