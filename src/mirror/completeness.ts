/** Mirror completeness: copies that arrived, against those that production's counters announce. */
import type { DeviceReader } from '../device/index.js';
import type { CopyCounts, MirrorCollector } from './collector.js';

/** Copies of one rule, or of all. */
export interface Completeness {
  /** Packets that production selected. */
  expected: number;
  /** Copies that the collector saw. */
  copied: number;
  /** copied / expected; 1 when nothing was expected. */
  completeness: number;
}

/** Sums over devices of the counters `mirror.selected`, compared with what arrived. */
export async function measureCompleteness(
  devices: readonly DeviceReader[],
  collector: MirrorCollector,
): Promise<{ total: Completeness; rules: Completeness[] }> {
  const expected = collector.copies.map(() => 0);
  for (const device of devices) {
    const cells = await device.readCounter('mirror.selected');
    expected.forEach((_, rule) => (expected[rule]! += cells[rule]?.packets ?? 0));
  }
  const rules = collector.copies.map((copies, i) => completenessOf(expected[i]!, copies));
  const sum = (pick: (c: Completeness) => number): number =>
    rules.reduce((total, rule) => total + pick(rule), 0);
  const packets = sum((c) => c.copied);
  return {
    total: completenessOf(
      sum((c) => c.expected),
      { packets, bytes: 0 },
    ),
    rules,
  };
}

function completenessOf(expected: number, copies: CopyCounts): Completeness {
  const copied = copies.packets;
  return { expected, copied, completeness: expected === 0 ? 1 : copied / expected };
}
