import test from 'ava';
import { parseIpv4, parseMac } from '../../src/base/address.js';
import {
  decapsulateErspan as decapsulate,
  dissect,
  encapsulateErspan,
  ERSPAN_OUTER_BYTES,
  foldChecksum,
  sumWords,
  type MirroredFrame,
  type NotMirrored,
} from '../../src/packet/index.js';
import { Prng } from '../../src/base/prng.js';
import { insert, tcpFrame, udpFrame } from './frames.js';

const inner = udpFrame({ from: '10.0.0.1', to: '10.0.0.2' }, 30);
const copy: MirroredFrame = {
  type: 2,
  source: parseIpv4('10.255.0.3'),
  sequence: 0xfffffffe,
  sessionId: 1023,
  index: 509,
  isEgress: false,
  isTruncated: true,
  frame: inner,
  wireLength: inner.length,
};
const route = {
  sourceMac: parseMac('02:aa:00:00:00:03'),
  destinationMac: parseMac('02:ee:00:00:00:01'),
  destinationIp: parseIpv4('10.254.0.1'),
};
const outer = encapsulateErspan(copy, route);

function decapsulateErspan(...args: Parameters<typeof decapsulate>): MirroredFrame {
  const found = decapsulate(...args);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

test('what is wrapped is unwrapped', (t) => {
  t.deepEqual(decapsulateErspan(outer), copy);
  const whole = { ...copy, isTruncated: false, sessionId: 0, index: 0, sequence: 0 };
  t.deepEqual(decapsulateErspan(encapsulateErspan(whole, route)), whole);
});

test('the outer headers are as specified', (t) => {
  t.is(outer.length, ERSPAN_OUTER_BYTES + inner.length);
  t.is(foldChecksum(sumWords(outer, 14, 20)), 0);
  t.like(dissect(outer), { protocol: 47, ipLength: outer.length - 14 });
  const words = '1000 88be fffffffe 1000 1fff 000001fd'.replaceAll(' ', '');
  t.is(Buffer.from(outer.subarray(34, 50)).toString('hex'), words);
});

test('a virtual end counts; padding does not', (t) => {
  const cut = decapsulateErspan(outer.subarray(0, 60), outer.length);
  t.deepEqual([cut.frame.length, cut.wireLength], [10, inner.length]);
  const padded = decapsulateErspan(insert(outer, outer.length, [0, 0, 0, 0]));
  t.deepEqual([padded.frame.length, padded.wireLength], [inner.length, inner.length]);
});

test('an outer VLAN tag, GRE checksum and key are passed over', (t) => {
  t.deepEqual(decapsulateErspan(insert(outer, 12, [0x81, 0, 0, 5])), copy);
  const keyed = insert(outer, 38, [0, 0, 0, 0, 0, 0, 0, 0]);
  keyed[34] = 0xb0;
  keyed[17] = keyed[17]! + 8;
  t.deepEqual(decapsulateErspan(keyed), copy);
});

const changed = (at: number, value: number): Uint8Array => {
  const bytes = outer.slice();
  bytes[at] = value;
  return bytes;
};
/** The outer frame with other GRE and ERSPAN headers, its IP length made right. */
function wrapped(headers: string, body: Uint8Array = inner): Uint8Array {
  const head = Buffer.from(headers.replaceAll(' ', ''), 'hex');
  const bytes = new Uint8Array(34 + head.length + body.length);
  bytes.set(outer.subarray(0, 34));
  bytes.set(head, 34);
  bytes.set(body, 34 + head.length);
  bytes[16] = (bytes.length - 14) >> 8;
  bytes[17] = bytes.length - 14;
  return bytes;
}

const blank = { sequence: -1, sessionId: -1, index: -1, isTruncated: false };
const third = { ...blank, type: 3 as const, sequence: 7, sessionId: 5 };
const kinds: [string, Uint8Array, Partial<MirroredFrame>][] = [
  ['type I', wrapped('0000 88be'), { ...blank, type: 1 }],
  ['type I with a checksum', wrapped('8000 88be 00000000'), { ...blank, type: 1 }],
  ['type III', wrapped('1000 22eb 00000007 2000 0005 00112233 0000 0000'), third],
  [
    'type III without sequence, at egress, cut',
    wrapped('0000 22eb 2000 0405 00112233 0000 0008'),
    { ...third, sequence: -1, isEgress: true, isTruncated: true },
  ],
  [
    'type III, subheader of platform 3',
    wrapped('1000 22eb 00000007 2000 0005 00112233 0000 0001 0c00 0011 00000000'),
    { ...third, index: 17 },
  ],
  [
    'type III, subheader of platform 1',
    wrapped('1000 22eb 00000007 2000 0005 00112233 0000 0001 0400 0011 00000102'),
    { ...third, index: 258 },
  ],
  [
    'type III, subheader of an unknown platform',
    wrapped('1000 22eb 00000007 2000 0005 00112233 0000 0001 fc00 0011 00000102'),
    third,
  ],
];

for (const [name, bytes, expected] of kinds) {
  test(`unwrapped: ${name}`, (t) => {
    const found = decapsulateErspan(bytes);
    t.like(found, expected);
    t.deepEqual([found.frame, found.wireLength], [inner, inner.length]);
    const tagged = decapsulateErspan(insert(bytes, 12, [0x88, 0xa8, 0, 5, 0x81, 0, 0, 6]));
    t.deepEqual(tagged, found);
  });
}

test('type II without sequence is read where a source is said to send it', (t) => {
  const bytes = wrapped('0000 88be 1000 1805 00000009');
  t.like(decapsulateErspan(bytes), { type: 1, wireLength: inner.length + 8 });
  const found = decapsulateErspan(bytes, bytes.length, (source) => source === copy.source);
  t.like(found, { type: 2, sessionId: 5, index: 9, sequence: -1 });
  t.deepEqual(found.frame, inner);
});

test('a VLAN tag that the source took off is put back', (t) => {
  const tagged = insert(inner, 12, [0x81, 0, 0xa0, 0x2a]);
  const found = decapsulateErspan(wrapped('1000 88be 00000001 102a b005 00000009'));
  t.deepEqual([found.frame, found.wireLength], [tagged, tagged.length]);
  t.is(found.sessionId, 5);
});

const strangers: [string, Uint8Array, NotMirrored][] = [
  ['an ordinary packet', tcpFrame({ from: '10.0.0.1', to: '10.0.0.2' }, 2, 1), 'not ERSPAN'],
  ['cut in the ERSPAN header', outer.subarray(0, 49), 'cut short'],
  ['cut in GRE', outer.subarray(0, 36), 'cut short'],
  ['nothing', new Uint8Array(0), 'not ERSPAN'],
  ['IPv6', changed(12, 0x86), 'not ERSPAN'],
  ['IP version', changed(14, 0x65), 'not ERSPAN'],
  ['IP header length', changed(14, 0x44), 'not ERSPAN'],
  ['a fragment', changed(20, 0x20), 'fragment'],
  ['another protocol', changed(23, 17), 'not ERSPAN'],
  ['GRE version 1', changed(35, 1), 'not ERSPAN'],
  ['GRE with routing', changed(34, 0x50), 'not ERSPAN'],
  ['another GRE protocol', changed(36, 0x22), 'not ERSPAN'],
  ['ERSPAN version 2 in type II', changed(42, 0x20), 'not ERSPAN'],
  ['type III of version 1', wrapped('0000 22eb 1000 0005 00112233 00000000'), 'not ERSPAN'],
  ['an IP packet', wrapped('0000 22eb 2000 0005 00112233 0000 0800'), 'not Ethernet'],
  ['cut in a subheader', wrapped('0000 22eb 2000 0005 00112233 0000 0001', inner.subarray(0, 7)),
    'cut short'],
  ['an IP length short of the headers', changed(17, 20), 'cut short'],
];

for (const [name, bytes, why] of strangers) {
  test(`no copy: ${name}`, (t) => t.is(decapsulate(bytes), why));
}

test('whatever the bytes, nothing is thrown, and copies lie within the packet', (t) => {
  const random = new Prng(4);
  const seeds = [outer, ...kinds.map(([, bytes]) => bytes)];
  let copies = 0;
  for (let i = 0; i < 200_000; i++) {
    const seed = seeds[i % seeds.length]!;
    const bytes = seed.slice(0, i % 3 === 0 ? random.below(seed.length + 1) : seed.length);
    for (let n = random.below(4); n > 0 && bytes.length > 0; n--) {
      bytes[random.below(Math.min(bytes.length, 70))] = random.below(256);
    }
    const found = decapsulate(bytes, bytes.length + random.below(20), () => i % 2 === 0);
    if (typeof found === 'string') continue;
    copies++;
    if (found.frame.length > bytes.length || found.wireLength < found.frame.length) t.fail();
  }
  t.log(`${copies} of 200,000 mutated packets were copies`);
  t.true(copies > 50_000);
});
