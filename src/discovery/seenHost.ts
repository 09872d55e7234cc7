/** Hosts as frames give them away: ARP's sender, and the source of IPv4. */
import { formatIpv4, formatMac } from '../base/address.js';
import {
  ARP_BYTES,
  ETHERNET_BYTES,
  EtherType,
  IPV4_BYTES,
  read16,
  read32,
} from '../packet/index.js';
import type { Endpoint } from '../topology/index.js';

/** A host and the port it was heard at. */
export interface SeenHost {
  at: Endpoint;
  mac: string;
  ip: string;
}

const ARP_SENDER_IP = ETHERNET_BYTES + 14;
const IPV4_SOURCE = ETHERNET_BYTES + 12;
/** 224.0.0.0 and what is above it is nobody's source. */
const FIRST_GROUP = 0xe0000000;
const LOOPBACK = 127;

/** The addresses that a frame's sender has; none in frames of other kinds. */
export function addressesIn(frame: Uint8Array): { mac: string; ip: string }[] {
  if (frame.length < ETHERNET_BYTES) return [];
  const type = read16(frame, 12);
  const isArp = type === EtherType.ARP && frame.length >= ETHERNET_BYTES + ARP_BYTES;
  const isIpv4 = type === EtherType.IPV4 && frame.length >= ETHERNET_BYTES + IPV4_BYTES;
  if (!isArp && !isIpv4) return [];
  const address = read32(frame, isArp ? ARP_SENDER_IP : IPV4_SOURCE);
  const isGroup = (frame[6]! & 1) !== 0;
  const isHost = address !== 0 && address < FIRST_GROUP && address >>> 24 !== LOOPBACK;
  return isHost && !isGroup ? [{ mac: formatMac(frame, 6), ip: formatIpv4(address) }] : [];
}
