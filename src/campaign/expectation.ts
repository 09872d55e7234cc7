/** What is expected of a network in its steady state, and what ends a run. */
import { UmbraError } from '../base/errors.js';
import { metricsOf, sumOfFlows, type FlowMetrics, type FlowSums } from '../telemetry/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';

/** Metrics that expectations are about. */
export const expectedMetrics = [
  'p50Ms',
  'p95Ms',
  'p99Ms',
  'throughputMbps',
  'lossRate',
  'errorRate',
  'completedShare',
] as const;

/** One of them. */
export type ExpectedMetric = (typeof expectedMetrics)[number];

/** How a value is compared with the expected one. */
export const comparisons = ['<', '<=', '>', '>='] as const;

/** One condition on one metric. */
export interface Expectation {
  metric: ExpectedMetric;
  /** `all`, `flow NAME` or `service NAME`. */
  of: string;
  comparison: (typeof comparisons)[number];
  /** In the metric's unit: ms, Mbit/s, or a share of 0 to 1. */
  value: number;
}

/** An expectation that knows its flows. */
export interface Gauge {
  expectation: Expectation;
  /** Positions of its flows among the testbed's. */
  flows: readonly number[];
}

/** Finds the flows of an expectation. Throws NOT_FOUND naming a flow or a service. */
export function gaugeOf(
  expectation: Expectation,
  topology: Topology,
  traffic: readonly TrafficFlow[],
): Gauge {
  const [kind, ...rest] = expectation.of.split(' ');
  const name = rest.join(' ');
  const pick = (isMine: (flow: TrafficFlow) => boolean): number[] =>
    traffic.flatMap((flow, i) => (isMine(flow) ? [i] : []));
  const found =
    kind === 'all' && name === ''
      ? pick(() => true)
      : kind === 'flow'
        ? pick((flow) => flow.name === name)
        : kind === 'service'
          ? pick((flow) => isServedBy(topology, name, flow))
          : undefined;
  if (found === undefined) {
    const { of } = expectation;
    throw new UmbraError('INVALID_INPUT', `of '${of}': all, flow NAME or service NAME`);
  }
  if (found.length === 0) throw new UmbraError('NOT_FOUND', `no ${expectation.of} in the traffic`);
  return { expectation, flows: found };
}

function isServedBy({ hosts }: Topology, name: string, flow: TrafficFlow): boolean {
  const server = hosts.find((host) => host.name === flow.server);
  const port = 'port' in flow ? flow.port : undefined;
  const services = server?.services ?? [];
  return services.some((service) => service.name === name && service.port === port);
}

/** The value over a window; undefined when nothing happened that it could be taken from. */
export function gaugeValue(
  { expectation, flows }: Gauge,
  before: readonly FlowSums[],
  after: readonly FlowSums[],
  windowNs: number,
): number | undefined {
  const { metric } = expectation;
  if (metric === 'lossRate') return lossOf(flows, before, after, windowNs);
  const sum = (all: readonly FlowSums[]): FlowSums => sumOfFlows(flows.map((i) => all[i]!));
  const metrics = metricsOf(sum(before), sum(after), windowNs);
  if (metric === 'completedShare') {
    const ended = metrics.completed + metrics.errors;
    return ended === 0 ? undefined : metrics.completed / ended;
  }
  const value: FlowMetrics[typeof metric] = metrics[metric];
  if (Number.isNaN(value)) return undefined;
  if (metric === 'errorRate' && metrics.completed + metrics.errors === 0) return undefined;
  return value;
}

/** Of flows of different kinds, each by its own measure of loss. */
function lossOf(
  flows: readonly number[],
  before: readonly FlowSums[],
  after: readonly FlowSums[],
  windowNs: number,
): number | undefined {
  let [sent, lost] = [0, 0];
  for (const i of flows) {
    const packets = after[i]!.sentPackets - before[i]!.sentPackets;
    sent += packets;
    lost += metricsOf(before[i], after[i]!, windowNs).lossRate * packets;
  }
  return sent === 0 ? undefined : lost / sent;
}

/** Whether a value is as expected. */
export function isHeld({ comparison, value: bound }: Expectation, value: number): boolean {
  switch (comparison) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
  }
}

/** The expectation as text: `errorRate of all <= 0.01`. */
export function describeExpectation({ metric, of, comparison, value }: Expectation): string {
  return `${metric} of ${of} ${comparison} ${value}`;
}
