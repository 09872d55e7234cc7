/**
 * Who really talks to whom, behind balancers and NATs: copies are taken where packets enter, so
 * that a server's answer still has its own address, and an answer to a NAT the public one.
 */
import { parseIpv4 } from '../base/address.js';
import {
  ETHERNET_BYTES,
  EtherType,
  IpProtocol,
  read16,
  read32,
  write16,
  write32,
} from '../packet/index.js';
import { hostsBehind, type Topology } from '../topology/index.js';

const SOURCE_AT = ETHERNET_BYTES + 12;
const DESTINATION_AT = ETHERNET_BYTES + 16;
const PORTS_AT = ETHERNET_BYTES + 20;
/** IPv4 without options, in the version's byte. */
const PLAIN_IPV4 = 0x45;

/** As `p4/functions/nat.p4` has them. */
const FIRST_PORT = 0xc000;
const PORT_MASK = 0x3fff;
/** A mapping that was quiet for so long may have become another's. */
const QUIET_NS = 10e9;

interface End {
  address: number;
  port: number;
}

interface Mapping extends End {
  seenNs: number;
}

interface Nat {
  address: number;
  inside: ReadonlySet<number>;
  /** By protocol and public port. */
  mappings: Map<number, Mapping>;
}

const keyOf = (protocol: number, { address, port }: End): number =>
  (address * 2 + (protocol === IpProtocol.UDP ? 1 : 0)) * 65_536 + port;

/** Puts the ends back that a topology's functions hide. */
export class OriginalEnds {
  /** Backends to what they serve. */
  readonly #served = new Map<number, End>();
  readonly #nats: Nat[] = [];

  constructor(topology: Topology) {
    for (const { name, function: it } of topology.switches) {
      if (it?.program === 'balancer') {
        for (const { address, protocol, port, backends } of it.services) {
          const served = { address: parseIpv4(address), port };
          for (const backend of backends) {
            const end = { address: parseIpv4(backend.address), port: backend.port };
            this.#served.set(keyOf(IpProtocol[protocol === 'udp' ? 'UDP' : 'TCP'], end), served);
          }
        }
      } else if (it?.program === 'nat') {
        const inside = hostsBehind(topology, name, it.inside).map(({ ip }) => parseIpv4(ip));
        const address = parseIpv4(it.address);
        this.#nats.push({ address, inside: new Set(inside), mappings: new Map() });
      }
    }
  }

  /**
   * The frame with the ends that its conversation has; itself when they are those that it shows,
   * otherwise a copy, whose checksums are not adjusted.
   */
  of(frame: Uint8Array, timeNs: number): Uint8Array {
    if (this.#served.size === 0 && this.#nats.length === 0) return frame;
    const isPlain =
      frame.length >= PORTS_AT + 4 &&
      read16(frame, 12) === EtherType.IPV4 &&
      frame[ETHERNET_BYTES] === PLAIN_IPV4 &&
      (read16(frame, ETHERNET_BYTES + 6) & 0x3fff) === 0;
    const protocol = frame[ETHERNET_BYTES + 9]!;
    if (!isPlain || (protocol !== IpProtocol.TCP && protocol !== IpProtocol.UDP)) return frame;
    const source = { address: read32(frame, SOURCE_AT), port: read16(frame, PORTS_AT) };
    const target = { address: read32(frame, DESTINATION_AT), port: read16(frame, PORTS_AT + 2) };
    for (const nat of this.#nats) this.#note(nat, protocol, source, target, timeNs);
    const served = this.#served.get(keyOf(protocol, source));
    const hidden = this.#hidden(protocol, target);
    if (!served && !hidden) return frame;
    const copy = Uint8Array.from(frame);
    if (served) put(copy, SOURCE_AT, PORTS_AT, served);
    if (hidden) put(copy, DESTINATION_AT, PORTS_AT + 2, hidden);
    return copy;
  }

  /** A packet that leaves through a NAT gets the port that the NAT gives it. */
  #note(
    { inside, mappings }: Nat,
    protocol: number,
    source: End,
    target: End,
    seenNs: number,
  ): void {
    if (!inside.has(source.address) || inside.has(target.address)) return;
    const words = [source.address >>> 16, source.address & 0xffff];
    const first = [...words, source.port];
    for (const hashed of [first, [source.port, ...first]]) {
      const port = FIRST_PORT + (crc16(hashed, protocol) & PORT_MASK);
      const key = keyOf(protocol, { address: 0, port });
      const owner = mappings.get(key);
      const isOthers =
        owner !== undefined &&
        (owner.address !== source.address || owner.port !== source.port) &&
        seenNs - owner.seenNs < QUIET_NS;
      if (isOthers) continue;
      mappings.set(key, { ...source, seenNs });
      return;
    }
  }

  #hidden(protocol: number, target: End): End | undefined {
    const nat = this.#nats.find(({ address }) => address === target.address);
    return nat?.mappings.get(keyOf(protocol, { address: 0, port: target.port }));
  }
}

function put(frame: Uint8Array, addressAt: number, portAt: number, { address, port }: End): void {
  write32(frame, addressAt, address);
  write16(frame, portAt, port);
}

/** CRC-16/ARC over 16-bit words and a last byte, as v1model's `crc16`. */
function crc16(words: readonly number[], last: number): number {
  let crc = 0;
  for (const byte of [...words.flatMap((word) => [word >>> 8, word & 255]), last]) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}
