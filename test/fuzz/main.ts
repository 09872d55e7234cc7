/**
 * The long run: `node dist/test/fuzz/main.js [COUNT] [SEED]` writes COUNT (a million) mutated updates
 * to a switch, and sends as many mutated packets through every program of the repository. Ends with
 * status 1 when an answer was wrong, a packet was lost or leaked, or memory grew.
 */
import { allPrograms, fuzzPackets } from './packets.js';
import { fuzzUpdates } from './updates.js';

/** What the heap may have grown by at the end, bytes. */
const GROWTH_LIMIT = 64 * 2 ** 20;

const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
const heapBefore = process.memoryUsage().heapUsed;
let isFine = true;
const { accepted, refused, wrong, differences } = await fuzzUpdates(count, seed, (server) =>
  server.inProcess(),
);
if (wrong.length > 0 || differences > 0) isFine = false;
process.stdout.write(
  `updates: ${accepted} accepted, ${refused} refused, ${wrong.length} answers wrong, ` +
    `${differences} entries wrong\n${wrong.map((text) => `  ${text}\n`).join('')}`,
);
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
