/** Small frames for tests, written by our own header writers. */
import { parseIpv4, parseIpv6, parseMac } from '../../src/base/address.js';
import {
  EtherType,
  IpProtocol,
  write16,
  write32,
  writeIpv4,
  writeTcp,
} from '../../src/packet/index.js';

/** `fromPort` and `toPort` of a transport with ports. */
export interface Ends {
  from: string;
  to: string;
  fromPort?: number;
  toPort?: number;
}

/** Puts Ethernet and IPv4 or IPv6 (by the form of the addresses) before a transport. */
export function ipFrame({ from, to }: Ends, protocol: number, transport: Uint8Array): Uint8Array {
  const isIpv6 = from.includes(':');
  const at = 14 + (isIpv6 ? 40 : 20);
  const frame = new Uint8Array(at + transport.length);
  frame.set(parseMac('02:00:00:00:00:02'), 0);
  frame.set(parseMac('02:00:00:00:00:01'), 6);
  write16(frame, 12, isIpv6 ? EtherType.IPV6 : EtherType.IPV4);
  if (isIpv6) {
    frame[14] = 0x60;
    write16(frame, 18, transport.length);
    frame[20] = protocol;
    frame[21] = 64;
    frame.set(parseIpv6(from), 22);
    frame.set(parseIpv6(to), 38);
  } else {
    const [source, destination] = [parseIpv4(from), parseIpv4(to)];
    writeIpv4(frame, 14, frame.length - 14, protocol, source, destination, 7);
  }
  frame.set(transport, at);
  return frame;
}

/** A TCP segment; `payload` bytes of zeros or a text. */
export function tcpFrame(
  ends: Ends,
  flags: number,
  sequence: number,
  payload: number | string = 0,
): Uint8Array {
  const data = typeof payload === 'string' ? new TextEncoder().encode(payload) : undefined;
  const transport = new Uint8Array(20 + (data ? data.length : Number(payload)));
  const [sourcePort, destinationPort] = [ends.fromPort ?? 1000, ends.toPort ?? 80];
  const header = { sourcePort, destinationPort, sequence, acknowledgement: 9, flags, window: 8 };
  writeTcp(transport, 0, header, 20);
  if (data) transport.set(data, 20);
  return ipFrame(ends, IpProtocol.TCP, transport);
}

/** A datagram with `payload` bytes of zeros. */
export function udpFrame(ends: Ends, payload: number): Uint8Array {
  const transport = new Uint8Array(8 + payload);
  write16(transport, 0, ends.fromPort ?? 1000);
  write16(transport, 2, ends.toPort ?? 53);
  write16(transport, 4, transport.length);
  return ipFrame(ends, IpProtocol.UDP, transport);
}

/** An echo request (8, or 128 over IPv6) or whatever `type` says. */
export function echoFrame(ends: Ends, number: number, type?: number): Uint8Array {
  const isIpv6 = ends.from.includes(':');
  const transport = new Uint8Array(16);
  transport[0] = type ?? (isIpv6 ? 128 : 8);
  write32(transport, 4, (77 << 16) | number);
  return ipFrame(ends, isIpv6 ? 58 : IpProtocol.ICMP, transport);
}

/** The frame with `bytes` put in at an offset. */
export function insert(frame: Uint8Array, at: number, bytes: readonly number[]): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, at), ...bytes, ...frame.subarray(at)]);
}
