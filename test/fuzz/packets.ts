/** Mutated packets through a program whose tables, groups and sessions are filled at random. */
import { readFileSync, readdirSync } from 'node:fs';
import { Prng } from '../../src/base/prng.js';
import { shippedFile } from '../../src/base/paths.js';
import { UmbraError } from '../../src/base/errors.js';
import { readProgram, type Program } from '../../src/bmv2/index.js';
import { PacketPool } from '../../src/packet/index.js';
import { V1Switch } from '../../src/v1model/index.js';
import type { KeyMatch } from '../../src/v1model/control.js';
import { FrameMaker } from './frames.js';

const ENTRIES = 24;
const PORTS = 4;
/** How often a switch is filled anew. */
const FILLINGS = 6;

/** What a run saw. */
export interface PacketFuzz {
  packets: number;
  sent: number;
  dropped: number;
  /** Packets that neither left, nor were dropped with a reason, nor wait. */
  lost: number;
  /** Descriptors that nobody owns any more at the end. */
  leaked: number;
}

/** BMv2 JSON of every program in the repository. */
export function allPrograms(): string[] {
  return ['p4/build', 'test/programs/build'].flatMap((folder) =>
    readdirSync(shippedFile(folder))
      .filter((name) => name.endsWith('.json') && !name.includes('manifest'))
      .map((name) => `${folder}/${name}`),
  );
}

/** Sends `count` packets into switches filled one after the other; throws what a switch throws. */
export function fuzzPackets(path: string, count: number, seed: number): PacketFuzz {
  const total: PacketFuzz = { packets: 0, sent: 0, dropped: 0, lost: 0, leaked: 0 };
  for (let round = 0; round < FILLINGS; round++) {
    const part = fuzzFilled(path, Math.ceil(count / FILLINGS), seed + round);
    for (const key of Object.keys(total) as (keyof PacketFuzz)[]) total[key] += part[key];
  }
  return total;
}

function fuzzFilled(path: string, count: number, seed: number): PacketFuzz {
  const text = readFileSync(shippedFile(path), 'utf8');
  const program = readProgram(text, path);
  const prng = new Prng(seed);
  const pool = new PacketPool({ slots: 4096, slotBytes: 640, headroom: 128 });
  let sent = 0;
  const v1 = new V1Switch(program, {
    pool,
    seed,
    attachment: {
      transmit(_, packet) {
        sent++;
        pool.free(packet);
      },
      wakeAt() {},
    },
    onDigest() {},
  });
  fill(v1, program, prng);
  const frames = new FrameMaker(text, prng);
  const dropped = (): number => Object.values(v1.drops).reduce((sum, one) => sum + one, 0);
  let lost = 0;
  let nowNs = 0;
  for (let i = 0; i < count; i++) {
    nowNs += 1000;
    if (i % 64 === 0) v1.wake(nowNs);
    const before = sent + dropped() + v1.held;
    const packet = pool.allocFrom(frames.next());
    v1.receive(prng.uint32() % PORTS, packet, nowNs);
    // Copies can only add to what is accounted for.
    if (sent + dropped() + v1.held <= before) lost++;
  }
  const leaked = pool.used - v1.held;
  return { packets: count, sent, dropped: dropped(), lost, leaked };
}

/** Entries, members, groups and sessions at random; what is refused stays out. */
function fill(v1: V1Switch, program: Program, prng: Prng): void {
  const bytes = (width: number): Uint8Array => {
    const value = Uint8Array.from({ length: Math.ceil(width / 8) }, () => prng.uint32());
    if (width % 8 !== 0) value[0]! &= 2 ** (width % 8) - 1;
    // Small values are ports, groups and indexes that exist.
    if (prng.unit() < 0.6) value.fill(0, 0, -1);
    if (prng.unit() < 0.6 && value.length > 0) value[value.length - 1]! %= PORTS;
    return value;
  };
  const tried = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof UmbraError)) throw error;
    }
  };
  const call = (names: readonly string[]) => {
    const name = names[prng.uint32() % names.length]!;
    const action = program.actions.find((one) => one.name === name)!;
    return { action: name, params: action.parameters.map(({ width }) => bytes(width)) };
  };
  for (let id = 0; id < PORTS; id++) {
    const replicas = Array.from({ length: 1 + (id % 3) }, (_, i) => ({ port: i, instance: i }));
    v1.replication.setMulticastGroup(id + 1, replicas);
    v1.replication.setCloneSession(id, replicas, id % 2 === 0 ? 0 : 60);
  }
  for (const table of v1.tables.values()) {
    const profile = table.profile === undefined ? undefined : v1.profiles.get(table.profile);
    for (let i = 0; i < ENTRIES && table.actions.length > 0; i++) {
      const match = table.key.map(({ kind, bitWidth }): KeyMatch => {
        const value = bytes(bitWidth);
        if (kind === 'lpm') return { value, prefixLength: i === 0 ? 0 : prng.uint32() % (bitWidth + 1) };
        if (kind === 'exact' || kind === 'valid') return { value };
        if (prng.unit() < 0.5) return null;
        if (kind === 'ternary') return { value, mask: bytes(bitWidth) };
        return kind === 'optional' ? { value } : { low: new Uint8Array(value.length), high: value };
      });
      tried(() => {
        const target = profile
          ? { member: profile.addMember(call(table.actions)) }
          : call(table.actions);
        if (table.key.length > 0) table.insert(match, 1 + (prng.uint32() % 99), target);
      });
    }
    if (table.actions.length > 0) tried(() => table.setDefault(call(table.actions)));
  }
}
