/** The embedded switch on production.p4 against a hand-written forwarder doing the same work. */
import { readFileSync } from 'node:fs';
import { readProgram } from '../../src/bmv2/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { fabricPool, PacketPool, sumWords } from '../../src/packet/index.js';
import { V1Switch } from '../../src/v1model/index.js';
import type { Benchmark } from './row.js';

const PACKETS = 1_000_000;
const ROUTES = 10_000;
const WORKING_SET = 4096;
const ROUNDS = 5;

/** Frames to the routed prefixes, in slots of one pool that are never freed. */
function frames(pool: PacketPool): Int32Array {
  return Int32Array.from({ length: WORKING_SET }, (_, i) => {
    const packet = pool.alloc();
    const at = pool.start[packet]!;
    const route = (i * 7919) % ROUTES;
    pool.bytes.fill(0, at, at + 64);
    pool.bytes.set(
      [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 50, 0, 0, 0x40, 0, 64, 17],
      at,
    );
    pool.bytes.set([10, 0, 0, 1, 10 + (route >> 16), (route >> 8) & 255, route & 255, 1], at + 26);
    pool.bytes.set([i >> 8, i & 255, 0, 80], at + 34);
    const sum = ~(sumWords(pool.bytes, at + 14, 20) % 65535 || 65535) & 0xffff;
    pool.bytes.set([sum >> 8, sum & 255], at + 24);
    pool.headLength[packet] = 64;
    pool.wireLength[packet] = 64;
    return packet;
  });
}

/** TTL and checksum as they were, so that a packet can be forwarded again. */
function restore(pool: PacketPool, packet: number): void {
  const at = pool.start[packet]!;
  pool.bytes[at + 22] = 64;
  const sum = ((pool.bytes[at + 24]! << 8) | pool.bytes[at + 25]!) - 0x0100;
  const wrapped = sum < 0 ? sum + 0xffff : sum;
  pool.bytes[at + 24] = wrapped >> 8;
  pool.bytes[at + 25] = wrapped & 255;
}

/** Longest prefixes of 24 bits by hand: two direct steps, as in the switch. */
function routeTable(): (address: number) => number {
  const top = new Int32Array(65536);
  const blocks = new Int32Array((ROUTES / 256 + 2) * 256);
  let used = 0;
  for (let route = 0; route < ROUTES; route++) {
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
 * looks up one of 10,000 routes and counts it, rewrites MACs, TTL and checksum, counts the port.
 */
function handWritten(pool: PacketPool): (packet: number) => number {
  const { bytes, start, headLength, wireLength } = pool;
  const lookup = routeTable();
  const ports = new Int32Array(ROUTES + 1).fill(1);
  const packets = { acl: new Float64Array(1), mirror: new Float64Array(1) };
  const octets = { acl: new Float64Array(1), mirror: new Float64Array(1) };
  const routePackets = new Float64Array(ROUTES + 1);
  const routeBytes = new Float64Array(ROUTES + 1);
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

function embedded(pool: PacketPool): (packet: number) => number {
  let sentTo = -1;
  const json = readFileSync(shippedFile('p4/build/production.json'), 'utf8');
  const v1 = new V1Switch(readProgram(json, 'production.json'), {
    pool,
    seed: 1,
    attachment: { transmit: (port) => void (sentTo = port), wakeAt() {} },
  });
  const profile = v1.profiles.get('SwitchIngress.routing.ecmp')!;
  const mac = (last: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, last);
  const action = 'SwitchIngress.routing.forward';
  const member = profile.addMember({ action, params: [mac(1), mac(9), Uint8Array.of(0, 1)] });
  const table = v1.tables.get('SwitchIngress.routing.ipv4_lpm')!;
  for (let route = 0; route < ROUTES; route++) {
    const value = Uint8Array.of(10 + (route >> 16), (route >> 8) & 255, route & 255, 0);
    table.insert([{ value, prefixLength: 24 }], 0, { member });
  }
  return (packet) => {
    sentTo = -1;
    v1.receive(1, packet, 1000);
    return sentTo;
  };
}

/** Millions of packets per second of the best round. */
function measure(pool: PacketPool, packets: Int32Array, run: (packet: number) => number): number {
  for (const packet of packets) {
    if (run(packet) !== 1) throw new Error('a packet was not forwarded');
    restore(pool, packet);
  }
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < PACKETS; i++) {
      const packet = packets[i & (WORKING_SET - 1)]!;
      run(packet);
      restore(pool, packet);
    }
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    best = Math.max(best, PACKETS / seconds / 1e6);
  }
  return best;
}

export const run: Benchmark = async () => {
  const pool = new PacketPool(fabricPool);
  const packets = frames(pool);
  const byHand = measure(pool, packets, handWritten(pool));
  const ours = measure(pool, packets, embedded(pool));
  return [
    {
      name: 'production.p4, 10,000 routes, 64-byte packets, in process',
      value: ours,
      unit: 'Mpps',
      peer: { name: 'hand-written in place', value: byHand },
      ratio: ours / byHand,
      goal: 'ratio >= 0.5',
    },
  ];
};
