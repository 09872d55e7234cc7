import test from 'ava';
import {
  destinationAddress,
  dissect,
  emptyDissection,
  isEchoRequest,
  sourceAddress,
  write16,
  type Dissection,
} from '../../src/packet/index.js';
import { echoFrame, insert, ipFrame, tcpFrame, udpFrame } from './frames.js';

const v4 = { from: '10.0.0.1', to: '10.0.0.2', fromPort: 4000, toPort: 80 };
const v6 = { from: '2001:db8::1', to: '2001:db8::2', fromPort: 4000, toPort: 80 };
const request = tcpFrame(v4, 0x18, 1000, 'GET /');
const tag = [0x81, 0x00, 0x20, 0x07];

/** An IPv6 datagram behind extension headers; each is [its number, its bytes]. */
function behind(extensions: [number, number[]][], last: number, transport: Uint8Array): Uint8Array {
  const chain = extensions.flatMap(([, bytes], i) => {
    return [extensions[i + 1]?.[0] ?? last, ...bytes];
  });
  return ipFrame(v6, extensions[0]![0], Uint8Array.from([...chain, ...transport]));
}

const datagram = udpFrame(v6, 4).subarray(54);
const fragment = (units: number): Uint8Array => {
  return behind([[44, [0, (units * 8) >> 8, (units * 8) & 255, 0, 0, 0, 1]]], 17, datagram);
};
const patched = (frame: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = frame.slice();
  write16(copy, at, value);
  return copy;
};

const cases: [string, Uint8Array, Partial<Dissection>][] = [
  [
    'TCP over IPv4',
    request,
    {
      etherType: 0x800,
      vlan: -1,
      ipVersion: 4,
      protocol: 6,
      sourcePort: 4000,
      destinationPort: 80,
      tcpFlags: 0x18,
      sequence: 1000,
      acknowledgement: 9,
      payloadOffset: 54,
      payloadLength: 5,
      ipLength: 45,
      frameLength: 59,
      isFragment: false,
      hasShadowTag: false,
    },
  ],
  [
    'TCP over IPv6',
    tcpFrame(v6, 2, 5),
    {
      etherType: 0x86dd,
      ipVersion: 6,
      protocol: 6,
      tcpFlags: 2,
      payloadLength: 0,
      ipLength: 60,
    },
  ],
  [
    'UDP',
    udpFrame(v4, 12),
    { protocol: 17, sourcePort: 4000, payloadOffset: 42, payloadLength: 12 },
  ],
  ['ping', echoFrame(v4, 3), { protocol: 1, icmpType: 8, echoId: 77, echoNumber: 3 }],
  ['ping6', echoFrame(v6, 3), { protocol: 58, icmpType: 128, echoId: 77, echoNumber: 3 }],
  ['unreachable', echoFrame(v4, 3, 3), { protocol: 1, icmpType: 3, echoId: -1 }],
  ['VLAN', insert(request, 12, tag), { vlan: 7, etherType: 0x800, destinationPort: 80 }],
  [
    'two VLANs',
    insert(insert(request, 12, tag), 12, [0x88, 0xa8, 0, 9]),
    { vlan: 9, sequence: 1000 },
  ],
  ['shadow tag', insert(request, 12, [0x88, 0xb5]), { hasShadowTag: true, sequence: 1000 }],
  [
    'padding is no payload',
    insert(tcpFrame(v4, 16, 1), 54, [0, 0, 0, 0, 0, 0]),
    {
      payloadLength: 0,
      frameLength: 54,
    },
  ],
  [
    'IPv4 options',
    insert(patched(patched(request, 14, 0x4600), 16, 49), 34, [1, 1, 1, 1]),
    {
      payloadOffset: 58,
      payloadLength: 5,
      destinationPort: 80,
    },
  ],
  ['length 0 by offload', patched(request, 16, 0), { payloadLength: 5, frameLength: 59 }],
  ['first fragment', patched(request, 20, 0x2000), { isFragment: true, destinationPort: 80 }],
  ['later fragment', patched(request, 20, 0x0010), { isFragment: true, destinationPort: -1 }],

  [
    'IPv6 options',
    behind(
      [
        [0, [0, 1, 4, 0, 0, 0, 0]],
        [60, [0, 1, 4, 0, 0, 0, 0]],
      ],
      17,
      datagram,
    ),
    {
      protocol: 17,
      destinationPort: 80,
      payloadLength: 4,
    },
  ],
  [
    'IPv6 AH',
    behind([[51, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]], 17, datagram),
    {
      protocol: 17,
      destinationPort: 80,
    },
  ],
  ['IPv6 first fragment', fragment(0), { isFragment: true, destinationPort: 80 }],
  ['IPv6 later fragment', fragment(3), { isFragment: true, protocol: 17, destinationPort: -1 }],
  ['ARP', patched(request, 12, 0x806), { etherType: 0x806, ipVersion: 0, protocol: -1 }],
  ['not the version it says', patched(request, 12, 0x86dd), { ipVersion: 0 }],
  ['IPv4 header of 4 bytes', patched(request, 14, 0x4100), { ipVersion: 0 }],
  ['cut in IPv4', request.subarray(0, 30), { etherType: 0x800, ipVersion: 0 }],
  ['cut before the ports', request.subarray(0, 36), { ipVersion: 4, protocol: 6, sourcePort: -1 }],
  ['cut in TCP', request.subarray(0, 44), { sourcePort: 4000, tcpFlags: -1, sequence: -1 }],
  ['cut in Ethernet', request.subarray(0, 13), { etherType: -1, payloadOffset: 12 }],
  ['cut in a VLAN tag', insert(request, 12, tag).subarray(0, 15), { etherType: 0x8100, vlan: -1 }],
  ['nothing', new Uint8Array(0), { etherType: -1, ipVersion: 0, payloadLength: 0 }],
];

for (const [name, frame, expected] of cases) {
  test(`dissects: ${name}`, (t) => t.like(dissect(frame), expected));
}

test('addresses as text', (t) => {
  const text = (frame: Uint8Array): string[] => {
    const found = dissect(frame);
    return [sourceAddress(frame, found), destinationAddress(frame, found)];
  };
  t.deepEqual(text(request), ['10.0.0.1', '10.0.0.2']);
  t.deepEqual(text(insert(tcpFrame(v6, 2, 5), 12, tag)), ['2001:db8::1', '2001:db8::2']);
});

test('echo requests are told from answers', (t) => {
  const is = (type?: number, ends = v4): boolean =>
    isEchoRequest(dissect(echoFrame(ends, 1, type)));
  t.deepEqual([is(), is(undefined, v6)], [true, true]);
  t.deepEqual([is(0), is(128), is(129, v6)], [false, false, false]);
});

test('a virtual end counts, and a reused result keeps nothing', (t) => {
  const into = emptyDissection();
  dissect(insert(request, 12, tag), 63, into);
  t.deepEqual(dissect(udpFrame(v4, 2), 44, into), dissect(udpFrame(v4, 2)));
  t.is(dissect(request.subarray(0, 54), 59).payloadLength, 5);
});
