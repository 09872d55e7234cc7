/** Values as people write them: numbers, MAC, IPv4 and IPv6 addresses. */
import {
  formatIpv4,
  formatIpv6,
  formatMac,
  parseIpv4,
  parseIpv6,
  parseMac,
} from '../base/address.js';
import { UmbraError } from '../base/errors.js';
import { bigintOf, bytesOfBigint, canonical, padded } from './bytestring.js';

/** `10`, `0x0800`, `10.0.1.1`, `2001:db8::1` or `00:00:00:00:01:01` to canonical bytes. */
export function parseValue(text: string, bitWidth: number, what: string): Uint8Array {
  const bytes = parseBytes(text.trim(), bitWidth, what);
  padded(bytes, bitWidth, what);
  return canonical(bytes);
}

function parseBytes(text: string, bitWidth: number, what: string): Uint8Array {
  if (/^\d+$/.test(text) || /^0x[0-9a-f]+$/i.test(text) || /^0b[01]+$/.test(text)) {
    return bytesOfBigint(BigInt(text));
  }
  if (bitWidth === 48) return parseMac(text);
  if (bitWidth === 32 && text.includes('.')) return bytesOfBigint(BigInt(parseIpv4(text)));
  if (bitWidth === 128 && text.includes(':')) return parseIpv6(text);
  throw new UmbraError('INVALID_INPUT', `${what}: '${text}' is no value of ${bitWidth} bits`);
}

/** The value as `parseValue` reads it, in the form its width and name suggest. */
export function formatValue(bytes: Uint8Array, bitWidth: number, name: string): string {
  const full = padded(bytes, bitWidth, name);
  const words = (name.split('.').at(-1) ?? name).toLowerCase().split(/[^a-z]+/);
  const says = (...hints: string[]): boolean => hints.some((hint) => words.includes(hint));
  const isAddress = says('addr', 'address', 'src', 'dst', 'source', 'destination');
  if (bitWidth === 48 && (isAddress || says('mac', 'smac', 'dmac'))) return formatMac(full);
  if (bitWidth === 128) return formatIpv6(full);
  const value = bigintOf(full);
  if (bitWidth === 32 && (isAddress || says('ip', 'ipv', 'sip', 'dip'))) {
    return formatIpv4(Number(value));
  }
  if (says('type', 'mask', 'dscp', 'hash', 'multiplier')) return `0x${value.toString(16)}`;
  return value.toString();
}
