/** Forwarders written by hand, in place, to hold emitted code against. */
import type { PacketPool } from '../../src/packet/index.js';
import type { Forwarder } from './forwarding.js';

/** Longest prefixes of 24 bits by hand: two direct steps, as in the switch. */
function routeTable(routes: number): (address: number) => number {
  const top = new Int32Array(65536);
  const blocks = new Int32Array((routes / 256 + 2) * 256);
  let used = 0;
  for (let route = 0; route < routes; route++) {
    const high = ((10 + (route >> 16)) << 8) | ((route >> 8) & 255);
    if (top[high] === 0) top[high] = ~used++;
    blocks[~top[high]! * 256 + (route & 255)] = route + 1;
  }
  return (address) => {
    const cell = top[address >>> 16]!;
    return cell >= 0 ? cell : blocks[~cell * 256 + ((address >>> 8) & 255)]!;
  };
}

/**
 * What production.p4 does for a routed IPv4 packet, written by hand and in place: parses, verifies
 * the checksum, hashes the flow, passes an empty ACL and an empty mirror table and counts both,
 * looks up a route and counts it, rewrites MACs, TTL and checksum, counts the port.
 */
export function productionByHand(pool: PacketPool, routes: number): Forwarder {
  const { bytes, start, headLength, wireLength } = pool;
  const lookup = routeTable(routes);
  const ports = new Int32Array(routes + 1).fill(1);
  const packets = { acl: new Float64Array(1), mirror: new Float64Array(1) };
  const octets = { acl: new Float64Array(1), mirror: new Float64Array(1) };
  const routePackets = new Float64Array(routes + 1);
  const routeBytes = new Float64Array(routes + 1);
  const portPackets = new Float64Array(512);
  const portBytes = new Float64Array(512);
  const crc = Int32Array.from({ length: 256 }, (_, b) => {
    let c = b;
    for (let i = 0; i < 8; i++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c;
  });
  const word = (at: number): number =>
    (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return (packet) => {
    const at = start[packet]!;
    const length = wireLength[packet]!;
    if (headLength[packet]! < 38) return -1;
    if (bytes[at + 12] !== 8 || bytes[at + 13] !== 0 || bytes[at + 14] !== 0x45) return -1;
    const protocol = bytes[at + 23]!;
    const hasPorts = protocol === 6 || protocol === 17;
    let sum = 0;
    for (let i = at + 14; i < at + 34; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
    sum = (sum & 0xffff) + (sum >>> 16);
    if ((sum & 0xffff) + (sum >>> 16) !== 0xffff) return -1;
    const destination = word(at + 30);
    const mixed = word(at + 26) ^ destination;
    const mixedPorts = hasPorts ? (word(at + 34) >>> 16) ^ (word(at + 34) & 0xffff) : 0;
    let h = -1;
    h = crc[(h ^ (mixed >>> 24)) & 255]! ^ (h >>> 8);
    h = crc[(h ^ (mixed >>> 16)) & 255]! ^ (h >>> 8);
    h = crc[(h ^ (mixed >>> 8)) & 255]! ^ (h >>> 8);
    h = crc[(h ^ mixed) & 255]! ^ (h >>> 8);
    h = crc[(h ^ (mixedPorts >>> 8)) & 255]! ^ (h >>> 8);
    h = crc[(h ^ mixedPorts) & 255]! ^ (h >>> 8);
    h = ~(crc[(h ^ protocol) & 255]! ^ (h >>> 8));
    packets.acl[0]!++;
    octets.acl[0]! += length;
    packets.mirror[0]!++;
    octets.mirror[0]! += length;
    const ttl = bytes[at + 22]!;
    const route = lookup(destination);
    if (ttl <= 1 || route === 0) return -1;
    routePackets[route]!++;
    routeBytes[route]! += length;
    const port = ports[route]! + (Math.imul(h, 0x9e3779b1) & 0);
    for (let i = 0; i < 12; i++) bytes[at + i] = macs[i]!;
    bytes[at + 22] = ttl - 1;
    const check = ((bytes[at + 24]! << 8) | bytes[at + 25]!) + 0x0100;
    const folded = (check & 0xffff) + (check >>> 16);
    bytes[at + 24] = folded >>> 8;
    bytes[at + 25] = folded;
    portPackets[port]!++;
    portBytes[port]! += length;
    return port;
  };
}

const macs = Uint8Array.of(0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 1);

/**
 * What l3_router.p4 does, in place: parses, verifies the checksum, looks up a route, rewrites MACs,
 * TTL and checksum.
 */
export function routerByHand(pool: PacketPool, routes: number): Forwarder {
  const { bytes, start, headLength } = pool;
  const lookup = routeTable(routes);
  const ports = new Int32Array(routes + 1).fill(1);
  return (packet) => {
    const at = start[packet]!;
    if (headLength[packet]! < 34) return -1;
    if (bytes[at + 12] !== 8 || bytes[at + 13] !== 0 || bytes[at + 14] !== 0x45) return -1;
    let sum = 0;
    for (let i = at + 14; i < at + 34; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
    sum = (sum & 0xffff) + (sum >>> 16);
    if ((sum & 0xffff) + (sum >>> 16) !== 0xffff) return -1;
    const ttl = bytes[at + 22]!;
    const destination =
      (bytes[at + 30]! << 24) | (bytes[at + 31]! << 16) | (bytes[at + 32]! << 8) | bytes[at + 33]!;
    const route = lookup(destination);
    if (ttl <= 1 || route === 0) return -1;
    for (let i = 0; i < 12; i++) bytes[at + i] = macs[i]!;
    bytes[at + 22] = ttl - 1;
    const check = ((bytes[at + 24]! << 8) | bytes[at + 25]!) + 0x0100;
    const folded = (check & 0xffff) + (check >>> 16);
    bytes[at + 24] = folded >>> 8;
    bytes[at + 25] = folded;
    return ports[route]!;
  };
}
