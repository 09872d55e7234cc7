/** What a packet through the embedded switch leaves on the heap: nothing, once code is compiled. */
import { getHeapStatistics } from 'node:v8';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { makeFrames, restoreFrame, type Forwarder } from './forwarding.js';
import { large, production, router, ROUTES } from './v1model.js';
import type { Benchmark, BenchRow } from './row.js';

const WARM = 2_000_000;
const PACKETS = 1_000_000;
/** Packets between two looks at the heap: a collection in between hides what they left. */
const STEP = 50_000;

function heapBytes(): number {
  return getHeapStatistics().used_heap_size;
}

function forward(pool: PacketPool, frames: Int32Array, run: Forwarder, packets: number): void {
  for (let i = 0; i < packets; i++) {
    const packet = frames[i & (frames.length - 1)]!;
    run(packet);
    restoreFrame(pool, packet);
  }
}

/** Bytes that a million packets allocate; the looks at the heap are taken off. */
function allocated(pool: PacketPool, run: Forwarder): number {
  const frames = makeFrames(pool, ROUTES);
  forward(pool, frames, run, WARM);
  let bytes = 0;
  for (let done = 0; done < PACKETS; done += STEP) {
    const before = heapBytes();
    const look = heapBytes() - before;
    const start = heapBytes();
    forward(pool, frames, run, STEP);
    bytes += Math.max(0, heapBytes() - start - look);
  }
  return bytes;
}

export const run: Benchmark = async () => {
  const programs: [string, (pool: PacketPool) => Forwarder][] = [
    ['l3_router.p4', router],
    ['production.p4', production],
    ['large.p4', (pool) => large(pool, ROUTES, 500)],
  ];
  return programs.map(([name, open]): BenchRow => {
    const pool = new PacketPool(fabricPool);
    return {
      name: `${name}, allocated per packet`,
      value: allocated(pool, open(pool)) / PACKETS,
      unit: 'bytes',
      goal: '< 0.1',
    };
  });
};
