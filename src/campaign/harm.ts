/** One number for what a run did to the users of a network. */
import type { Effect } from '../telemetry/index.js';

/**
 * 0: nobody noticed; 1: nothing got through. The mean over flows of the worst of: the share of
 * requests that now fail, of throughput that is gone, of packets that are now lost.
 */
export function harmOf(effects: readonly Effect[]): number {
  const byFlow = new Map<string, number>();
  for (const { before, delta, flow, metric } of effects) {
    const harm =
      metric === 'errorRate' || metric === 'lossRate'
        ? delta
        : metric === 'throughputMbps' && before > 0
          ? -delta / before
          : 0;
    const worst = Math.max(byFlow.get(flow) ?? 0, Math.min(1, harm));
    byFlow.set(flow, worst);
  }
  if (byFlow.size === 0) return 0;
  return [...byFlow.values()].reduce((sum, harm) => sum + harm, 0) / byFlow.size;
}
