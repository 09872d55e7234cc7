/** Where a copied frame entered production: by its port, or by who sent it. */
import { parseIpv4, parseIpv6, parseMac, formatIpv6 } from '../base/address.js';
import { dissect, emptyDissection, EtherType, read16, read32 } from '../packet/index.js';
import { hostPorts, type Topology } from '../topology/index.js';

/** A port of a switch to which a host is attached. */
export interface EntryPoint {
  device: string;
  port: number;
}

const ARP_SENDER_IP_AT = 14;

/** The hosts of a topology by what their frames carry. */
export class EntryPoints {
  readonly #byPort = new Map<string, ReadonlyMap<number, EntryPoint>>();
  readonly #byMac = new Map<number, EntryPoint>();
  readonly #byIpv4 = new Map<number, EntryPoint>();
  readonly #byIpv6 = new Map<string, EntryPoint>();
  readonly #found = emptyDissection();

  constructor(topology: Topology) {
    const hosts = new Map(topology.hosts.map((host) => [host.name, host]));
    for (const { name: device } of topology.switches) {
      const ports = new Map<number, EntryPoint>();
      for (const [port, name] of hostPorts(topology, device)) {
        const entry = { device, port };
        const { mac, ip, ip6 } = hosts.get(name)!;
        ports.set(port, entry);
        this.#byMac.set(macAt(parseMac(mac), 0), entry);
        this.#byIpv4.set(parseIpv4(ip), entry);
        if (ip6 !== undefined) this.#byIpv6.set(formatIpv6(parseIpv6(ip6)), entry);
      }
      this.#byPort.set(device, ports);
    }
  }

  /** The port of a device, if a host is there. */
  at(device: string, port: number): EntryPoint | undefined {
    return this.#byPort.get(device)?.get(port);
  }

  /** Where the sender of a frame is: by its MAC address, else by its IPv4, IPv6 or ARP address. */
  ofSender(frame: Uint8Array): EntryPoint | undefined {
    const byMac = frame.length < 12 ? undefined : this.#byMac.get(macAt(frame, 6));
    if (byMac) return byMac;
    const found = dissect(frame, frame.length, this.#found);
    if (found.ipVersion === 4) return this.#byIpv4.get(read32(frame, found.sourceAt));
    if (found.ipVersion === 6) return this.#byIpv6.get(formatIpv6(frame, found.sourceAt));
    const at = found.payloadOffset + ARP_SENDER_IP_AT;
    if (found.etherType !== EtherType.ARP || at + 4 > frame.length) return undefined;
    return this.#byIpv4.get(read32(frame, at));
  }
}

/** A MAC address as a number. */
function macAt(bytes: Uint8Array, at: number): number {
  return read16(bytes, at) * 2 ** 32 + read32(bytes, at + 2);
}
