import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { CaptureFile, readCapture, readCaptureFile, writeCapture } from '../../src/packet/index.js';

const folder = mkdtempSync(join(tmpdir(), 'umbra-capture-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const never = (error: Error): void => {
  throw error;
};

for (const length of [0, 1, 14, 64, 65, 1514, 9216, 262144]) {
  test(`what is appended is read back: frames of ${length} bytes`, (t) => {
    const path = join(folder, `${length}.pcap`);
    const file = CaptureFile.create(path, 1_700_000_000, never);
    const frame = Uint8Array.from({ length: length + 3 }, (_, i) => i & 255);
    const times = [0, 1, 999_999_999, 1_000_000_000, 5_000_000_123];
    for (const timeNs of times) file.append(timeNs, frame, 3, length);
    file.close();
    const packets = [...readCapture(readFileSync(path), path, 1_700_000_000)];
    t.deepEqual(
      packets.map(({ timeNs }) => timeNs),
      times,
    );
    for (const packet of packets) {
      t.is(packet.wireLength, length);
      t.deepEqual(Buffer.from(packet.frame), Buffer.from(frame.subarray(3)));
    }
  });
}

test('a flush puts whole records on disk, and a file without packets is a capture too', (t) => {
  const path = join(folder, 'flush.pcap');
  const file = CaptureFile.create(path, 0, never);
  t.is(statSync(path).size, 0);
  file.flush();
  t.deepEqual([...readCaptureFile(path)], []);
  file.append(7, new Uint8Array(60), 0, 60);
  file.flush();
  t.is([...readCaptureFile(path)].length, 1);
  file.close();
});

test('a disk without room is said once; the packets after that are counted', (t) => {
  const failures: string[] = [];
  const file = CaptureFile.create('/dev/full', 0, ({ message }) => failures.push(message));
  for (let i = 0; i < 10_000; i++) file.append(i, new Uint8Array(100), 0, 100);
  file.flush();
  file.close();
  t.is(failures.length, 1);
  t.regex(failures[0]!, /^\/dev\/full: ENOSPC.*no longer recorded there$/);
  t.true(file.lost > 0 && file.lost < 10_000);
});

test('no file can be made where there is no folder', (t) => {
  const path = join(folder, 'none', 'x.pcap');
  t.throws(() => CaptureFile.create(path, 0, never), { code: 'STORE', message: /x\.pcap: ENOENT/ });
});

test('times of several captures count from one origin', (t) => {
  const packets = [5e9 + 1, 5e9 + 7, 4e9].map((timeNs) => ({
    timeNs,
    frame: new Uint8Array(14),
    wireLength: 14,
  }));
  const times = [...readCapture(writeCapture(packets), 'x', 3)].map(({ timeNs }) => timeNs);
  t.deepEqual(times, [2e9 + 1, 2e9 + 7, 1e9]);
});
