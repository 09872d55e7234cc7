/** What a flow's users felt, from what the network counted; and how a failure changed it. */
import { quantileNs } from '../base/histogram.js';

/** A flow's sums, as a network of hosts gives them; latency counts are base/histogram's. */
export interface FlowSums {
  name: string;
  kind: 'http' | 'bulk' | 'udp' | 'ping';
  sentPackets: number;
  deliveredPackets: number;
  deliveredBytes: number;
  requests: number;
  completed: number;
  errors: number;
  retransmits: number;
  latency: Float64Array;
}

/** One flow over one window. Figures that cannot be known are NaN. */
export interface FlowMetrics {
  name: string;
  kind: FlowSums['kind'];
  requests: number;
  completed: number;
  errors: number;
  /** errors / (completed + errors). */
  errorRate: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** Delivered payload. */
  throughputMbps: number;
  /** udp, ping: packets that never arrived; http, bulk: retransmitted segments; of those sent. */
  lossRate: number;
}

/** The metrics that effects and forecasts are about. */
export const effectMetrics = ['p95Ms', 'throughputMbps', 'lossRate', 'errorRate'] as const;

export type EffectMetric = (typeof effectMetrics)[number];

/** Unit of each metric. */
export const metricUnit: Record<EffectMetric, string> = {
  p95Ms: 'ms',
  throughputMbps: 'Mbit/s',
  lossRate: 'share',
  errorRate: 'share',
};

/** How a failure changed one metric of one flow. */
export interface Effect {
  flow: string;
  metric: EffectMetric;
  /** Without the failure, and with it. */
  before: number;
  after: number;
  delta: number;
}

/** Metrics of the time between two readings. */
export function metricsOf(
  before: FlowSums | undefined,
  after: FlowSums,
  windowNs: number,
): FlowMetrics {
  const since = (pick: (sums: FlowSums) => number): number =>
    pick(after) - (before ? pick(before) : 0);
  const latency = before ? after.latency.map((c, i) => c - before.latency[i]!) : after.latency;
  const completed = since((s) => s.completed);
  const errors = since((s) => s.errors);
  const sent = since((s) => s.sentPackets);
  const isDatagram = after.kind === 'udp' || after.kind === 'ping';
  const lost = isDatagram ? sent - since((s) => s.deliveredPackets) : since((s) => s.retransmits);
  const ms = (q: number): number => quantileNs(latency, q) / 1e6;
  return {
    name: after.name,
    kind: after.kind,
    requests: since((s) => s.requests),
    completed,
    errors,
    errorRate: completed + errors > 0 ? errors / (completed + errors) : 0,
    p50Ms: ms(0.5),
    p95Ms: ms(0.95),
    p99Ms: ms(0.99),
    throughputMbps: (since((s) => s.deliveredBytes) * 8e3) / windowNs,
    lossRate: sent > 0 ? Math.max(0, lost) / sent : 0,
  };
}

/** Several flows, at least one, as one; its loss means something where all are of one kind. */
export function sumOfFlows(flows: readonly FlowSums[]): FlowSums {
  const sum = (pick: (flow: FlowSums) => number): number =>
    flows.reduce((total, flow) => total + pick(flow), 0);
  const [first] = flows;
  const latency = new Float64Array(first!.latency.length);
  for (const flow of flows) flow.latency.forEach((count, i) => (latency[i]! += count));
  const isDatagram = flows.every(({ kind }) => kind === 'udp' || kind === 'ping');
  return {
    name: flows.map(({ name }) => name).join(', '),
    kind: isDatagram ? 'udp' : 'bulk',
    sentPackets: sum((flow) => flow.sentPackets),
    deliveredPackets: sum((flow) => flow.deliveredPackets),
    deliveredBytes: sum((flow) => flow.deliveredBytes),
    requests: sum((flow) => flow.requests),
    completed: sum((flow) => flow.completed),
    errors: sum((flow) => flow.errors),
    retransmits: sum((flow) => flow.retransmits),
    latency,
  };
}

/**
 * Effects of a failure on one flow: the faulted run minus the run without it. A latency that has no
 * value because nothing completed is left out; the error and loss rates tell of it.
 */
export function effectsOf(without: FlowMetrics, withFailure: FlowMetrics): Effect[] {
  return effectMetrics.flatMap((metric) => {
    const before = without[metric];
    const after = withFailure[metric];
    if (Number.isNaN(before) || Number.isNaN(after)) return [];
    return [{ flow: without.name, metric, before, after, delta: after - before }];
  });
}
