/** Text forms of MAC, IPv4 and IPv6 addresses, and prefixes. Bytes are big-endian. */
import { UmbraError } from './errors.js';

/** `00:11:22:33:44:55` to 6 bytes. Throws INVALID_INPUT. */
export function parseMac(text: string): Uint8Array {
  if (!/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)) {
    throw new UmbraError('INVALID_INPUT', `not a MAC address: '${text}'`);
  }
  return Uint8Array.from(text.split(/[:-]/), (part) => parseInt(part, 16));
}

/** 6 bytes at `offset` to `00:11:22:33:44:55`. */
export function formatMac(bytes: Uint8Array, offset = 0): string {
  const parts: string[] = [];
  for (let i = 0; i < 6; i++) parts.push(bytes[offset + i]!.toString(16).padStart(2, '0'));
  return parts.join(':');
}

/** `10.0.1.1` to a number in [0, 2^32). Throws INVALID_INPUT. */
export function parseIpv4(text: string): number {
  const parts = text.split('.');
  const valid = parts.length === 4 && parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256);
  if (!valid) throw new UmbraError('INVALID_INPUT', `not an IPv4 address: '${text}'`);
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

/** A number in [0, 2^32) to `10.0.1.1`. */
export function formatIpv4(address: number): string {
  const a = address >>> 0;
  return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
}

/** `2001:db8::1` to 16 bytes. Throws INVALID_INPUT. */
export function parseIpv6(text: string): Uint8Array {
  const fail = (): never => {
    throw new UmbraError('INVALID_INPUT', `not an IPv6 address: '${text}'`);
  };
  const halves = text.split('::');
  if (halves.length > 2) fail();
  const words = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').map((w) => (/^[0-9a-f]{1,4}$/i.test(w) ? parseInt(w, 16) : fail()));
  const head = words(halves[0]!);
  const tail = halves.length === 2 ? words(halves[1]!) : [];
  const gap = 8 - head.length - tail.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) fail();
  const all = [...head, ...new Array<number>(gap).fill(0), ...tail];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
}

/** 16 bytes at `offset` to the RFC 5952 form. */
export function formatIpv6(bytes: Uint8Array, offset = 0): string {
  const words: number[] = [];
  for (let i = 0; i < 8; i++) {
    words.push((bytes[offset + 2 * i]! << 8) | bytes[offset + 2 * i + 1]!);
  }
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && words[i + length] === 0) length++;
    if (length > bestLength) [best, bestLength] = [i, length];
  }
  const hex = (part: number[]): string => part.map((w) => w.toString(16)).join(':');
  if (best < 0) return hex(words);
  return `${hex(words.slice(0, best))}::${hex(words.slice(best + bestLength))}`;
}

/** An IPv4 prefix; `address` has its host bits as written. */
export interface Ipv4Prefix {
  address: number;
  length: number;
}

/** `10.0.1.0/24` or a bare address (length 32). Throws INVALID_INPUT. */
export function parseIpv4Prefix(text: string): Ipv4Prefix {
  const [address = '', length = '32'] = text.split('/');
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32) {
    throw new UmbraError('INVALID_INPUT', `not an IPv4 prefix: '${text}'`);
  }
  return { address: parseIpv4(address), length: Number(length) };
}

/** The netmask of a prefix length as a number in [0, 2^32). */
export function ipv4Mask(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
}
