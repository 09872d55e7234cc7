/** LLDP frames (IEEE 802.1AB): the mandatory TLVs, and organisationally specific ones. */
import { formatMac, parseMac } from '../base/address.js';
import { ETHERNET_BYTES, read16, write16 } from './headers.js';

/** EtherType of LLDP. */
export const LLDP_TYPE = 0x88cc;
/** The nearest bridge: no bridge passes it on. */
export const LLDP_GROUP = '01:80:c2:00:00:0e';

const Tlv = { END: 0, CHASSIS: 1, PORT: 2, TTL: 3, ORGANISATION: 127 } as const;
/** Subtypes of chassis and port ids. */
const CHASSIS_MAC = 4;
const PORT_MAC = 3;
/** The same number for both kinds of id. */
const LOCALLY_ASSIGNED = 7;
const LEAST_FRAME_BYTES = 60;

/** An organisation's own TLV. */
export interface OrganisationTlv {
  /** 24 bits. */
  oui: number;
  subtype: number;
  value: Uint8Array;
}

/** What a frame says. */
export interface Lldp {
  /** As text; addresses as `02:..`. */
  chassis: string;
  port: string;
  ttlSeconds: number;
  organisations: OrganisationTlv[];
}

/** A frame with locally assigned ids. `source` is the sender's MAC address. */
export function encodeLldp(message: Lldp, source: string): Uint8Array {
  const parts: Uint8Array[] = [
    tlv(Tlv.CHASSIS, Uint8Array.of(LOCALLY_ASSIGNED), Buffer.from(message.chassis)),
    tlv(Tlv.PORT, Uint8Array.of(LOCALLY_ASSIGNED), Buffer.from(message.port)),
    tlv(Tlv.TTL, Uint8Array.of(message.ttlSeconds >> 8, message.ttlSeconds & 255)),
    ...message.organisations.map(({ oui, subtype, value }) =>
      tlv(Tlv.ORGANISATION, Uint8Array.of(oui >> 16, oui >> 8, oui, subtype), value),
    ),
    tlv(Tlv.END),
  ];
  const payload = Buffer.concat(parts);
  const frame = new Uint8Array(Math.max(LEAST_FRAME_BYTES, ETHERNET_BYTES + payload.length));
  frame.set(parseMac(LLDP_GROUP), 0);
  frame.set(parseMac(source), 6);
  write16(frame, 12, LLDP_TYPE);
  frame.set(payload, ETHERNET_BYTES);
  return frame;
}

/** What a frame says; undefined when it is no LLDP frame, or one that breaks the standard. */
export function decodeLldp(frame: Uint8Array): Lldp | undefined {
  if (frame.length < ETHERNET_BYTES || read16(frame, 12) !== LLDP_TYPE) return undefined;
  const types: number[] = [];
  const found: Lldp = { chassis: '', port: '', ttlSeconds: 0, organisations: [] };
  for (let at = ETHERNET_BYTES; at + 2 <= frame.length; ) {
    const type = frame[at]! >> 1;
    const length = read16(frame, at) & 0x1ff;
    const value = frame.subarray(at + 2, at + 2 + length);
    if (value.length < length) return undefined;
    types.push(type);
    if (type === Tlv.END) break;
    if (!take(found, type, value)) return undefined;
    at += 2 + length;
  }
  // The first three are in this order, and each comes once.
  const isWhole = types.slice(0, 3).join() === [Tlv.CHASSIS, Tlv.PORT, Tlv.TTL].join();
  const isOnce = types.filter((type) => type >= Tlv.CHASSIS && type <= Tlv.TTL).length === 3;
  return isWhole && isOnce ? found : undefined;
}

/** Puts a TLV's value where it belongs; false when it is shorter than its kind. */
function take(into: Lldp, type: number, value: Uint8Array): boolean {
  if (type === Tlv.CHASSIS || type === Tlv.PORT) {
    if (value.length < 2) return false;
    const isMac = value[0] === (type === Tlv.CHASSIS ? CHASSIS_MAC : PORT_MAC);
    const id = value.subarray(1);
    const text = isMac && id.length === 6 ? formatMac(id) : Buffer.from(id).toString('latin1');
    into[type === Tlv.CHASSIS ? 'chassis' : 'port'] = text;
  } else if (type === Tlv.TTL) {
    if (value.length < 2) return false;
    into.ttlSeconds = read16(value, 0);
  } else if (type === Tlv.ORGANISATION) {
    if (value.length < 4) return false;
    const oui = (value[0]! << 16) | read16(value, 1);
    into.organisations.push({ oui, subtype: value[3]!, value: value.subarray(4) });
  }
  return true;
}

function tlv(type: number, ...parts: Uint8Array[]): Uint8Array {
  const value = Buffer.concat(parts);
  const head = new Uint8Array(2);
  write16(head, 0, (type << 9) | value.length);
  return Buffer.concat([head, value]);
}
