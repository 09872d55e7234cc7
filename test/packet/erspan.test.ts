import test from 'ava';
import { parseIpv4, parseMac } from '../../src/base/address.js';
import {
  decapsulateErspan,
  dissect,
  encapsulateErspan,
  ERSPAN_OUTER_BYTES,
  foldChecksum,
  sumWords,
  type MirroredFrame,
} from '../../src/packet/index.js';
import { insert, tcpFrame, udpFrame } from './frames.js';

const inner = udpFrame({ from: '10.0.0.1', to: '10.0.0.2' }, 30);
const copy: MirroredFrame = {
  source: parseIpv4('10.255.0.3'),
  sequence: 0xfffffffe,
  sessionId: 1023,
  ingressPort: 509,
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

test('what is wrapped is unwrapped', (t) => {
  t.deepEqual(decapsulateErspan(outer), copy);
  const whole = { ...copy, isTruncated: false, sessionId: 0, ingressPort: 0, sequence: 0 };
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
  const cut = decapsulateErspan(outer.subarray(0, 60), outer.length)!;
  t.deepEqual([cut.frame.length, cut.wireLength], [10, inner.length]);
  const padded = decapsulateErspan(insert(outer, outer.length, [0, 0, 0, 0]))!;
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
const strangers: [string, Uint8Array][] = [
  ['an ordinary packet', tcpFrame({ from: '10.0.0.1', to: '10.0.0.2' }, 2, 1)],
  ['cut in the ERSPAN header', outer.subarray(0, 49)],
  ['cut in GRE', outer.subarray(0, 36)],
  ['nothing', new Uint8Array(0)],
  ['IPv6', changed(12, 0x86)],
  ['IP version', changed(14, 0x65)],
  ['IP header length', changed(14, 0x44)],
  ['a fragment', changed(20, 0x20)],
  ['another protocol', changed(23, 17)],
  ['no sequence number (type I)', changed(34, 0)],
  ['GRE version 1', changed(35, 1)],
  ['type III', changed(36, 0x22)],
  ['ERSPAN version 2', changed(42, 0x20)],
  ['an IP length short of the headers', changed(17, 20)],
];

for (const [name, bytes] of strangers) {
  test(`no ERSPAN type II: ${name}`, (t) => t.is(decapsulateErspan(bytes), undefined));
}
