/**
 * ERSPAN type II: a copied frame behind Ethernet, IPv4, GRE with a sequence number, and the 8-byte
 * ERSPAN header whose index field carries the ingress port. Source: draft-foschiano-erspan, 4.2.
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

/** GRE protocol type of ERSPAN type II. */
export const GRE_ERSPAN = 0x88be;
/** Bytes that a copy gains: Ethernet, IPv4, GRE with sequence, ERSPAN. */
export const ERSPAN_OUTER_BYTES = 50;

const VLAN = 0x8100;
const GRE_CHECKSUM = 0x8000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_VERSION = 7;
const ERSPAN_BYTES = 8;
/** "En" field: the frame is copied with its VLAN tag, if it has one. */
const VLAN_KEPT = 3;

/** A mirrored frame and what its encapsulation says of it. */
export interface MirroredFrame {
  /** IPv4 address of the switch that copied, a number in [0, 2^32). */
  source: number;
  /** Of the session, modulo 2^32: gaps are copies lost on the way. */
  sequence: number;
  /** 0 to 1023. */
  sessionId: number;
  /** The index field, 20 bits: the port at which the frame entered. */
  ingressPort: number;
  /** The copy is shorter than the frame was. */
  isTruncated: boolean;
  /** The copied frame: a view. */
  frame: Uint8Array;
  /** Length of the copy in bytes; more than `frame.length` when its end is virtual. */
  wireLength: number;
}

/** The way of the copy. */
export interface ErspanRoute {
  /** 6 bytes each. */
  sourceMac: Uint8Array;
  destinationMac: Uint8Array;
  destinationIp: number;
}

/** The frame that carries a copy to its collector. */
export function encapsulateErspan(copy: MirroredFrame, route: ErspanRoute): Uint8Array {
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
  write32(out, 46, copy.ingressPort);
  out.set(copy.frame, ERSPAN_OUTER_BYTES);
  return out;
}

/**
 * The copy that a frame carries, or undefined when it is not ERSPAN type II over IPv4.
 * @param wireLength length of the outer frame when its end is virtual
 */
export function decapsulateErspan(
  frame: Uint8Array,
  wireLength = frame.length,
): MirroredFrame | undefined {
  let at = 12;
  while (at + 4 <= frame.length && read16(frame, at) === VLAN) at += 4;
  if (at + 2 + IPV4_BYTES > frame.length || read16(frame, at) !== EtherType.IPV4) return undefined;
  const ip = at + 2;
  const ipHeaderBytes = (frame[ip]! & 15) * 4;
  const isWhole = (read16(frame, ip + 6) & 0x3fff) === 0;
  if (frame[ip]! >> 4 !== 4 || ipHeaderBytes < IPV4_BYTES || !isWhole) return undefined;
  if (frame[ip + 9] !== IpProtocol.GRE) return undefined;
  const gre = ip + ipHeaderBytes;
  if (gre + 4 > frame.length) return undefined;
  const flags = read16(frame, gre);
  if ((flags & GRE_VERSION) !== 0 || (flags & GRE_SEQUENCE) === 0) return undefined;
  if (read16(frame, gre + 2) !== GRE_ERSPAN) return undefined;
  const sequenceAt = gre + 4 + (flags & GRE_CHECKSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0);
  const header = sequenceAt + 4;
  const start = header + ERSPAN_BYTES;
  const end = Math.min(wireLength, ip + read16(frame, ip + 2));
  if (start > frame.length || start > end || frame[header]! >> 4 !== 1) return undefined;
  const session = read16(frame, header + 2);
  return {
    source: read32(frame, ip + 12),
    sequence: read32(frame, sequenceAt),
    sessionId: session & 0x3ff,
    ingressPort: read32(frame, header + 4) & 0xfffff,
    isTruncated: (session & 0x400) !== 0,
    frame: frame.subarray(start, Math.min(end, frame.length)),
    wireLength: end - start,
  };
}
