/** ERSPAN type II in GRE over IPv4: how mirrored frames reach their collector (draft-foschiano). */
import { ETHERNET_BYTES, EtherType, IPV4_BYTES, IpProtocol, read16, read32 } from './headers.js';

/** Bytes before the mirrored frame: Ethernet, IPv4, GRE with sequence number, ERSPAN. */
export const ERSPAN_OUTER_BYTES = 50;
const GRE_ERSPAN = 0x88be;
const GRE_SEQUENCE = 0x1000;

/** A mirrored frame without its wrapping. */
export interface MirroredFrame {
  /** IPv4 address of the switch that copied it. */
  source: number;
  sessionId: number;
  /** Counts the session's copies, modulo 2^32. */
  sequence: number;
  /** The port where the frame came in. */
  ingressPort: number;
  isTruncated: boolean;
  /** A view of the frame's real bytes. */
  frame: Uint8Array;
  /** Length of the frame as copied, bytes. */
  wireLength: number;
}

/** Unwraps a copy; undefined when the packet is no ERSPAN type II. */
export function decapsulateErspan(
  packet: Uint8Array,
  wireLength: number,
): MirroredFrame | undefined {
  if (packet.length < ERSPAN_OUTER_BYTES || read16(packet, 12) !== EtherType.IPV4) return undefined;
  const ip = ETHERNET_BYTES;
  const headerBytes = (packet[ip]! & 15) * 4;
  if (headerBytes !== IPV4_BYTES || packet[ip + 9] !== IpProtocol.GRE) return undefined;
  const gre = ip + headerBytes;
  if (read16(packet, gre) !== GRE_SEQUENCE || read16(packet, gre + 2) !== GRE_ERSPAN) {
    return undefined;
  }
  const erspan = gre + 8;
  if (packet[erspan]! >> 4 !== 1) return undefined;
  const session = read16(packet, erspan + 2);
  return {
    source: read32(packet, ip + 12),
    sessionId: session & 0x3ff,
    sequence: read32(packet, gre + 4),
    ingressPort: read32(packet, erspan + 4) & 0xfffff,
    isTruncated: (session & 0x400) !== 0,
    frame: packet.subarray(ERSPAN_OUTER_BYTES),
    wireLength: wireLength - ERSPAN_OUTER_BYTES,
  };
}
