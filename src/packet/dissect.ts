/**
 * One pass over a frame's headers: Ethernet, 802.1Q tags, the shadow tag, IPv4, IPv6 with its
 * extension headers, TCP, UDP, ICMP. Nothing is allocated: the result is filled in place. Lengths
 * come from the headers, so that cut and virtual frames count in full.
 */
import { formatIpv4, formatIpv6 } from '../base/address.js';
import { EtherType, IPV4_BYTES, IpProtocol, read16, read32, TCP_BYTES } from './headers.js';

const IPV6_BYTES = 40;
const ICMPV6 = 58;
const VLAN_TYPES: readonly number[] = [0x8100, 0x88a8, 0x9100];
/** Hop-by-hop, routing, fragment, authentication, destination options. */
const ExtensionHeader = { HOPS: 0, ROUTING: 43, FRAGMENT: 44, AUTH: 51, OPTIONS: 60 } as const;
const EXTENSION_LIMIT = 8;

/** What one frame's headers say; -1 where the frame has no such field. */
export interface Dissection {
  /** Behind tags. */
  etherType: number;
  /** Outermost VLAN id. */
  vlan: number;
  hasShadowTag: boolean;
  /** 4, 6, or 0 when it is not IP, or cut within its IP header. */
  ipVersion: 0 | 4 | 6;
  /** Offsets of the IP addresses; see `sourceAddress`. */
  sourceAt: number;
  destinationAt: number;
  dscp: number;
  /** Transport protocol, behind extension headers. */
  protocol: number;
  /** A fragment; only the first one has ports. */
  isFragment: boolean;
  sourcePort: number;
  destinationPort: number;
  /** TcpFlag bits. */
  tcpFlags: number;
  sequence: number;
  acknowledgement: number;
  /** ICMP and ICMPv6: type, and for echoes their identifier and number. */
  icmpType: number;
  echoId: number;
  echoNumber: number;
  /** First byte behind the last header that was understood. */
  payloadOffset: number;
  /** Bytes from there to the end of the IP packet (of the frame, without IP). */
  payloadLength: number;
  /** Length of the whole IP packet. */
  ipLength: number;
  /** Length of the frame on the wire without padding. */
  frameLength: number;
}

/** A dissection to fill. */
export function emptyDissection(): Dissection {
  return {
    etherType: -1,
    vlan: -1,
    hasShadowTag: false,
    ipVersion: 0,
    sourceAt: -1,
    destinationAt: -1,
    dscp: -1,
    protocol: -1,
    isFragment: false,
    sourcePort: -1,
    destinationPort: -1,
    tcpFlags: -1,
    sequence: -1,
    acknowledgement: -1,
    icmpType: -1,
    echoId: -1,
    echoNumber: -1,
    payloadOffset: 0,
    payloadLength: 0,
    ipLength: -1,
    frameLength: 0,
  };
}

const blank = emptyDissection();

/**
 * Dissects a frame; malformed headers end the dissection where they begin.
 * @param wireLength the frame's length when its end is cut or virtual
 * @param into filled and returned, to spare an allocation
 */
export function dissect(
  frame: Uint8Array,
  wireLength = frame.length,
  into: Dissection = emptyDissection(),
): Dissection {
  Object.assign(into, blank);
  into.frameLength = wireLength;
  const at = readEthernet(frame, into);
  into.payloadOffset = at;
  into.payloadLength = Math.max(0, wireLength - at);
  if (into.etherType === EtherType.IPV4) readIpv4(frame, at, wireLength, into);
  else if (into.etherType === EtherType.IPV6) readIpv6(frame, at, wireLength, into);
  return into;
}

/** The source address of an IP frame as text. */
export function sourceAddress(frame: Uint8Array, found: Dissection): string {
  return addressText(frame, found.ipVersion, found.sourceAt);
}

/** The destination address of an IP frame as text. */
export function destinationAddress(frame: Uint8Array, found: Dissection): string {
  return addressText(frame, found.ipVersion, found.destinationAt);
}

function addressText(frame: Uint8Array, version: number, at: number): string {
  return version === 4 ? formatIpv4(read32(frame, at)) : formatIpv6(frame, at);
}

function readEthernet(frame: Uint8Array, into: Dissection): number {
  let at = 12;
  while (at + 2 <= frame.length) {
    const type = read16(frame, at);
    at += 2;
    if (VLAN_TYPES.includes(type) && at + 4 <= frame.length) {
      if (into.vlan < 0) into.vlan = read16(frame, at) & 0xfff;
      at += 2;
    } else if (type === EtherType.SHADOW_TAG && at + 2 <= frame.length) {
      into.hasShadowTag = true;
    } else {
      into.etherType = type;
      break;
    }
  }
  return Math.min(at, frame.length);
}

function readIpv4(frame: Uint8Array, at: number, wireLength: number, into: Dissection): void {
  if (at + IPV4_BYTES > frame.length || frame[at]! >> 4 !== 4) return;
  const headerBytes = (frame[at]! & 15) * 4;
  if (headerBytes < IPV4_BYTES || at + headerBytes > frame.length) return;
  into.ipVersion = 4;
  into.dscp = frame[at + 1]! >> 2;
  into.sourceAt = at + 12;
  into.destinationAt = at + 16;
  into.protocol = frame[at + 9]!;
  // Segmentation offload leaves 0 in captures: the frame's length is the truth then.
  const length = read16(frame, at + 2) || wireLength - at;
  setIpLength(into, at, Math.max(length, headerBytes));
  const fragment = read16(frame, at + 6);
  into.isFragment = (fragment & 0x3fff) !== 0;
  setPayload(into, at + headerBytes);
  if ((fragment & 0x1fff) === 0) readTransport(frame, at + headerBytes, into);
}

function readIpv6(frame: Uint8Array, start: number, wireLength: number, into: Dissection): void {
  if (start + IPV6_BYTES > frame.length || frame[start]! >> 4 !== 6) return;
  into.ipVersion = 6;
  into.dscp = (read16(frame, start) >> 6) & 63;
  into.sourceAt = start + 8;
  into.destinationAt = start + 24;
  const payload = read16(frame, start + 4);
  setIpLength(into, start, payload > 0 ? IPV6_BYTES + payload : wireLength - start);
  let at = start + IPV6_BYTES;
  let next = frame[start + 6]!;
  for (let i = 0; i < EXTENSION_LIMIT && isExtension(next) && at + 8 <= frame.length; i++) {
    const isFragment = next === ExtensionHeader.FRAGMENT;
    const isLater = isFragment && (read16(frame, at + 2) & 0xfff8) !== 0;
    const unitBytes = next === ExtensionHeader.AUTH ? 4 : 8;
    const firstUnits = next === ExtensionHeader.AUTH ? 2 : 1;
    if (isFragment) into.isFragment = true;
    next = frame[at]!;
    at += isFragment ? 8 : (frame[at + 1]! + firstUnits) * unitBytes;
    if (!isLater) continue;
    into.protocol = next;
    setPayload(into, at);
    return;
  }
  into.protocol = next;
  setPayload(into, at);
  readTransport(frame, at, into);
}

function isExtension(protocol: number): boolean {
  return (
    protocol === ExtensionHeader.HOPS ||
    protocol === ExtensionHeader.ROUTING ||
    protocol === ExtensionHeader.FRAGMENT ||
    protocol === ExtensionHeader.AUTH ||
    protocol === ExtensionHeader.OPTIONS
  );
}

function setIpLength(into: Dissection, at: number, length: number): void {
  into.ipLength = length;
  into.frameLength = at + length;
}

function setPayload(into: Dissection, at: number): void {
  into.payloadOffset = at;
  into.payloadLength = Math.max(0, into.frameLength - at);
}

function readTransport(frame: Uint8Array, at: number, into: Dissection): void {
  if (at + 8 > frame.length || at + 8 > into.frameLength) return;
  if (into.protocol === IpProtocol.UDP) {
    readPorts(frame, at, into);
    setPayload(into, at + 8);
  } else if (into.protocol === IpProtocol.TCP) {
    readTcp(frame, at, into);
  } else if (into.protocol === IpProtocol.ICMP || into.protocol === ICMPV6) {
    into.icmpType = frame[at]!;
    if (isEcho(into)) {
      into.echoId = read16(frame, at + 4);
      into.echoNumber = read16(frame, at + 6);
    }
    setPayload(into, at + 8);
  }
}

/** True for ICMP and ICMPv6 echo requests and replies. */
function isEcho({ protocol, icmpType }: Dissection): boolean {
  if (protocol === ICMPV6) return icmpType === 128 || icmpType === 129;
  return icmpType === 8 || icmpType === 0;
}

/** True for an echo request of either version. */
export function isEchoRequest({ protocol, icmpType }: Dissection): boolean {
  return protocol === ICMPV6 ? icmpType === 128 : protocol === IpProtocol.ICMP && icmpType === 8;
}

function readPorts(frame: Uint8Array, at: number, into: Dissection): void {
  into.sourcePort = read16(frame, at);
  into.destinationPort = read16(frame, at + 2);
}

function readTcp(frame: Uint8Array, at: number, into: Dissection): void {
  readPorts(frame, at, into);
  if (at + TCP_BYTES > frame.length) return;
  into.sequence = read32(frame, at + 4);
  into.acknowledgement = read32(frame, at + 8);
  into.tcpFlags = frame[at + 13]! & 63;
  setPayload(into, at + Math.max(TCP_BYTES, (frame[at + 12]! >> 4) * 4));
}
