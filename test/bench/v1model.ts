/** Programs on the embedded switch against forwarders written by hand that do the same work. */
import { readFileSync } from 'node:fs';
import { readProgram } from '../../src/bmv2/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { V1Switch } from '../../src/v1model/index.js';
import { productionByHand, routerByHand } from './byHand.js';
import { compareForwarders, makeFrames, routeAddress, type Forwarder } from './forwarding.js';
import type { Benchmark, BenchRow } from './row.js';

/** Routes of the programs that are measured. */
export const ROUTES = 10_000;

/** A switch running a program of the checkout, and how to put packets through it. */
function start(pool: PacketPool, path: string): { v1: V1Switch; run: Forwarder } {
  let sentTo = -1;
  const v1 = new V1Switch(readProgram(readFileSync(shippedFile(path), 'utf8'), path), {
    pool,
    seed: 1,
    attachment: { transmit: (port) => void (sentTo = port), wakeAt() {} },
  });
  const run = (packet: number): number => {
    sentTo = -1;
    v1.receive(1, packet, 1000);
    return sentTo;
  };
  return { v1, run };
}

const mac = (last: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, last);
const route = (number: number): { value: Uint8Array; prefixLength: number } => ({
  value: Uint8Array.of(...routeAddress(number), 0),
  prefixLength: 24,
});

/** production.p4 with routes to one next hop. */
export function production(pool: PacketPool): Forwarder {
  const { v1, run } = start(pool, 'p4/build/production.json');
  const profile = v1.profiles.get('SwitchIngress.routing.ecmp')!;
  const action = 'SwitchIngress.routing.forward';
  const member = profile.addMember({ action, params: [mac(1), mac(9), Uint8Array.of(0, 1)] });
  const table = v1.tables.get('SwitchIngress.routing.ipv4_lpm')!;
  for (let i = 0; i < ROUTES; i++) table.insert([route(i)], 0, { member });
  return run;
}

/** l3_router.p4 with routes to one next hop. */
export function router(pool: PacketPool): Forwarder {
  const { v1, run } = start(pool, 'test/programs/build/l3_router.json');
  const table = v1.tables.get('RouterIngress.ipv4_lpm')!;
  const call = {
    action: 'RouterIngress.forward',
    params: [mac(9), mac(1), Uint8Array.of(0, 1)],
  };
  for (let i = 0; i < ROUTES; i++) table.insert([route(i)], 0, call);
  return run;
}

/** large.p4 with so many routes and ACL entries; no ACL entry drops, all are looked through. */
export function large(pool: PacketPool, routes: number, rules: number): Forwarder {
  const { v1, run } = start(pool, 'test/programs/build/large.json');
  const word = (value: number, bytes: number): Uint8Array =>
    Uint8Array.from({ length: bytes }, (_, i) => value >>> (8 * (bytes - 1 - i)));
  v1.tables.get('LargeIngress.next_hop')!.insert([{ value: word(7, 2) }], 0, {
    action: 'LargeIngress.forward',
    params: [mac(9), mac(1), word(1, 2)],
  });
  const lpm = v1.tables.get('LargeIngress.ipv4_lpm')!;
  const call = { action: 'LargeIngress.set_next_hop', params: [word(7, 2)] };
  for (let i = 0; i < routes; i++) lpm.insert([route(i)], 0, call);
  const acl = v1.tables.get('LargeIngress.acl')!;
  for (let i = 0; i < rules; i++) {
    const lengths = [8 + (i % 25), 8 + ((i * 7) % 25)] as const;
    const mask = (length: number): Uint8Array => word(-1 << (32 - length), 4);
    acl.insert(
      [
        { value: word(Math.imul(i, 0x9e3779b1), 4), mask: mask(lengths[0]) },
        { value: word(0x0a000000 + i * 257, 4), mask: mask(lengths[1]) },
        i % 3 === 0 ? null : { value: word(i % 3 === 1 ? 6 : 17, 1), mask: word(255, 1) },
        i % 2 === 0 ? null : { low: word(1024 + i, 2), high: word(65535, 2) },
        i % 5 === 0 ? null : { low: word(i, 2), high: word(i + 1000, 2) },
      ],
      i + 1,
      { action: 'LargeIngress.set_class', params: [word(i, 2)] },
    );
  }
  return run;
}

/** One program against its hand-written equal, over the same frames. */
function against(
  name: string,
  ours: (pool: PacketPool) => Forwarder,
  byHand: (pool: PacketPool, routes: number) => Forwarder,
  goal: string,
): BenchRow {
  const pool = new PacketPool(fabricPool);
  const frames = makeFrames(pool, ROUTES);
  const forwarders = [byHand(pool, ROUTES), ours(pool)];
  const [limit, value] = compareForwarders(pool, [frames, frames], forwarders);
  return {
    name: `${name}, 10,000 routes, 64-byte packets, in process`,
    value: value!,
    unit: 'Mpps',
    peer: { name: 'hand-written in place', value: limit! },
    ratio: value! / limit!,
    goal,
  };
}

function largeProgram(): BenchRow {
  const pool = new PacketPool(fabricPool);
  const frames = [makeFrames(pool, 10), makeFrames(pool, ROUTES)];
  const forwarders = [large(pool, 10, 0), large(pool, ROUTES, 500)];
  const [few, many] = compareForwarders(pool, frames, forwarders);
  return {
    name: 'large.p4 (30 tables), 10,000 routes and 500 masks with ranges, in process',
    value: many!,
    unit: 'Mpps',
    peer: { name: '10 routes and no masks', value: few! },
    ratio: many! / few!,
    goal: 'ratio >= 0.5',
  };
}

export const run: Benchmark = async () => [
  against('l3_router.p4', router, routerByHand, 'ratio >= 0.7'),
  against('production.p4', production, productionByHand, 'ratio >= 0.5'),
  largeProgram(),
];
