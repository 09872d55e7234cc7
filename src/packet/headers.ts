/** Packet headers, written and read in place. Offsets are from a packet's first byte. */

/** Without tags. */
export const ETHERNET_BYTES = 14;
/** Without options. */
export const IPV4_BYTES = 20;
/** Without options. */
export const TCP_BYTES = 20;
/** A UDP header. */
export const UDP_BYTES = 8;
/** An ICMP echo's header. */
export const ICMP_BYTES = 8;
/** ARP for IPv4 over Ethernet. */
export const ARP_BYTES = 28;

/** EtherTypes; SHADOW_TAG marks frames of the shadow. */
export const EtherType = { IPV4: 0x0800, ARP: 0x0806, IPV6: 0x86dd, SHADOW_TAG: 0x88b5 } as const;
/** Protocol numbers of IPv4 and IPv6. */
export const IpProtocol = { ICMP: 1, TCP: 6, UDP: 17, GRE: 47 } as const;
/** Bits of the TCP flags byte. */
export const TcpFlag = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16 } as const;

/** Big-endian 16 bits. */
export function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Big-endian 32 bits, unsigned. */
export function read32(bytes: Uint8Array, at: number): number {
  const high = (bytes[at]! << 24) | (bytes[at + 1]! << 16);
  return (high | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Writes big-endian 16 bits. */
export function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Writes big-endian 32 bits. */
export function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Sum of big-endian 16-bit words; an odd last byte counts as high. */
export function sumWords(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0;
  const end = at + (length & ~1);
  for (let i = at; i < end; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  return length & 1 ? sum + (bytes[end]! << 8) : sum;
}

/** The Internet checksum (RFC 1071) of a sum of words. */
export function foldChecksum(sum: number): number {
  let folded = (sum & 0xffff) + Math.floor(sum / 65536);
  folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}

/** Writes an IPv4 header without options, checksum included. Addresses are numbers. */
export function writeIpv4(
  bytes: Uint8Array,
  at: number,
  totalLength: number,
  protocol: number,
  source: number,
  destination: number,
  identification: number,
): void {
  bytes[at] = 0x45;
  bytes[at + 1] = 0;
  write16(bytes, at + 2, totalLength);
  write16(bytes, at + 4, identification);
  write16(bytes, at + 6, 0x4000);
  bytes[at + 8] = 64;
  bytes[at + 9] = protocol;
  write16(bytes, at + 10, 0);
  write32(bytes, at + 12, source);
  write32(bytes, at + 16, destination);
  write16(bytes, at + 10, foldChecksum(sumWords(bytes, at, IPV4_BYTES)));
}

/** Sum of the pseudo header of TCP and UDP. */
export function pseudoHeaderSum(
  source: number,
  destination: number,
  protocol: number,
  length: number,
): number {
  return (
    (source >>> 16) +
    (source & 0xffff) +
    (destination >>> 16) +
    (destination & 0xffff) +
    protocol +
    length
  );
}

/** What a TCP segment's header says; filled by `writeTcp`, without options unless given. */
export interface TcpHeader {
  sourcePort: number;
  destinationPort: number;
  sequence: number;
  acknowledgement: number;
  flags: number;
  /** As in the header, already scaled. */
  window: number;
}

/** Writes a TCP header; `headerBytes` says how many option bytes follow. No checksum yet. */
export function writeTcp(
  bytes: Uint8Array,
  at: number,
  header: TcpHeader,
  headerBytes: number,
): void {
  write16(bytes, at, header.sourcePort);
  write16(bytes, at + 2, header.destinationPort);
  write32(bytes, at + 4, header.sequence);
  write32(bytes, at + 8, header.acknowledgement);
  bytes[at + 12] = (headerBytes / 4) << 4;
  bytes[at + 13] = header.flags;
  write16(bytes, at + 14, header.window);
  write16(bytes, at + 16, 0);
  write16(bytes, at + 18, 0);
}
