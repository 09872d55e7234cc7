/** Simulated hosts below their transport: ARP, ICMP echo, IPv4 in and out, UDP. */
import type { Arena } from '../base/arena.js';
import { parseIpv4, parseMac, ipv4Mask } from '../base/address.js';
import {
  ARP_BYTES,
  ETHERNET_BYTES,
  EtherType,
  foldChecksum,
  ICMP_BYTES,
  IPV4_BYTES,
  IpProtocol,
  NO_PACKET,
  pseudoHeaderSum,
  read16,
  read32,
  sumWords,
  UDP_BYTES,
  write16,
  write32,
  writeIpv4,
  type PacketPool,
} from '../packet/index.js';
import type { Host } from '../topology/index.js';
import type { EventQueue } from './eventQueue.js';

/** The mark of packets that belong to no flow. */
export const NO_FLOW = -1;

const NEIGHBOURS = 32;
const PENDING_LIMIT = 16;
const ARP_RETRY_NS = 500e6;
const ARP_TRIES = 3;
const ECHO_REQUEST = 8;

/** What hosts pass up, and down to the wire. */
export interface HostSurroundings {
  transmit(host: number, packet: number): void;
  tcp(host: number, packet: number, at: number, sourceIp: number, segmentBytes: number): void;
  /** A datagram arrived for a flow. */
  datagram(host: number, packet: number): void;
  echoReply(host: number, packet: number): void;
}

/** All hosts of a fabric. Host h's ARP timer is event source `firstSource + h`. */
export class Hosts {
  readonly #macs: Uint8Array[];
  readonly #addresses: Uint32Array;
  readonly #gateways: Uint32Array;
  readonly #masks: Uint32Array;
  readonly #identification: Int32Array;
  /** Neighbour tables, a ring of rows per host: address, MAC (6 bytes), state, waiting packets. */
  readonly #neighbourIp: Uint32Array;
  readonly #neighbourMac: Uint8Array;
  /** 0 free, 1 asked, 2 known. */
  readonly #neighbourState: Int32Array;
  readonly #neighbourTries: Int32Array;
  readonly #pending: Int32Array;
  readonly #pendingCount: Int32Array;
  readonly #oldest: Int32Array;
  /** Packets dropped because their next hop never answered. */
  readonly unresolved: Float64Array;

  constructor(
    arena: Arena,
    hosts: readonly Host[],
    private readonly pool: PacketPool,
    private readonly events: EventQueue,
    private readonly firstSource: number,
    private readonly now: Float64Array,
    private readonly surroundings: HostSurroundings,
  ) {
    this.#macs = hosts.map((host) => parseMac(host.mac));
    this.#addresses = Uint32Array.from(hosts, (host) => parseIpv4(host.ip));
    this.#gateways = Uint32Array.from(hosts, (host) => parseIpv4(host.gateway));
    this.#masks = Uint32Array.from(hosts, (host) => ipv4Mask(host.prefixLength));
    const rows = hosts.length * NEIGHBOURS;
    this.#identification = arena.int32(hosts.length);
    this.#neighbourIp = arena.uint32(rows);
    this.#neighbourMac = arena.uint8(rows * 6);
    this.#neighbourState = arena.int32(rows);
    this.#neighbourTries = arena.int32(rows);
    this.#pending = arena.int32(rows).fill(NO_PACKET);
    this.#pendingCount = arena.int32(rows);
    this.#oldest = arena.int32(hosts.length);
    this.unresolved = arena.float64(1);
  }

  address(host: number): number {
    return this.#addresses[host]!;
  }

  nextIdentification(host: number): number {
    return this.#identification[host]!++ & 0xffff;
  }

  /** A frame arrived; the host owns the packet. */
  receive(host: number, packet: number): void {
    const { pool } = this;
    const { bytes } = pool;
    const start = pool.start[packet]!;
    const type = pool.headLength[packet]! < ETHERNET_BYTES ? 0 : read16(bytes, start + 12);
    if (type === EtherType.ARP && pool.materialize(packet, ETHERNET_BYTES + ARP_BYTES)) {
      this.#arp(host, packet, start + ETHERNET_BYTES);
    } else if (type === EtherType.IPV4 && pool.materialize(packet, ETHERNET_BYTES + IPV4_BYTES)) {
      this.#ipv4(host, packet, start + ETHERNET_BYTES);
    } else {
      pool.free(packet);
    }
  }

  /** Sends a packet whose IPv4 header is written: finds the next hop's MAC, or asks for it. */
  sendIpv4(host: number, packet: number): void {
    const { bytes, start } = this.pool;
    const at = start[packet]!;
    const destination = read32(bytes, at + ETHERNET_BYTES + 16);
    const mask = this.#masks[host]!;
    const isNear = ((destination ^ this.#addresses[host]!) & mask) >>> 0 === 0;
    const hop = isNear ? destination : this.#gateways[host]!;
    const row = this.#neighbour(host, hop);
    write16(bytes, at + 12, EtherType.IPV4);
    bytes.set(this.#macs[host]!, at + 6);
    if (this.#neighbourState[row] === 2) {
      for (let i = 0; i < 6; i++) bytes[at + i] = this.#neighbourMac[row * 6 + i]!;
      this.surroundings.transmit(host, packet);
      return;
    }
    if (this.#pendingCount[row]! >= PENDING_LIMIT) {
      this.unresolved[0]!++;
      this.pool.free(packet);
      return;
    }
    this.pool.next[packet] = this.#pending[row]!;
    this.#pending[row] = packet;
    this.#pendingCount[row]!++;
    if (this.#neighbourState[row] === 0) this.#ask(host, row);
  }

  /** Sends a datagram of `payloadBytes` virtual bytes. */
  sendUdp(
    host: number,
    sourcePort: number,
    destination: number,
    port: number,
    payloadBytes: number,
    flow: number,
  ): void {
    const length = UDP_BYTES + payloadBytes;
    const packet = this.#newIpv4(host, destination, IpProtocol.UDP, length, UDP_BYTES, flow);
    if (packet === NO_PACKET) return;
    const { bytes } = this.pool;
    const at = this.pool.start[packet]! + ETHERNET_BYTES + IPV4_BYTES;
    write16(bytes, at, sourcePort);
    write16(bytes, at + 2, port);
    write16(bytes, at + 4, length);
    write16(bytes, at + 6, 0);
    const pseudo = pseudoHeaderSum(this.#addresses[host]!, destination, IpProtocol.UDP, length);
    write16(bytes, at + 6, foldChecksum(sumWords(bytes, at, UDP_BYTES) + pseudo) || 0xffff);
    this.sendIpv4(host, packet);
  }

  /** Sends an ICMP echo request of 56 payload bytes. */
  sendEcho(host: number, destination: number, flow: number, sequence: number): void {
    const length = ICMP_BYTES + 56;
    const packet = this.#newIpv4(host, destination, IpProtocol.ICMP, length, ICMP_BYTES, flow);
    if (packet === NO_PACKET) return;
    const { bytes } = this.pool;
    const at = this.pool.start[packet]! + ETHERNET_BYTES + IPV4_BYTES;
    bytes[at] = ECHO_REQUEST;
    bytes[at + 1] = 0;
    write16(bytes, at + 2, 0);
    write16(bytes, at + 4, flow);
    write16(bytes, at + 6, sequence);
    write16(bytes, at + 2, foldChecksum(sumWords(bytes, at, ICMP_BYTES)));
    this.sendIpv4(host, packet);
  }

  /** A host's ARP timer is due: asks again, or gives up. */
  timer(host: number): void {
    let isWaiting = false;
    for (let row = host * NEIGHBOURS; row < (host + 1) * NEIGHBOURS; row++) {
      if (this.#neighbourState[row] !== 1) continue;
      if (this.#neighbourTries[row]! >= ARP_TRIES) {
        this.#forget(row);
      } else {
        this.#request(host, row);
        isWaiting = true;
      }
    }
    if (isWaiting) this.events.schedule(this.firstSource + host, this.now[0]! + ARP_RETRY_NS);
  }

  #newIpv4(
    host: number,
    destination: number,
    protocol: number,
    length: number,
    realBytes: number,
    flow: number,
  ): number {
    const { pool } = this;
    const packet = pool.alloc();
    if (packet === NO_PACKET) return NO_PACKET;
    const at = pool.start[packet]! + ETHERNET_BYTES;
    const source = this.#addresses[host]!;
    const identification = this.nextIdentification(host);
    const total = IPV4_BYTES + length;
    writeIpv4(pool.bytes, at, total, protocol, source, destination, identification);
    pool.headLength[packet] = ETHERNET_BYTES + IPV4_BYTES + realBytes;
    pool.wireLength[packet] = ETHERNET_BYTES + total;
    pool.bornNs[packet] = this.now[0]!;
    pool.mark[packet] = flow;
    return packet;
  }

  /** The row of a neighbour; takes the oldest one when all are in use. */
  #neighbour(host: number, ip: number): number {
    const base = host * NEIGHBOURS;
    for (let row = base; row < base + NEIGHBOURS; row++) {
      if (this.#neighbourIp[row] === ip) return row;
      if (this.#neighbourIp[row] === 0) {
        this.#neighbourIp[row] = ip;
        return row;
      }
    }
    const row = base + (this.#oldest[host]!++ % NEIGHBOURS);
    this.#forget(row);
    this.#neighbourIp[row] = ip;
    return row;
  }

  #forget(row: number): void {
    this.#neighbourState[row] = 0;
    this.#neighbourTries[row] = 0;
    for (let packet = this.#pending[row]!; packet !== NO_PACKET;) {
      const next = this.pool.next[packet]!;
      this.unresolved[0]!++;
      this.pool.free(packet);
      packet = next;
    }
    this.#pending[row] = NO_PACKET;
    this.#pendingCount[row] = 0;
  }

  #ask(host: number, row: number): void {
    this.#neighbourState[row] = 1;
    this.#request(host, row);
    const source = this.firstSource + host;
    if (!this.events.isQueued(source)) {
      this.events.schedule(source, this.now[0]! + ARP_RETRY_NS);
    }
  }

  #request(host: number, row: number): void {
    this.#neighbourTries[row]!++;
    const packet = this.pool.alloc();
    if (packet === NO_PACKET) return;
    const { bytes, start, headLength, wireLength } = this.pool;
    const at = start[packet]!;
    const mac = this.#macs[host]!;
    bytes.fill(255, at, at + 6);
    bytes.set(mac, at + 6);
    write16(bytes, at + 12, EtherType.ARP);
    const arp = at + ETHERNET_BYTES;
    bytes.set([0, 1, 8, 0, 6, 4, 0, 1], arp);
    bytes.set(mac, arp + 8);
    write32(bytes, arp + 14, this.#addresses[host]!);
    bytes.fill(0, arp + 18, arp + 24);
    write32(bytes, arp + 24, this.#neighbourIp[row]!);
    headLength[packet] = wireLength[packet] = ETHERNET_BYTES + ARP_BYTES;
    this.surroundings.transmit(host, packet);
  }

  #arp(host: number, packet: number, arp: number): void {
    const { pool } = this;
    const { bytes } = pool;
    const senderIp = read32(bytes, arp + 14);
    const isForUs = read32(bytes, arp + 24) === this.#addresses[host];
    if (isForUs && read16(bytes, arp + 6) === 1) {
      const mac = this.#macs[host]!;
      bytes.copyWithin(arp + 18, arp + 8, arp + 14);
      bytes.copyWithin(arp - ETHERNET_BYTES, arp + 8, arp + 14);
      bytes.set(mac, arp - 8);
      bytes.set(mac, arp + 8);
      write16(bytes, arp + 6, 2);
      write32(bytes, arp + 24, senderIp);
      write32(bytes, arp + 14, this.#addresses[host]!);
      this.surroundings.transmit(host, packet);
      return;
    }
    if (isForUs) this.#learn(host, senderIp, arp + 8);
    pool.free(packet);
  }

  /** An answer came: the packets that waited go, in their order. */
  #learn(host: number, ip: number, macAt: number): void {
    const row = this.#neighbour(host, ip);
    const { bytes, next, start } = this.pool;
    this.#neighbourMac.set(bytes.subarray(macAt, macAt + 6), row * 6);
    this.#neighbourState[row] = 2;
    this.#neighbourTries[row] = 0;
    let inOrder = NO_PACKET;
    for (let packet = this.#pending[row]!; packet !== NO_PACKET;) {
      const after = next[packet]!;
      next[packet] = inOrder;
      inOrder = packet;
      packet = after;
    }
    this.#pending[row] = NO_PACKET;
    this.#pendingCount[row] = 0;
    while (inOrder !== NO_PACKET) {
      const after = next[inOrder]!;
      bytes.set(this.#neighbourMac.subarray(row * 6, row * 6 + 6), start[inOrder]!);
      this.surroundings.transmit(host, inOrder);
      inOrder = after;
    }
  }

  #ipv4(host: number, packet: number, at: number): void {
    const { pool } = this;
    const { bytes } = pool;
    const headerBytes = (bytes[at]! & 15) * 4;
    const length = read16(bytes, at + 2) - headerBytes;
    const inner = at + headerBytes;
    if (read32(bytes, at + 16) !== this.#addresses[host] || length < 8) {
      pool.free(packet);
      return;
    }
    const protocol = bytes[at + 9]!;
    if (protocol === IpProtocol.TCP) {
      this.surroundings.tcp(host, packet, inner, read32(bytes, at + 12), length);
      pool.free(packet);
    } else if (protocol === IpProtocol.UDP) {
      this.surroundings.datagram(host, packet);
      pool.free(packet);
    } else if (protocol === IpProtocol.ICMP && bytes[inner] === ECHO_REQUEST) {
      this.#answerEcho(host, packet, at, inner);
    } else {
      if (protocol === IpProtocol.ICMP && bytes[inner] === 0) {
        this.surroundings.echoReply(host, packet);
      }
      pool.free(packet);
    }
  }

  /** Turns an echo request into its reply, in place; it keeps its birth and its mark. */
  #answerEcho(host: number, packet: number, at: number, inner: number): void {
    const { bytes } = this.pool;
    const source = read32(bytes, at + 12);
    write32(bytes, at + 12, this.#addresses[host]!);
    write32(bytes, at + 16, source);
    bytes[at + 8] = 64;
    write16(bytes, at + 10, 0);
    write16(bytes, at + 10, foldChecksum(sumWords(bytes, at, IPV4_BYTES)));
    // Type 8 becomes 0: the checksum grows by 0x0800 in one's complement.
    const sum = (~read16(bytes, inner + 2) & 0xffff) + 0xf7ff;
    bytes[inner] = 0;
    write16(bytes, inner + 2, foldChecksum(sum));
    this.sendIpv4(host, packet);
  }
}
