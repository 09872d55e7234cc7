/** Frames of every kind, by a seed: what a mirror must copy byte for byte. */
import { formatIpv4 } from '../../src/base/address.js';
import type { Prng } from '../../src/base/prng.js';
import { foldChecksum, sumWords, write16 } from '../../src/packet/index.js';
import { echoFrame, insert, ipFrame, tcpFrame, udpFrame, type Ends } from '../packet/frames.js';

type Maker = (random: Prng, ends: Ends) => Uint8Array;

const fill = (bytes: Uint8Array, from: number, random: Prng): Uint8Array => {
  for (let at = from; at < bytes.length; at += 4) bytes[at] = random.uint32();
  return bytes;
};

/** Rewrites the header of an IPv4 frame, and its checksum. */
function withHeader(frame: Uint8Array, at: number, bytes: readonly number[]): Uint8Array {
  frame.set(bytes, at);
  write16(frame, 24, 0);
  write16(frame, 24, foldChecksum(sumWords(frame, 14, (frame[14]! & 15) * 4)));
  return frame;
}

function arp(random: Prng, opcode: number): Uint8Array {
  const frame = fill(new Uint8Array(60), 22, random);
  frame.set(opcode === 1 ? [255, 255, 255, 255, 255, 255] : [2, 0, 0, 0, 0, 2]);
  frame.set([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, opcode], 6);
  return frame;
}

function fragment(random: Prng, ends: Ends): Uint8Array {
  const field = [0x2000, 0x2000 | (1 + random.below(100)), 1 + random.below(8000)][random.below(3)]!;
  const body = fill(new Uint8Array(8 * (1 + random.below(180))), 0, random);
  return withHeader(ipFrame(ends, 17, body), 20, [field >> 8, field & 255]);
}

/** An error with the head of what caused it, checksums and all. */
function icmpError(random: Prng, ends: Ends): Uint8Array {
  const body = new Uint8Array(8 + 28);
  body.set([[3, 5, 11, 12][random.below(4)]!, random.below(14)]);
  body.set(udpFrame({ from: ends.to, to: ends.from }, 0).subarray(14), 8);
  return ipFrame(ends, 1, body);
}

function tcpWithOptions(random: Prng, ends: Ends): Uint8Array {
  const words = 1 + random.below(10);
  const plain = tcpFrame(ends, 2, random.uint32(), random.below(200));
  const frame = insert(plain, 54, new Array<number>(4 * words).fill(1));
  frame[46] = (5 + words) << 4;
  return withHeader(frame, 16, [(frame.length - 14) >> 8, (frame.length - 14) & 255]);
}

function ipv4WithOptions(random: Prng, ends: Ends): Uint8Array {
  const words = 1 + random.below(10);
  const frame = insert(udpFrame(ends, 20), 34, new Array<number>(4 * words).fill(1));
  frame[14] = 0x45 + words;
  return withHeader(frame, 16, [(frame.length - 14) >> 8, (frame.length - 14) & 255]);
}

const six = (ends: Ends): Ends => ({ ...ends, from: '2001:db8:1::1', to: '2001:db8:2::1' });
/** Anything but the types that production parses or refuses. */
const etherType = (random: Prng): number => 0x0600 + random.below(0x0800 - 0x0600);
const raw = (random: Prng, bytes: number): Uint8Array => {
  const frame = fill(new Uint8Array(bytes), 0, random);
  if (bytes >= 14) write16(frame, 12, etherType(random));
  return frame;
};
const tag = (frame: Uint8Array, random: Prng, type = 0x8100): Uint8Array =>
  insert(frame, 12, [type >> 8, type & 255, random.below(256), random.below(256)]);

/** By name; names of frames that production drops as malformed begin with `bad`. */
export const makers: Record<string, Maker> = {
  'UDP': (random, ends) => udpFrame(ends, random.below(1400)),
  'TCP': (random, ends) => tcpFrame(ends, 16, random.uint32(), random.below(1400)),
  'TCP with options': tcpWithOptions,
  'IPv4 with options': ipv4WithOptions,
  'broadcast': (random, ends) => {
    const frame = udpFrame({ ...ends, to: '255.255.255.255' }, random.below(300));
    frame.fill(255, 0, 6);
    return frame;
  },
  'multicast': (random, ends) => udpFrame({ ...ends, to: '224.0.0.251' }, random.below(300)),
  'ARP request': (random) => arp(random, 1),
  'ARP reply': (random) => arp(random, 2),
  'ICMP echo': (random, ends) => echoFrame(ends, random.below(65536)),
  'ICMP error': icmpError,
  'fragment': fragment,
  'IPv6 TCP': (random, ends) => tcpFrame(six(ends), 16, random.uint32(), random.below(1000)),
  'IPv6 UDP': (random, ends) => udpFrame(six(ends), random.below(1000)),
  'ICMPv6': (random, ends) => echoFrame(six(ends), random.below(65536)),
  'IPv6 extension': (random, ends) =>
    ipFrame(six(ends), 44, fill(new Uint8Array(16 + random.below(500)), 0, random)),
  'VLAN': (random, ends) => tag(udpFrame(ends, random.below(500)), random),
  'VLAN in VLAN': (random, ends) => tag(tag(udpFrame(ends, 9), random), random, 0x88a8),
  'VLAN ARP': (random) => tag(arp(random, 1), random),
  '9,000 bytes': (random, ends) => fill(tcpFrame(ends, 16, 1, 8946), 54, random),
  'ethertype': (random) => raw(random, 60 + random.below(1440)),
  'LLDP': (random) => {
    const frame = raw(random, 80);
    frame.set([1, 128, 194, 0, 0, 14]);
    write16(frame, 12, 0x88cc);
    return frame;
  },
  'runt': (random) => raw(random, 14 + random.below(46)),
  'bad: shorter than Ethernet': (random) => raw(random, 1 + random.below(13)),
  'bad: cut in IPv4': (random, ends) => udpFrame(ends, 9).slice(0, 15 + random.below(19)),
  'bad: IPv4 checksum': (random, ends) => {
    const frame = udpFrame(ends, 9);
    frame[24] = frame[24]! ^ (1 + random.below(255));
    return frame;
  },
};

/** Frame number `i`, of the kinds in turn. */
export function frameOf(i: number, random: Prng): { kind: string; frame: Uint8Array } {
  const kinds = Object.keys(makers);
  const kind = kinds[i % kinds.length]!;
  const from = formatIpv4(0x0a000100 + random.below(256));
  // Mostly to a host that is there, so that it is forwarded.
  const to = formatIpv4(0x0a000200 + (i % 4 === 0 ? random.below(256) : 1));
  const ends = { from, to, fromPort: random.below(65536), toPort: random.below(65536) };
  return { kind, frame: makers[kind]!(random, ends) };
}
