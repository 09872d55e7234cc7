/** Packets that a router forwards again and again, and fair timing of those who forward them. */
import { PacketPool, sumWords } from '../../src/packet/index.js';

/** Few packets a round: a short round is seldom interrupted. */
const PACKETS = 20_480;
const WORKING_SET = 4096;
const ROUNDS = 200;

/** Forwards a packet in place and returns the port it leaves by. */
export type Forwarder = (packet: number) => number;

/** The address of route number `route`: 10.0.0.0/24 and those behind it. */
export function routeAddress(route: number): [number, number, number] {
  return [10 + (route >> 16), (route >> 8) & 255, route & 255];
}

/** UDP frames of 64 bytes to the first `routes` routes, in slots that are never freed. */
export function makeFrames(pool: PacketPool, routes: number): Int32Array {
  return Int32Array.from({ length: WORKING_SET }, (_, i) => {
    const packet = pool.alloc();
    const at = pool.start[packet]!;
    const route = (i * 7919) % routes;
    pool.bytes.fill(0, at, at + 64);
    pool.bytes.set(
      [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 50, 0, 0, 0x40, 0, 64, 17],
      at,
    );
    pool.bytes.set([10, 0, 0, 1, ...routeAddress(route), 1], at + 26);
    pool.bytes.set([i >> 8, i & 255, 0, 80], at + 34);
    const sum = ~(sumWords(pool.bytes, at + 14, 20) % 65535 || 65535) & 0xffff;
    pool.bytes.set([sum >> 8, sum & 255], at + 24);
    pool.headLength[packet] = 64;
    pool.wireLength[packet] = 64;
    return packet;
  });
}

/** TTL and checksum as they were, so that a packet can be forwarded again. */
export function restoreFrame(pool: PacketPool, packet: number): void {
  const at = pool.start[packet]!;
  pool.bytes[at + 22] = 64;
  const sum = ((pool.bytes[at + 24]! << 8) | pool.bytes[at + 25]!) - 0x0100;
  const wrapped = sum < 0 ? sum + 0xffff : sum;
  pool.bytes[at + 24] = wrapped >> 8;
  pool.bytes[at + 25] = wrapped & 255;
}

/**
 * Millions of packets per second of each forwarder's best round. The rounds take turns, so that
 * what else the machine does meets all of them.
 */
export function compareForwarders(
  pool: PacketPool,
  frames: readonly Int32Array[],
  forwarders: readonly Forwarder[],
): number[] {
  const best = forwarders.map(() => 0);
  const timers = forwarders.map(() => timer());
  forwarders.forEach((run, i) => checkForwarding(pool, frames[i]!, run));
  for (let round = 0; round < ROUNDS; round++) {
    forwarders.forEach((run, i) => {
      const seconds = timers[i]!(pool, frames[i]!, run, restoreFrame);
      best[i] = Math.max(best[i]!, PACKETS / seconds / 1e6);
    });
  }
  return best;
}

/** All packets must leave by port 1, with the TTL one less and the checksum still right. */
function checkForwarding(pool: PacketPool, frames: Int32Array, run: Forwarder): void {
  for (const packet of frames) {
    if (run(packet) !== 1) throw new Error('a packet was not forwarded');
    const at = pool.start[packet]!;
    const isSumRight = sumWords(pool.bytes, at + 14, 20) % 65535 === 0;
    if (pool.bytes[at + 22] !== 63 || !isSumRight) throw new Error('a packet was forwarded wrong');
    restoreFrame(pool, packet);
  }
}

type Timer = (
  pool: PacketPool,
  frames: Int32Array,
  run: Forwarder,
  again: typeof restoreFrame,
) => number;

/** A timing loop of its own for each forwarder, so that none is compiled for another. */
function timer(): Timer {
  return new Function(
    'pool',
    'frames',
    'run',
    'again',
    `const began = process.hrtime.bigint();
    for (let i = 0; i < ${PACKETS}; i++) {
      const packet = frames[i & ${WORKING_SET - 1}];
      run(packet);
      again(pool, packet);
    }
    return Number(process.hrtime.bigint() - began) / 1e9;`,
  ) as Timer;
}
