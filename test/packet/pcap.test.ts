import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  readCapture,
  readCaptureFile,
  writeCapture,
  type CapturedPacket,
} from '../../src/packet/index.js';
import { udpFrame } from './frames.js';

const ends = { from: '10.0.0.1', to: '10.0.0.2' };
const packets: CapturedPacket[] = [
  { timeNs: 0, frame: udpFrame(ends, 10), wireLength: 52 },
  { timeNs: 1_500_000_123, frame: udpFrame(ends, 3), wireLength: 900 },
];

const read = (bytes: Uint8Array): CapturedPacket[] => [...readCapture(bytes, 'x.pcap')];
const plain = (list: CapturedPacket[]): unknown =>
  list.map((p) => [p.timeNs, [...p.frame], p.wireLength]);

/** A pcap file by hand: any byte order, any magic; records are [seconds, ticks, cap, wire]. */
function pcap(isLittle: boolean, magic: number, link: number, records: number[][]): Uint8Array {
  const bytes = new Uint8Array(24 + records.reduce((sum, r) => sum + 16 + r[2]!, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, isLittle);
  view.setUint16(4, 2, isLittle);
  view.setUint32(20, link, isLittle);
  let at = 24;
  for (const record of records) {
    record.forEach((word, i) => view.setUint32(at + 4 * i, word, isLittle));
    at += 16 + record[2]!;
  }
  return bytes;
}

type Block = [type: number, words: number[], data?: Uint8Array];

/** A pcapng file by hand: blocks of words with data behind them. */
function pcapng(isLittle: boolean, blocks: Block[]): Uint8Array {
  const parts = blocks.map(([type, words, data]) => {
    const padded = Math.ceil((data?.length ?? 0) / 4) * 4;
    const bytes = new Uint8Array(12 + 4 * words.length + padded);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, isLittle);
    view.setUint32(4, bytes.length, isLittle);
    words.forEach((word, i) => view.setUint32(8 + 4 * i, word, isLittle));
    if (data) bytes.set(data, 8 + 4 * words.length);
    view.setUint32(bytes.length - 4, bytes.length, isLittle);
    return bytes;
  });
  return new Uint8Array(Buffer.concat(parts));
}

const section: Block = [0x0a0d0d0a, [0x1a2b3c4d, 1, 0xffffffff, 0xffffffff]];
/** Link type in the low half, for both byte orders as a 16-bit field. */
const ethernet = (isLittle: boolean, snap = 0, options: number[] = []): Block => {
  return [1, [isLittle ? 1 : 0x10000, snap, ...options]];
};
const frame = Uint8Array.from({ length: 60 }, (_, i) => i);

test('what is written is read again, to the nanosecond', (t) => {
  t.deepEqual(plain(read(writeCapture(packets))), plain(packets));
});

test('a capture can be iterated twice', (t) => {
  const capture = readCapture(writeCapture(packets), 'x');
  t.deepEqual([...capture].length + [...capture].length, 4);
});

for (const isLittle of [true, false]) {
  const order = isLittle ? 'little' : 'big';
  test(`pcap, ${order}-endian, micro- and nanoseconds`, (t) => {
    const records = [
      [100, 5, 20, 60],
      [101, 6, 0, 60],
      [99, 5, 20, 20],
    ];
    const times = (magic: number): number[] =>
      read(pcap(isLittle, magic, 1, records)).map((p) => p.timeNs);
    t.deepEqual(times(0xa1b2c3d4), [0, 1_000_001_000, -1e9]);
    t.deepEqual(times(0xa1b23c4d), [0, 1_000_000_001, -1e9]);
  });

  test(`pcapng, ${order}-endian: all packet blocks, resolutions, unknown blocks`, (t) => {
    // Option 9 of length 1: the exponent is the first byte of its word.
    const option = isLittle ? (1 << 16) | 9 : (9 << 16) | 1;
    const resolution = (exponent: number): number => (isLittle ? exponent : (exponent << 24) >>> 0);
    const obsolete = isLittle ? 0xffff0001 : 0x0001ffff;
    const file = pcapng(isLittle, [
      section,
      ethernet(isLittle),
      ethernet(isLittle, 0, [option, resolution(9), 0]),
      ethernet(isLittle, 0, [option, resolution(0x80 | 10), 0]),
      [6, [0, 0, 1_000_000, 60, 60], frame],
      [0x0bad, [1, 2, 3]],
      [6, [1, 0, 1_500_000_000, 60, 1500], frame],
      [6, [2, 0, 3 * 1024, 5, 5], frame.subarray(0, 5)],
      [2, [obsolete, 0, 4_000_000_000, 60, 60], frame],
      [3, [60], frame],
    ]);
    t.deepEqual(
      read(file).map((p) => [p.timeNs, p.frame.length, p.wireLength]),
      [
        [0, 60, 60],
        [5e8, 60, 1500],
        [2e9, 5, 5],
        [3e9, 60, 60],
        [3e9, 60, 60],
      ],
    );
  });
}

test('a simple packet block is cut at the snap length', (t) => {
  const file = pcapng(true, [section, ethernet(true, 32), [3, [60], frame.subarray(0, 32)]]);
  t.deepEqual(
    read(file).map((p) => [p.frame.length, p.wireLength]),
    [[32, 60]],
  );
});

test('a second section has interfaces of its own, in its own byte order', (t) => {
  const packet: Block = [6, [0, 0, 7, 60, 60], frame];
  const little = pcapng(true, [section, ethernet(true), packet]);
  const big = pcapng(false, [section, ethernet(false), packet]);
  t.is(read(new Uint8Array(Buffer.concat([little, big]))).length, 2);
});

const good = writeCapture(packets);
const goodNg = pcapng(true, [section, ethernet(true), [6, [0, 0, 7, 60, 60], frame]]);
const changed = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
};
const wireless = pcapng(true, [section, [1, [127, 0]], [6, [0, 0, 7, 60, 60], frame]]);
const bad: [string, Uint8Array, RegExp][] = [
  ['empty', new Uint8Array(0), /^x.pcap: byte 0: truncated header: 4 bytes wanted, 0 there$/],
  ['text', Buffer.from('hello'), /byte 0: not a pcap or pcapng capture: it begins with 0x68656c6c/],
  ['header cut', good.subarray(0, 20), /byte 0: truncated header: 24 bytes wanted, 20 there/],
  ['version', changed(good, 4, 1), /byte 4: pcap version 1, 2 is known/],
  ['link type', pcap(true, 0xa1b2c3d4, 105, []), /byte 20: link type 105, not Ethernet \(1\)/],
  ['record cut', good.subarray(0, 30), /byte 24: truncated packet header: 16 bytes wanted, 6 left/],
  ['packet cut', good.subarray(0, 50), /byte 32: truncated packet: 52 bytes wanted, 10 left/],
  ['huge', changed(good, 35, 1), /byte 32: packet of 16777268 bytes, 262144 at most/],
  ['ng: section cut', goodNg.subarray(0, 20), /truncated section header: 28 bytes wanted, 20 left/],
  ['ng: magic', changed(goodNg, 8, 0), /byte 8: section header without a byte-order magic/],
  ['ng: block cut', goodNg.subarray(0, 90), /byte 48: truncated block: 92 bytes wanted, 42 left/],
  ['ng: tail cut', goodNg.subarray(0, 53), /byte 48: truncated block: 12 bytes wanted, 5 left/],
  ['ng: tail', changed(goodNg, 136, 8), /block of 92 bytes at its start, 8 at its end/],
  ['ng: length', changed(goodNg, 52, 9), /byte 52: block of 9 bytes/],
  ['ng: interface', changed(goodNg, 56, 3), /byte 48: packet of interface 3, 1 are described/],
  ['ng: packet', changed(goodNg, 68, 90), /byte 68: truncated packet: 90 bytes wanted, 60 left/],
  ['ng: link type', wireless, /packet of link type 127, not Ethernet \(1\)/],
];

for (const [name, bytes, message] of bad) {
  test(`refused: ${name}`, (t) => {
    t.throws(() => read(bytes), { code: 'INVALID_FILE', message });
  });
}

test('packets before a cut are given', (t) => {
  const seen: number[] = [];
  t.throws(
    () => {
      for (const packet of readCapture(good.subarray(0, good.length - 1), 'x')) {
        seen.push(packet.wireLength);
      }
    },
    { code: 'INVALID_FILE' },
  );
  t.deepEqual(seen, [52]);
});

test('a file is read by its path; a missing one is NOT_FOUND', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-pcap-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.pcap');
  writeFileSync(path, good);
  t.is([...readCaptureFile(path)].length, 2);
  t.throws(() => readCaptureFile(join(folder, 'b.pcap')), { code: 'NOT_FOUND' });
});
