/**
 * The long run: `node dist/test/fuzz/main.js [COUNT] [SEED]` sends COUNT (a million) mutated packets
 * through every program of the repository. Ends with status 1 when a packet was lost or leaked, or
 * memory grew.
 */
import { allPrograms, fuzzPackets } from './packets.js';

/** What the heap may have grown by at the end, bytes. */
const GROWTH_LIMIT = 64 * 2 ** 20;

const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
const heapBefore = process.memoryUsage().heapUsed;
let isFine = true;
for (const path of allPrograms()) {
  const result = fuzzPackets(path, count, seed);
  if (result.lost > 0 || result.leaked > 0) isFine = false;
  const { sent, dropped, lost, leaked } = result;
  const figures = `${sent} sent, ${dropped} dropped, ${lost} lost, ${leaked} leaked`;
  process.stdout.write(`${path}: ${result.packets} packets, ${figures}\n`);
}
globalThis.gc?.();
const growth = process.memoryUsage().heapUsed - heapBefore;
if (globalThis.gc && growth > GROWTH_LIMIT) isFine = false;
process.stdout.write(`heap grew by ${Math.round(growth / 2 ** 20)} MiB\n`);
process.exitCode = isFine ? 0 : 1;
