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

/** Packets selected so far, by rule: sums of the counter `mirror.selected` over devices. */
export async function selectedPackets(
  devices: readonly DeviceReader[],
  rules: number,
): Promise<number[]> {
  const selected = new Array<number>(rules).fill(0);
  for (const device of devices) {
    const cells = await device.readCounter('mirror.selected');
    selected.forEach((_, rule) => (selected[rule]! += cells[rule]?.packets ?? 0));
  }
  return selected;
}

/**
 * Compares what production selected with what arrived.
 * @param before packets selected before the collector listened, by rule
 */
export async function measureCompleteness(
  devices: readonly DeviceReader[],
  collector: MirrorCollector,
  before: readonly number[] = [],
): Promise<{ total: Completeness; rules: Completeness[] }> {
  const selected = await selectedPackets(devices, collector.copies.length);
  const rules = collector.copies.map((copies, i) =>
    completenessOf(selected[i]! - (before[i] ?? 0), copies),
  );
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
