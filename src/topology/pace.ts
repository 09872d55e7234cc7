/** How long a network must be watched to learn something of its slowest flow. */
import type { TrafficFlow } from './topology.js';

const SECOND_NS = 1e9;
const SEGMENT_BYTES = 1460;

/** Mean time between a flow's exchanges, ns; an endless transfer counts by the second. */
export function meanGapNs(flow: TrafficFlow): number {
  switch (flow.kind) {
    case 'http':
      return SECOND_NS / flow.requestsPerSecond;
    case 'bulk':
      return flow.transfersPerSecond > 0 ? SECOND_NS / flow.transfersPerSecond : SECOND_NS;
    case 'udp':
      return SECOND_NS / flow.packetsPerSecond;
    case 'ping':
      return flow.intervalNs;
  }
}

/** Packets of a flow per second, roughly, acknowledgements included. */
function packetsPerSecond(flow: TrafficFlow): number {
  const exchanges = SECOND_NS / meanGapNs(flow);
  switch (flow.kind) {
    case 'http':
      return exchanges * (8 + (1.5 * (flow.requestBytes + flow.responseBytes)) / SEGMENT_BYTES);
    case 'bulk':
      return exchanges * (8 + (1.5 * (flow.transferBytes || 1e6)) / SEGMENT_BYTES);
    default:
      return 2 * exchanges;
  }
}

/**
 * A window in which the slowest flow has about `exchanges` exchanges, at least `leastNs`, and not
 * more than about `packets` packets pass altogether (unless `leastNs` asks for it).
 */
export function windowFor(
  flows: readonly TrafficFlow[],
  exchanges: number,
  leastNs: number,
  packets: number,
): number {
  const slowest = Math.max(0, ...flows.map(meanGapNs));
  const rate = flows.reduce((sum, flow) => sum + packetsPerSecond(flow), 0);
  const affordable = rate > 0 ? (packets / rate) * SECOND_NS : leastNs;
  return Math.round(Math.max(leastNs, Math.min(exchanges * slowest, affordable)));
}
