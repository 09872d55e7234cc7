/**
 * Mirror completeness: copies that arrived, against those that were sent. Switches that run our
 * program say so by their counters, which guests may read; of others, gaps in the sequence numbers
 * of GRE tell.
 */
import type { DeviceReader } from '../device/index.js';
import type { MirrorCollector } from './collector.js';
import { describeRule } from './rules.js';

/** Copies of one rule, or of all. */
export interface Completeness {
  /** Copies that were sent. */
  expected: number;
  /** Copies that the collector saw. */
  copied: number;
  /** Packets that were not copied because their rule was past its rate; no loss. */
  limited: number;
  /** copied / expected, at most 1; 1 when nothing was expected. */
  completeness: number;
}

/** How it is known what was sent. */
export type Basis = 'counters' | 'sequence' | 'counters and sequence' | 'unknown';

/** A rule and its copies. */
export interface RuleCompleteness extends Completeness {
  name: string;
  description: string;
  basis: Basis;
}

/** All rules, and their sum. */
export interface MirrorCompleteness {
  total: Completeness;
  rules: RuleCompleteness[];
}

/** What production's counters say of one rule. */
interface RuleCounts {
  selected: number;
  limited: number;
}

const counterNames = { selected: 'mirror.selected', limited: 'mirror.limited' } as const;

/** The mirror counters of devices that run our program, from a moment on. */
export class MirrorCounters {
  readonly names: ReadonlySet<string>;
  readonly #last = new Map<string, number[]>();
  #sums: RuleCounts[] = [];

  constructor(private readonly devices: readonly DeviceReader[]) {
    this.names = new Set(devices.map(({ name }) => name));
  }

  /** Counts from now on. */
  async begin(rules: number): Promise<void> {
    await this.read(rules);
    this.#sums = [];
  }

  /** By rule, since `begin`. A counter that has fallen is one of a switch that began anew. */
  async read(rules: number): Promise<readonly RuleCounts[]> {
    while (this.#sums.length < rules) this.#sums.push({ selected: 0, limited: 0 });
    for (const device of this.devices) {
      for (const kind of ['selected', 'limited'] as const) {
        const cells = await device.readCounter(counterNames[kind]);
        const key = `${device.name} ${kind}`;
        const last = this.#last.get(key);
        const now = cells.map(({ packets }) => packets);
        this.#last.set(key, now);
        this.#sums.forEach((sum, rule) => {
          const [before, after] = [last?.[rule] ?? 0, now[rule] ?? 0];
          sum[kind] += after < before ? after : after - before;
        });
      }
    }
    return this.#sums;
  }
}

/** Compares what was sent with what arrived; `counters` of the devices that have them. */
export async function measureCompleteness(
  collector: MirrorCollector,
  counters?: MirrorCounters,
): Promise<MirrorCompleteness> {
  const counts = (await counters?.read(collector.rules.length)) ?? [];
  const isCounted = (device: string): boolean => counters?.names.has(device) ?? false;
  const { streams } = collector;
  const rules = collector.rules.map((rule, i) => {
    const own = streams.filter((stream) => stream.rule === i);
    const counted = (counters?.names.size ?? 0) > 0 ? counts[i] : undefined;
    const row = rowOf(own, isCounted, counted);
    return { name: rule.name, description: describeRule(rule), ...row };
  });
  for (const stream of streams) {
    if (stream.rule >= 0) continue;
    const session = stream.session < 0 ? 'no session' : `session ${stream.session}`;
    const name = `${stream.device}: ${session}`;
    rules.push({ name, description: `${name}, no rule`, ...rowOf([stream], () => false) });
  }
  const sum = (pick: (c: Completeness) => number): number =>
    rules.reduce((total, rule) => total + pick(rule), 0);
  const total = completenessOf(
    sum((c) => c.expected),
    sum((c) => c.copied),
    sum((c) => c.limited),
  );
  return { total, rules };
}

function rowOf(
  streams: MirrorCollector['streams'],
  isCounted: (device: string) => boolean,
  counted?: RuleCounts,
): Completeness & { basis: Basis } {
  const copied = streams.reduce((sum, { packets }) => sum + packets, 0);
  const others = streams.filter(({ device }) => !isCounted(device));
  const sent = others.reduce((sum, { expected }) => sum + expected, 0);
  const isNumbered = others.some((stream) => stream.isNumbered);
  const { selected, limited } = counted ?? { selected: 0, limited: 0 };
  const basis = basisOf(counted, isNumbered);
  return { ...completenessOf(selected + sent, copied, limited), basis };
}

function basisOf(counted: RuleCounts | undefined, isNumbered: boolean): Basis {
  if (counted) return isNumbered ? 'counters and sequence' : 'counters';
  return isNumbered ? 'sequence' : 'unknown';
}

function completenessOf(expected: number, copied: number, limited: number): Completeness {
  const completeness = expected === 0 ? 1 : Math.min(1, copied / expected);
  return { expected, copied, limited, completeness };
}

/** How complete the mirror was of late: totals go in now and then. */
export class RecentCompleteness {
  readonly #totals: { expected: number; copied: number }[] = [];

  /** @param length how many totals lie between then and now */
  constructor(private readonly length: number) {}

  add({ expected, copied }: Completeness): void {
    // Copies that came after the counters were read belong to the next total.
    this.#totals.push({ expected, copied: Math.min(copied, expected) });
    if (this.#totals.length > this.length + 1) this.#totals.shift();
  }

  /** Totals begin anew. */
  clear(): void {
    this.#totals.length = 0;
  }

  /** 1 when nothing was expected of late; undefined before two totals are known. */
  get value(): number | undefined {
    const [first] = this.#totals;
    const last = this.#totals.at(-1);
    if (!first || !last || first === last) return undefined;
    const expected = last.expected - first.expected;
    // Copies that were on their way when the first total was taken have come since.
    return expected <= 0 ? 1 : Math.max(0, Math.min(1, (last.copied - first.copied) / expected));
  }
}
