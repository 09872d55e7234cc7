/** From campaign results to models, and from models to what a failure would do to production. */
import { fitModel, type Model, type Observation } from '../analysis/index.js';
import type { CampaignResult } from '../campaign/index.js';
import { describeFailure, exposuresOf, exposureTo, type Failure } from '../fault/index.js';
import {
  effectMetrics,
  metricUnit,
  type EffectMetric,
  type FlowMetrics,
} from '../telemetry/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import { featuresOf } from './features.js';

/** Share of effects that a forecast's interval should cover. */
export const INTERVAL_LEVEL = 0.9;

/** A predicted effect on production. */
export interface Forecast {
  failure: Failure;
  /** The failure as text. */
  description: string;
  /** The flow that is hit worst. */
  flow: string;
  metric: EffectMetric;
  /** Predicted change, and the interval at INTERVAL_LEVEL. */
  value: number;
  low: number;
  high: number;
  unit: string;
}

const LEAST_GROUPS = 10;

/** One model per metric. */
export type MetricModels = Map<EffectMetric, Model>;

/** Learns the effect of failures on flows from a campaign. */
export async function learnEffects(
  topology: Topology,
  flows: readonly TrafficFlow[],
  campaign: CampaignResult,
): Promise<MetricModels> {
  const exposures = exposuresOf(topology, flows);
  const models: MetricModels = new Map();
  for (const metric of effectMetrics) {
    const observations = campaign.results.flatMap(({ scenario, baseline, effects }) =>
      effects
        .filter((effect) => effect.metric === metric)
        .filter((effect) => metric !== 'throughputMbps' || effect.before > 0)
        .map((effect): Observation => {
          const without = baseline.find((m) => m.name === effect.flow)!;
          const exposure = exposureTo(
            topology,
            exposures.get(effect.flow)!,
            scenario.failure,
          );
          return {
            features: featuresOf(scenario.failure, exposure, without),
            target: effect.delta / scaleOf(metric, without),
            // Repeats of one failure stay together: they are not independent.
            group: describeFailure(scenario.failure),
          };
        }),
    );
    // A metric that hardly any scenario has a value for is not modelled.
    if (new Set(observations.map((o) => o.group)).size < LEAST_GROUPS) continue;
    const target = `${metric} change${metric === 'throughputMbps' ? ', share of before' : ''}`;
    models.set(metric, await fitModel(observations, { target, level: INTERVAL_LEVEL }));
  }
  return models;
}

/** What a model's predictions are in: throughput as a share of what it was, others as they are. */
function scaleOf(metric: EffectMetric, baseline: FlowMetrics): number {
  return metric === 'throughputMbps' ? baseline.throughputMbps : 1;
}

/** Failures that were not tried: severities between and beyond those of a sweep. */
export function untriedFailures(topology: Topology): Failure[] {
  const links = topology.links.flatMap(({ name: link }): Failure[] => {
    const on = { type: 'link_degradation', link, direction: 'both' } as const;
    return [
      { ...on, loss: 0.1 },
      { ...on, delayNs: 10e6, jitterNs: 1e6 },
      { ...on, rateBps: 20e6 },
      { ...on, loss: 0.02, delayNs: 5e6 },
    ];
  });
  const devices = topology.switches.map(({ name: device }): Failure => {
    return { type: 'device_failure', device, mode: 'graceful', share: 0.75, delayNs: 1e6 };
  });
  return [...links, ...devices];
}

/** Bounds that a change can have: a share stays between 0 and 1, traffic cannot go below none. */
function clamp(metric: EffectMetric, value: number, baseline: FlowMetrics): number {
  const before = baseline[metric];
  switch (metric) {
    case 'throughputMbps':
      return Math.max(-before, value);
    case 'lossRate':
    case 'errorRate':
      return Math.min(1 - before, Math.max(-before, value));
    case 'p95Ms':
      return Math.max(-before, value);
  }
}

/** How bad a change is for a flow, from 0 to 1, whatever its metric. */
function harmOf(metric: EffectMetric, change: number, baseline: FlowMetrics): number {
  const before = baseline[metric];
  switch (metric) {
    case 'errorRate':
    case 'lossRate':
      return change;
    case 'throughputMbps':
      return before > 0 ? -change / before : 0;
    case 'p95Ms':
      return Math.log2(1 + Math.max(0, change) / Math.max(before, 0.1)) / 10;
  }
}

/**
 * The worst forecasts over a set of failures: one per failure, for the flow and metric that it is
 * predicted to hurt most, in the order of what all flows together would suffer.
 */
export function forecastWorst(
  topology: Topology,
  flows: readonly TrafficFlow[],
  models: MetricModels,
  baseline: readonly FlowMetrics[],
  failures: readonly Failure[],
  count: number,
): Forecast[] {
  const exposures = exposuresOf(topology, flows);
  const ranked = failures.flatMap((failure) => {
    const found = baseline.flatMap((flow) => {
      const share = exposureTo(topology, exposures.get(flow.name)!, failure);
      const worst = worstOf(failure, flow, share, models);
      return worst ? [worst] : [];
    });
    if (found.length === 0) return [];
    const worst = found.reduce((a, b) => (b.harm > a.harm ? b : a));
    return [{ forecast: worst.forecast, total: found.reduce((sum, one) => sum + one.harm, 0) }];
  });
  return ranked
    .sort((a, b) => b.total - a.total)
    .slice(0, count)
    .map((item) => item.forecast);
}

function worstOf(
  failure: Failure,
  flow: FlowMetrics,
  share: number,
  models: MetricModels,
): { forecast: Forecast; harm: number } | undefined {
  let worst: { forecast: Forecast; harm: number } | undefined;
  if (share === 0) return undefined;
  for (const [metric, model] of models) {
    const scale = scaleOf(metric, flow);
    if (Number.isNaN(flow[metric]) || scale === 0) continue;
    const predicted = model.predict(featuresOf(failure, share, flow));
    const within = (v: number): number => clamp(metric, v * scale, flow);
    const value = within(predicted.value);
    const harm = harmOf(metric, value, flow);
    if (harm <= (worst?.harm ?? 0)) continue;
    worst = {
      harm,
      forecast: {
        failure,
        description: describeFailure(failure),
        flow: flow.name,
        metric,
        value,
        low: within(predicted.low),
        high: within(predicted.high),
        unit: metricUnit[metric],
      },
    };
  }
  return worst;
}
