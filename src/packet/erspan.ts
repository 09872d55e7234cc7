/**
 * ERSPAN: copied frames behind Ethernet, IPv4 and GRE. Type I adds nothing to GRE, type II a header
 * of 8 bytes with session and index, type III one of 12 bytes and an optional subheader. Our own
 * switches send type II, with the port of entry as its index.
 * Source: draft-foschiano-erspan-03, 4.1 to 4.3; GRE: RFC 2890.
 */
import {
  ETHERNET_BYTES,
  EtherType,
  IPV4_BYTES,
  IpProtocol,
  read16,
  read32,
  write16,
  write32,
  writeIpv4,
} from './headers.js';

/** GRE protocol type of ERSPAN types I and II. */
export const GRE_ERSPAN = 0x88be;
/** GRE protocol type of ERSPAN type III. */
export const GRE_ERSPAN_III = 0x22eb;
/** Bytes that a copy of type II gains: Ethernet, IPv4, GRE with sequence, ERSPAN. */
export const ERSPAN_OUTER_BYTES = 50;

const VLAN = 0x8100;
const VLAN_TYPES: readonly number[] = [VLAN, 0x88a8, 0x9100];
const VLAN_BYTES = 4;
const VLAN_AT = 12;
const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_VERSION = 7;
const SECOND_BYTES = 8;
const THIRD_BYTES = 12;
const SUBHEADER_BYTES = 8;
/** "En" field of type II: the tag was taken off, its VLAN and class are in the header. */
const VLAN_TAKEN = 2;
/** "En" field: the frame is copied with its VLAN tag, if it has one. */
const VLAN_KEPT = 3;

/** A mirrored frame and what its encapsulation says of it; -1 for what it does not say. */
export interface MirroredFrame {
  type: 1 | 2 | 3;
  /** IPv4 address of the switch that copied, a number in [0, 2^32). */
  source: number;
  /** Of GRE, modulo 2^32: gaps are copies lost on the way. */
  sequence: number;
  /** 0 to 1023; of types II and III. */
  sessionId: number;
  /** Index field of type II, 20 bits, or the port of a subheader of type III. */
  index: number;
  /** Copied where it left the switch; known of type III only. */
  isEgress: boolean;
  /** The copy is shorter than the frame was. */
  isTruncated: boolean;
  /** The copied frame: a view, but where a VLAN tag had to be put back. */
  frame: Uint8Array;
  /** Length of the copy in bytes; more than `frame.length` when its end is virtual. */
  wireLength: number;
}

/** Why a packet is no copy: something else, or one of which too little is there. */
export type NotMirrored = 'not ERSPAN' | 'fragment' | 'cut short' | 'not Ethernet';

/** The way of the copy. */
export interface ErspanRoute {
  /** 6 bytes each. */
  sourceMac: Uint8Array;
  destinationMac: Uint8Array;
  destinationIp: number;
}

/** What a copy of type II says. */
export type CopyOfTypeTwo = Pick<
  MirroredFrame,
  'source' | 'sequence' | 'sessionId' | 'index' | 'isTruncated' | 'frame'
>;

/** The frame that carries a copy to its collector, as type II. */
export function encapsulateErspan(copy: CopyOfTypeTwo, route: ErspanRoute): Uint8Array {
  const out = new Uint8Array(ERSPAN_OUTER_BYTES + copy.frame.length);
  out.set(route.destinationMac, 0);
  out.set(route.sourceMac, 6);
  write16(out, 12, EtherType.IPV4);
  const ipLength = out.length - ETHERNET_BYTES;
  writeIpv4(out, 14, ipLength, IpProtocol.GRE, copy.source, route.destinationIp, 0);
  write16(out, 34, GRE_SEQUENCE);
  write16(out, 36, GRE_ERSPAN);
  write32(out, 38, copy.sequence);
  write16(out, 42, 1 << 12);
  write16(out, 44, (VLAN_KEPT << 11) | (copy.isTruncated ? 1 << 10 : 0) | copy.sessionId);
  write32(out, 46, copy.index);
  out.set(copy.frame, ERSPAN_OUTER_BYTES);
  return out;
}

/**
 * The copy that a frame carries, or why there is none. Never throws, whatever the bytes.
 * @param wireLength length of the outer frame when its end is virtual
 * @param hasHeader whether a source puts a header of type II behind a GRE header without sequence
 *   number, which otherwise means type I
 */
export function decapsulateErspan(
  frame: Uint8Array,
  wireLength = frame.length,
  hasHeader: (source: number) => boolean = () => false,
): MirroredFrame | NotMirrored {
  let at = VLAN_AT;
  while (at + VLAN_BYTES <= frame.length && VLAN_TYPES.includes(read16(frame, at))) {
    at += VLAN_BYTES;
  }
  const ip = at + 2;
  if (ip + IPV4_BYTES > frame.length || read16(frame, at) !== EtherType.IPV4) return 'not ERSPAN';
  const ipHeaderBytes = (frame[ip]! & 15) * 4;
  if (frame[ip]! >> 4 !== 4 || ipHeaderBytes < IPV4_BYTES) return 'not ERSPAN';
  if (frame[ip + 9] !== IpProtocol.GRE) return 'not ERSPAN';
  if ((read16(frame, ip + 6) & 0x3fff) !== 0) return 'fragment';
  const gre = ip + ipHeaderBytes;
  if (gre + 4 > frame.length) return 'cut short';
  const flags = read16(frame, gre);
  const protocol = read16(frame, gre + 2);
  if ((flags & (GRE_VERSION | GRE_ROUTING)) !== 0) return 'not ERSPAN';
  if (protocol !== GRE_ERSPAN && protocol !== GRE_ERSPAN_III) return 'not ERSPAN';
  const sequenceAt = gre + 4 + (flags & GRE_CHECKSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0);
  const isNumbered = (flags & GRE_SEQUENCE) !== 0;
  const start = sequenceAt + (isNumbered ? 4 : 0);
  const end = Math.min(wireLength, ip + read16(frame, ip + 2));
  if (start > frame.length || start > end) return 'cut short';
  const source = read32(frame, ip + 12);
  const copy: MirroredFrame = {
    type: 1,
    source,
    sequence: isNumbered ? read32(frame, sequenceAt) : -1,
    sessionId: -1,
    index: -1,
    isEgress: false,
    isTruncated: false,
    frame,
    wireLength: end,
  };
  if (protocol === GRE_ERSPAN_III) return readThird(copy, start);
  if (isNumbered || hasHeader(source)) return readSecond(copy, start);
  return withFrame(copy, start);
}

/** The copied frame begins at `start` of what `copy` holds so far, the outer frame. */
function withFrame(copy: MirroredFrame, start: number): MirroredFrame | NotMirrored {
  const { frame: outer, wireLength: end } = copy;
  if (start > outer.length || start > end) return 'cut short';
  copy.frame = outer.subarray(start, Math.min(end, outer.length));
  copy.wireLength = end - start;
  return copy;
}

function readSecond(copy: MirroredFrame, header: number): MirroredFrame | NotMirrored {
  const outer = copy.frame;
  if (header + SECOND_BYTES > outer.length) return 'cut short';
  if (outer[header]! >> 4 !== 1) return 'not ERSPAN';
  const tag = read16(outer, header);
  const session = read16(outer, header + 2);
  copy.type = 2;
  copy.sessionId = session & 0x3ff;
  copy.isTruncated = (session & 0x400) !== 0;
  copy.index = read32(outer, header + 4) & 0xfffff;
  const found = withFrame(copy, header + SECOND_BYTES);
  if (typeof found === 'string' || ((session >> 11) & 3) !== VLAN_TAKEN) return found;
  return withTag(found, (session & 0xe000) | (tag & 0xfff));
}

function readThird(copy: MirroredFrame, header: number): MirroredFrame | NotMirrored {
  const outer = copy.frame;
  if (header + THIRD_BYTES > outer.length) return 'cut short';
  if (outer[header]! >> 4 !== 2) return 'not ERSPAN';
  const session = read16(outer, header + 2);
  const last = read16(outer, header + 10);
  // FT: 0 is Ethernet, others begin with an IP header.
  if (((last >> 10) & 31) !== 0) return 'not Ethernet';
  copy.type = 3;
  copy.sessionId = session & 0x3ff;
  copy.isTruncated = (session & 0x400) !== 0;
  copy.isEgress = (last & 8) !== 0;
  let start = header + THIRD_BYTES;
  if ((last & 1) !== 0) {
    if (start + SUBHEADER_BYTES > outer.length) return 'cut short';
    copy.index = portOfSubheader(read32(outer, start), read32(outer, start + 4));
    start += SUBHEADER_BYTES;
  }
  return withFrame(copy, start);
}

/** The port or index of a subheader of type III, by its platform; -1 when it has none. */
function portOfSubheader(first: number, second: number): number {
  switch (first >>> 26) {
    case 1:
      return second;
    case 3:
      return first & 0x3fff;
    case 5:
    case 6:
      return first & 0xffff;
    default:
      return -1;
  }
}

/** Puts back the tag that the source took off, so that the copy equals the original. */
function withTag(copy: MirroredFrame, tag: number): MirroredFrame {
  if (copy.frame.length < VLAN_AT) return copy;
  const frame = new Uint8Array(copy.frame.length + VLAN_BYTES);
  frame.set(copy.frame.subarray(0, VLAN_AT));
  write16(frame, VLAN_AT, VLAN);
  write16(frame, VLAN_AT + 2, tag);
  frame.set(copy.frame.subarray(VLAN_AT), VLAN_AT + VLAN_BYTES);
  copy.frame = frame;
  copy.wireLength += VLAN_BYTES;
  return copy;
}
