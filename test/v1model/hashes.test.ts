/** Hashes against the check values that their specifications publish. */
import test from 'ava';
import * as hashes from '../../src/v1model/hashes.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const digits = bytes('123456789');

test('CRCs of the nine digits', (t) => {
  t.is(hashes.crc16Of(digits, 9), 0xbb3d);
  t.is(hashes.crc32Of(digits, 9), 0xcbf43926);
  t.is(hashes.crcCcittOf(digits, 9), 0x29b1);
});

test('the checksum of RFC 1071, and an odd byte at its end', (t) => {
  t.is(hashes.csum16Of(Uint8Array.of(0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7), 8), 0x220d);
  t.is(hashes.csum16Of(Uint8Array.of(0x12, 0x34, 0x56), 3), ~(0x1234 + 0x5600) & 65535);
});

test('exclusive or of words, and an odd byte at its end', (t) => {
  t.is(hashes.xor16Of(Uint8Array.of(0x12, 0x34, 0x56, 0x78, 0x9a), 5), 0x1234 ^ 0x5678 ^ 0x9a00);
});

const wide = (into: typeof hashes.xxh64Into, data: Uint8Array): string => {
  const words = new Int32Array(2);
  into(data, data.length, words, 0);
  return [...words].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
};

for (const [text, hash] of [
  ['', 'ef46db3751d8e999'],
  ['a', 'd24ec4f1a98c6e5b'],
  ['abc', '44bc2cf5ad770999'],
  ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
] as const) {
  test(`XXH64 of '${text}'`, (t) => t.is(wide(hashes.xxh64Into, bytes(text)), hash));
}

test('identity takes the first eight bytes', (t) => {
  t.is(wide(hashes.identityInto, digits), '3132333435363738');
  t.is(wide(hashes.identityInto, Uint8Array.of(1, 2, 3)), '0000000000010203');
});
