import test from 'ava';
import { allPrograms, fuzzPackets } from './packets.js';

for (const path of allPrograms()) {
  test(`mutated packets: ${path}`, (t) => {
    const { packets, sent, dropped, lost, leaked } = fuzzPackets(path, 3000, 20251125);
    t.deepEqual({ packets, lost, leaked }, { packets: 3000, lost: 0, leaked: 0 });
    t.true(sent + dropped > 0);
  });
}
