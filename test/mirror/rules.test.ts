import test from 'ava';
import { Prng } from '../../src/base/prng.js';
import { formatIpv4 } from '../../src/base/address.js';
import { describeRule, readMirrorRules } from '../../src/mirror/index.js';
import { echoFrame, insert, ipFrame, tcpFrame, udpFrame } from '../packet/frames.js';
import { mirrored, openMirror } from './mirrorLab.js';

const ends = { from: '10.0.1.1', to: '10.0.2.1', fromPort: 4000, toPort: 80 };
const back = { from: '10.0.2.1', to: '10.0.1.1', fromPort: 80, toPort: 4000 };
const six = { from: '2001:db8:1::1', to: '2001:db8:2::1', fromPort: 4000, toPort: 80 };
const tcp = tcpFrame(ends, 16, 1, 20);
const tcpBack = tcpFrame(back, 16, 1, 20);
const tcpSix = tcpFrame(six, 16, 1, 20);
const udp = udpFrame({ ...ends, toPort: 53 }, 20);
const marked = tcp.slice();
marked.set([0x88], 15);
marked.set([0, 0], 24);
const sum = [...Array(10).keys()].reduce(
  (total, i) => total + (marked[14 + 2 * i]! << 8) + marked[15 + 2 * i]!,
  0,
);
const folded = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
marked.set([folded >> 8, folded & 255], 24);
const arp = new Uint8Array(42);
arp.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
arp.set([2, 0, 0, 0, 0, 1, 10, 0, 1, 1, 0, 0, 0, 0, 0, 0, 10, 0, 1, 254], 22);

const frames: Record<string, [frame: Uint8Array, port: number]> = {
  tcp: [tcp, 1],
  tcpBack: [tcpBack, 2],
  tcpSix: [tcpSix, 1],
  udp: [udp, 1],
  marked: [marked, 1],
  arp: [arp, 1],
  tagged: [insert(tcp, 12, [0x81, 0, 0, 7]), 1],
  echo: [echoFrame(ends, 1), 1],
  shop: [tcpFrame({ ...ends, toPort: 8443 }, 16, 1), 1],
  shopBack: [tcpFrame({ ...back, fromPort: 8443 }, 16, 1), 2],
  shopSix: [tcpFrame({ ...six, toPort: 8443 }, 16, 1), 1],
  otherShop: [tcpFrame({ ...back, fromPort: 4001, toPort: 8443 }, 16, 1), 2],
};

const cases: [rule: object, copied: string][] = [
  [{}, Object.keys(frames).join(' ')],
  [{ device: 's1', port: 2 }, 'tcpBack shopBack otherShop'],
  [{ sourceMac: '02:00:00:00:00:01', protocol: 'udp' }, 'udp'],
  [{ sourceMac: '02:00:00:00:00:09' }, ''],
  [{ destinationMac: 'ff:ff:ff:ff:ff:ff' }, 'arp'],
  [{ source: '10.0.2.0/24' }, 'tcpBack shopBack otherShop'],
  [{ destination: '10.0.2.1', protocol: 'icmp' }, 'echo'],
  [{ source: '2001:db8:1::/48' }, 'tcpSix shopSix'],
  [{ destination: '2001:db8:2::1', destinationPort: 80 }, 'tcpSix'],
  [{ protocol: 'tcp', destinationPort: 80 }, 'tcp tcpSix marked tagged'],
  [{ sourcePort: 80 }, 'tcpBack'],
  [{ dscp: 34 }, 'marked'],
  [{ dscp: 0, destinationPort: 53 }, 'udp'],
  [{ dscp: 0, protocol: 'tcp', source: '10.0.1.1', destinationPort: 80 }, 'tcp tagged'],
  [{ protocol: 0 }, ''],
  [{ application: 'http' }, 'tcp tcpBack tcpSix marked tagged'],
  [{ application: 'http', source: '10.0.1.0/24' }, 'tcp tcpBack marked tagged'],
  [{ application: 'http', source: '10.0.2.0/24' }, ''],
  [{ application: 'dns' }, 'udp'],
  [{ application: 'shop' }, 'shop shopBack shopSix'],
  [{ application: 'shop', source: '2001:db8:1::1' }, 'shopSix'],
  [{ application: 'names' }, ''],
  [{ share: 0 }, ''],
];

for (const [rule, copied] of cases) {
  test(`selects ${JSON.stringify(rule)}`, async (t) => {
    const lab = await openMirror([{ name: 'r', ...rule }]);
    const found = Object.entries(frames).filter(([, [frame, port]]) => lab.send(frame, port)[0]);
    t.is(found.map(([name]) => name).join(' '), copied);
    for (const { index, frame } of lab.copies) {
      const name = found.shift()![0];
      t.deepEqual([index, frame], [frames[name]![1], frames[name]![0]]);
    }
  });
}

test('the larger priority wins, and copies are cut', async (t) => {
  const lab = await openMirror([
    { name: 'all', truncateBytes: 60 },
    { name: 'web', application: 'http', priority: 20, truncateBytes: 40 },
    { name: 'not b', source: '10.0.2.1', priority: 30, share: 0 },
  ]);
  t.deepEqual(lab.send(tcp), ['web']);
  t.deepEqual(lab.send(udp), ['all']);
  t.deepEqual(lab.send(tcpBack, 2), []);
  t.deepEqual(
    lab.copies.map(({ frame, isTruncated }) => [frame, isTruncated]),
    [
      [tcp.subarray(0, 40), true],
      [udp.subarray(0, 60), true],
    ],
  );
});

test('a share takes both directions of a flow or neither, and its fragments', async (t) => {
  const lab = await openMirror([{ name: 'some', share: 0.3 }]);
  const random = new Prng(9);
  let taken = 0;
  for (let i = 0; i < 3000; i++) {
    const address = (): string =>
      i % 3 === 0 ? `2001:db8::${random.below(65536).toString(16)}` : formatIpv4(random.uint32());
    const one = { from: address(), to: address(), fromPort: random.below(65536), toPort: 80 };
    const other = { from: one.to, to: one.from, fromPort: 80, toPort: one.fromPort };
    const frame = i % 2 === 0 ? tcpFrame : udpFrame;
    const make = (e: typeof one): Uint8Array =>
      frame === udpFrame ? udpFrame(e, 4) : tcpFrame(e, 16, i);
    const there = lab.send(make(one)).length;
    const again = lab.send(make(other), 2).length;
    if (there !== again) t.fail(`${JSON.stringify(one)}: ${there} and ${again}`);
    taken += there;
  }
  t.log(`${taken} of 3,000 flows were taken at a share of 0.3`);
  t.true(taken > 800 && taken < 1000);
  let datagrams = 0;
  for (let i = 0; i < 300; i++) {
    const from = formatIpv4(0x0a000100 + i);
    const fragment = (field: number): Uint8Array => {
      const frame = ipFrame({ from, to: '10.0.2.1' }, 17, new Uint8Array(40).fill(i));
      frame.set([field >> 8, field & 255, 64, 17, 0, 0], 20);
      let total = 0;
      for (let at = 14; at < 34; at += 2) total += (frame[at]! << 8) + frame[at + 1]!;
      const check = ~((total & 0xffff) + (total >>> 16)) & 0xffff;
      frame.set([check >> 8, check & 255], 24);
      return frame;
    };
    const copies = [0x2000, 0x2005, 0x000a].map((field) => lab.send(fragment(field)).length);
    if (new Set(copies).size !== 1) t.fail(`${from}: fragments ${copies.join()}`);
    datagrams += copies[0]!;
  }
  t.true(datagrams > 60 && datagrams < 120, `${datagrams} of 300 datagrams in fragments`);
});

test('beyond its rate a rule copies nothing, and counts it', async (t) => {
  const lab = await openMirror([{ name: 'slow', limitMbps: 8 }, { name: 'off', dscp: 1 }]);
  const { fabric } = lab.network;
  const frame = udpFrame(ends, 958);
  // 1,000-byte frames each 0.1 ms are 80 Mbit/s; 8 Mbit/s of them pass, and the burst.
  for (let i = 0; i < 20_000; i++) {
    fabric.runUntil(fabric.nowNs + 100_000);
    lab.send(frame);
  }
  const device = lab.production.device('s1');
  const [limited] = await device.readCounter('mirror.limited', 0);
  const [selected] = await device.readCounter('mirror.selected', 0);
  t.is(selected!.packets, lab.copies.length);
  t.is(limited!.packets + selected!.packets, 20_000);
  const expected = 2000 + 400_000 / 8000;
  t.true(Math.abs(selected!.packets - expected) < 60, `${selected!.packets} copies`);
  await lab.production.installMirror(readMirrorRules([{ name: 'all' }], mirrored));
  const before = lab.copies.length;
  for (let i = 0; i < 100; i++) lab.send(frame);
  t.is(lab.copies.length - before, 100);
});

const wrong: [rule: unknown, message: RegExp][] = [
  [{}, /^mirror rule 'number 1': name: is missing/],
  [{ name: 'r', colour: 1 }, /^mirror rule 'r': colour: no such field/],
  [{ name: 'r', device: 's9' }, /^mirror rule 'r': device: no switch 's9'/],
  [{ name: 'r', port: 1 }, /^mirror rule 'r': port: needs a device/],
  [{ name: 'r', device: 's1', port: 9 }, /port: no host is at port 9 of s1; ports with hosts: 1, 2/],
  [{ name: 'r', sourceMac: '1:2' }, /^mirror rule 'r': sourceMac: not a MAC address: '1:2'/],
  [{ name: 'r', source: '10.0.0' }, /^mirror rule 'r': source: not an IPv4 address: '10.0.0'/],
  [{ name: 'r', source: '10.0.0.0/33' }, /source: '10.0.0.0\/33' is no prefix/],
  [{ name: 'r', source: '::g' }, /^mirror rule 'r': source: not an IPv6 address/],
  [{ name: 'r', source: '::1/129' }, /is no prefix/],
  [{ name: 'r', source: '::1', destination: '10.0.0.1' }, /destination: .* never meet/],
  [{ name: 'r', protocol: 'carp' }, /^mirror rule 'r': protocol: no protocol 'carp'; there are icmp/],
  [{ name: 'r', protocol: 256 }, /^mirror rule 'r': protocol: 256 is no number from 0 to 255/],
  [{ name: 'r', sourcePort: 1.5 }, /^mirror rule 'r': sourcePort: 1.5 is no whole number/],
  [{ name: 'r', destinationPort: 65536 }, /destinationPort: 65536 is no number from 0 to 65535/],
  [{ name: 'r', dscp: 64 }, /^mirror rule 'r': dscp: 64 /],
  [{ name: 'r', share: 2 }, /^mirror rule 'r': share: 2 /],
  [{ name: 'r', share: NaN }, /^mirror rule 'r': share: NaN /],
  [{ name: 'r', priority: 0 }, /^mirror rule 'r': priority: 0 /],
  [{ name: 'r', truncateBytes: 13 }, /^mirror rule 'r': truncateBytes: 13 /],
  [{ name: 'r', limitMbps: 0 }, /^mirror rule 'r': limitMbps: 0 /],
  [{ name: 'r', application: 'x' }, /^mirror rule 'r': application: no application 'x'; .* shop/],
  [{ name: 'r', application: 'dns', protocol: 6 }, /protocol: the application 'dns' says it/],
  [{ name: 'r', application: 'shop', destination: '10.0.2.1' }, /the service 'shop' says it/],
  [{ name: 'r', source: 5 }, /^mirror rule 'r': source: must be a text/],
];

for (const [rule, message] of wrong) {
  test(`what is wrong is named with rule and field: ${JSON.stringify(rule)}`, (t) => {
    t.throws(() => readMirrorRules([rule], mirrored), { code: 'INVALID_INPUT', message });
  });
}

test('lists: twice a name, the same selection, too many, no list', async (t) => {
  const twice = [{ name: 'r' }, { name: 'r' }];
  t.throws(() => readMirrorRules(twice, mirrored), { message: /'r': name: used twice/ });
  const same = [{ name: 'r' }, { name: 'q' }];
  await t.throwsAsync(openMirror(same), { message: /'q': priority: selects what 'r' does/ });
  const many = Array.from({ length: 256 }, (_, i) => ({ name: `r${i}` }));
  t.throws(() => readMirrorRules(many, mirrored), { code: 'LIMIT' });
  t.throws(() => readMirrorRules({}, mirrored), { message: /must be a list/ });
});

test('a rule is one line of text', (t) => {
  const [rule] = readMirrorRules(
    [{ name: 'web', application: 'http', source: '10.0.1.0/24', share: 0.5, limitMbps: 20 }],
    mirrored,
  );
  t.is(
    describeRule(rule!),
    'web: source=10.0.1.0/24 application=http, 50 % of flows, at most 20 Mbit/s',
  );
});
