import test from 'ava';
import { parseIpv4, parseMac } from '../../src/base/address.js';
import { Prng } from '../../src/base/prng.js';
import type { DeviceReader } from '../../src/device/index.js';
import {
  CopyStream,
  measureCompleteness,
  MirrorCollector,
  MirrorCounters,
  readMirrorRules,
  RecentCompleteness,
  tagFrame,
  type CollectorOptions,
  type MirrorSource,
} from '../../src/mirror/index.js';
import { encapsulateErspan } from '../../src/packet/index.js';
import { readTopology } from '../../src/topology/index.js';
import { insert, tcpFrame, udpFrame } from '../packet/frames.js';

const topology = readTopology(
  JSON.stringify({
    switches: { s1: {}, s2: {} },
    hosts: {
      a: { ip: '10.0.1.1/24', ip6: '2001:db8::1', mac: '02:00:00:00:00:01' },
      b: { ip: '10.0.2.1/24', mac: '02:00:00:00:00:02' },
    },
    links: [
      { a: 'a', b: 's1:1' },
      { a: 'b', b: 's2:3' },
      { a: 's1:2', b: 's2:1' },
    ],
  }),
  'two.json',
);
const [s1, s2] = topology.switches;
const frame = udpFrame({ from: '10.0.1.1', to: '10.0.2.1' }, 30);
const route = {
  sourceMac: parseMac('02:aa:00:00:00:03'),
  destinationMac: parseMac('02:ee:00:00:00:01'),
  destinationIp: parseIpv4('10.254.0.1'),
};

/** A copy of type II; what is left out is a good one of our own switch s1. */
function copyOf(from = s1!.loopback, sessionId = 1, sequence = 0, index = 1, of = frame) {
  const source = parseIpv4(from);
  const copy = { source, sessionId, sequence, index, isTruncated: false, frame: of };
  return encapsulateErspan(copy, route);
}

function collect(options: Partial<CollectorOptions> = {}) {
  const entered: string[] = [];
  const rules = options.rules ?? readMirrorRules([{ name: 'r' }, { name: 'q', dscp: 1 }], topology);
  const collector = new MirrorCollector(topology, { ...options, rules }, (found) => {
    entered.push(`${found.device}:${found.port} rule ${found.rule}`);
  });
  const take = (packet: Uint8Array): string | undefined => {
    collector.take(packet, packet.length, 0);
    return entered.pop();
  };
  return { collector, take };
}

const sources = (source: MirrorSource, address = '10.0.0.9'): ReadonlyMap<number, MirrorSource> =>
  new Map([[parseIpv4(address), source]]);
const arp = new Uint8Array(42);
arp.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
arp.set([2, 0, 0, 0, 0, 9, 10, 0, 2, 1], 22);
/** As a router sends it on: another source MAC. */
const routed = frame.slice();
routed.set([2, 9, 9], 6);
const six = tcpFrame({ from: '2001:db8::1', to: '2001:db8::2' }, 2, 1);
six.set([2, 9, 9], 6);
/** Nobody's. */
const foreign = udpFrame({ from: '192.0.2.1', to: '10.0.2.1' }, 30);
foreign.set([2, 9, 9], 6);

const entries: [what: string, packet: Uint8Array, at: string, options?: Partial<CollectorOptions>][] =
  [
    ['our own switch says its port', copyOf(), 's1:1 rule 0'],
    ['the other rule', copyOf(s2!.loopback, 2, 0, 3), 's2:3 rule 1'],
    ['the index is no port of a host: by MAC', copyOf(s1!.loopback, 1, 0, 777), 's1:1 rule 0'],
    ['in transit: by IPv4', copyOf(s2!.loopback, 1, 0, 1, routed), 's1:1 rule 0'],
    ['in transit: by IPv6', copyOf(s2!.loopback, 1, 0, 1, six), 's1:1 rule 0'],
    ['in transit: by ARP', copyOf(s1!.loopback, 1, 0, 2, arp), 's2:3 rule 0'],
    [
      'tagged, in transit: by IPv4',
      copyOf(s2!.loopback, 1, 0, 1, insert(routed, 12, [0x81, 0, 0, 5])),
      's1:1 rule 0',
    ],
    [
      'a source of the file',
      copyOf('10.0.0.9', 1, 0, 3),
      's2:3 rule 0',
      { sources: sources({ device: 's2' }) },
    ],
    [
      'with a map of its index',
      copyOf('10.0.0.9', 1, 0, 5000, foreign),
      's1:1 rule 0',
      { sources: sources({ device: 's1', ports: new Map([[5000, 1]]) }) },
    ],
    [
      'with a map, an index that is not in it is no port',
      copyOf('10.0.0.9', 1, 0, 3),
      's1:1 rule 0',
      { sources: sources({ device: 's2', ports: new Map([[5000, 1]]) }) },
    ],
    [
      'with a map of its sessions',
      copyOf('10.0.0.9', 99, 0, 0, foreign),
      's1:7 rule -1',
      { sources: sources({ device: 's1', sessions: new Map([[99, 7]]) }), takesAnySession: true },
    ],
    [
      'a rule with a session of its own',
      copyOf(s1!.loopback, 99),
      's1:1 rule 0',
      { rules: readMirrorRules([{ name: 'r', session: 99 }], topology) },
    ],
  ];

for (const [what, packet, at, options] of entries) {
  test(`where it entered: ${what}`, (t) => t.is(collect(options).take(packet), at));
}

const strangers: [why: string, packet: Uint8Array][] = [
  ['not ERSPAN', frame],
  ['fragment', ((p) => (p.set([0x20], 20), p))(copyOf())],
  ['cut short', copyOf().subarray(0, 44)],
  ['cut short', copyOf(s1!.loopback, 1, 0, 1, frame.subarray(0, 13))],
  ['unknown source', copyOf('10.0.0.8')],
  ['unknown session', copyOf(s1!.loopback, 77)],
  ['unknown entry', copyOf(s1!.loopback, 1, 0, 2, foreign)],
  ['shadow tag', copyOf(s1!.loopback, 1, 0, 1, tagFrame(frame))],
];

for (const [why, packet] of strangers) {
  test(`not taken and counted: ${why}, ${packet.length} bytes`, (t) => {
    const { collector, take } = collect();
    t.is(take(packet), undefined);
    t.deepEqual([...collector.strangers], [[why, 1]]);
  });
}

test('whatever arrives, the collector throws nothing, and all is taken or counted', (t) => {
  const any = sources({ device: 's2', hasHeader: true });
  let taken = 0;
  const { rules } = collect().collector;
  const collector = new MirrorCollector(
    topology,
    { rules, sources: any, takesAnySession: true },
    () => taken++,
  );
  const random = new Prng(3);
  const seeds = [copyOf(), copyOf('10.0.0.9', 5), copyOf(s2!.loopback, 1, 9, 1, six)];
  const total = 100_000;
  for (let i = 0; i < total; i++) {
    const packet = seeds[i % 3]!.slice(0, i % 2 === 0 ? undefined : random.below(120));
    for (let n = random.below(5); n > 0 && packet.length > 0; n--) {
      packet[random.below(packet.length)] = random.below(256);
    }
    collector.take(packet, packet.length + (i % 5 === 0 ? random.below(9000) : 0), i);
  }
  const refused = [...collector.strangers.values()].reduce((sum, count) => sum + count, 0);
  const again = collector.streams.reduce((sum, { duplicates }) => sum + duplicates, 0);
  t.log(`${taken} taken, ${refused} refused, ${again} duplicates of ${total}`);
  t.is(taken + refused + again, total);
  t.true(taken > 1000 && collector.strangers.size > 4);
});

const runs: [what: string, numbers: number[], expected: number, packets: number][] = [
  ['all came', [5, 6, 7, 8], 4, 4],
  ['a gap', [5, 6, 9, 10], 6, 4],
  ['late ones', [5, 8, 6, 7, 9], 5, 5],
  ['late before the first', [5, 4, 6], 3, 3],
  ['twice', [5, 6, 6, 5, 7], 3, 3],
  ['past 2^32', [2 ** 32 - 2, 2 ** 32 - 1, 1, 2], 5, 4],
  ['a restart', [90_000, 90_001, 0, 1, 2, 4], 7, 6],
  ['a straggler', [90_000, 90_001, 7, 90_002, 90_004], 6, 5],
  ['without numbers', [-1, -1, -1], 3, 3],
  ['a gap larger than the window', [5, 5005], 5001, 2],
];

for (const [what, numbers, expected, packets] of runs) {
  test(`sequence numbers: ${what}`, (t) => {
    const stream = new CopyStream(1, 1, 's1', 0);
    for (const number of numbers) stream.take(number, 100);
    t.deepEqual([stream.expected, stream.packets], [expected, packets]);
    t.is(stream.packets + stream.duplicates, numbers.length);
    t.is(stream.isNumbered, numbers[0]! >= 0);
  });
}

/** A device with mirror counters that the test sets. */
function counting(name: string, cells: { selected: number[]; limited: number[] }): DeviceReader {
  const readCounter = (counter: string) => {
    const values = counter === 'mirror.limited' ? cells.limited : cells.selected;
    return Promise.resolve(values.map((packets) => ({ packets, bytes: 0 })));
  };
  return { name, readCounter } as unknown as DeviceReader;
}

test('completeness by counters, from a moment on, also past a restart of the switch', async (t) => {
  const { collector, take } = collect();
  const cells = { selected: [100, 0], limited: [7, 0] };
  const counters = new MirrorCounters([counting('s1', cells)]);
  await counters.begin(2);
  cells.selected = [110, 4];
  cells.limited = [9, 0];
  for (let i = 0; i < 9; i++) take(copyOf(s1!.loopback, 1, i));
  for (let i = 0; i < 4; i++) take(copyOf(s1!.loopback, 2, i));
  const { total, rules } = await measureCompleteness(collector, counters);
  t.like(rules[0], { name: 'r', expected: 10, copied: 9, limited: 2, completeness: 0.9 });
  t.like(rules[1], { expected: 4, copied: 4, completeness: 1, basis: 'counters' });
  t.like(total, { expected: 14, copied: 13, limited: 2 });
  cells.selected = [3, 0];
  t.like((await measureCompleteness(collector, counters)).rules[0], { expected: 13 });
});

test('completeness by sequence numbers, beside counters, and of what tells nothing', async (t) => {
  const options = { sources: sources({ device: 's2' }), takesAnySession: true };
  const { collector, take } = collect(options);
  const counters = new MirrorCounters([counting('s1', { selected: [5], limited: [0] })]);
  for (let i = 0; i < 5; i++) take(copyOf(s1!.loopback, 1, 2 * i));
  for (const number of [0, 1, 4]) take(copyOf('10.0.0.9', 1, number, 3));
  for (const number of [0, 3]) take(copyOf('10.0.0.9', 50, number, 3));
  const { rules } = await measureCompleteness(collector, counters);
  t.like(rules[0], { expected: 10, copied: 8, basis: 'counters and sequence' });
  t.like(rules[2], { name: 's2: session 50', expected: 4, copied: 2, basis: 'sequence' });
  const silent = collect();
  t.like((await measureCompleteness(silent.collector)).rules[0], { basis: 'unknown' });
});

test('completeness of late forgets what was long ago', (t) => {
  const recent = new RecentCompleteness(3);
  t.is(recent.value, undefined);
  const add = (expected: number, copied: number): void =>
    recent.add({ expected, copied, limited: 0, completeness: 0 });
  add(0, 0);
  t.is(recent.value, undefined);
  add(100, 50);
  t.is(recent.value, 0.5);
  add(200, 150);
  add(300, 250);
  t.is(recent.value, 250 / 300);
  add(300, 250);
  add(300, 251);
  add(300, 251);
  t.is(recent.value, 1);
  recent.clear();
  add(180, 240);
  add(300, 300);
  t.is(recent.value, 1, 'copies that came while the counters were read');
});
