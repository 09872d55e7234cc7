/**
 * Paired runs: every trial from one warm network and one seed, with its failure and without; the
 * difference is the effect. Runs without a failure are the same for all trials of one seed and
 * length, to the byte, and are made once.
 */
import type { Progress } from '../base/log.js';
import { describeFailure, type Failure } from '../fault/index.js';
import { effectsOf, metricsOf, type Effect, type FlowMetrics } from '../telemetry/index.js';
import type { Trial } from './trial.js';
import type { Testbed } from './testbed.js';

/** What a trial showed. */
export interface TrialResult {
  scenario: Trial;
  baseline: FlowMetrics[];
  faulted: FlowMetrics[];
  effects: Effect[];
}

/** A campaign's results and what it took. */
export interface CampaignResult {
  results: TrialResult[];
  /** Network time of all runs, s. */
  virtualSeconds: number;
  packetHops: number;
  /** Runs without a failure that were made. */
  baselineRuns: number;
}

/** Runs all trials, in their order. */
export async function runCampaign(
  testbed: Testbed,
  trials: readonly Trial[],
  progress: Progress,
): Promise<CampaignResult> {
  const hopsBefore = testbed.packetHops;
  const baselines = new Map<string, FlowMetrics[]>();
  const results: TrialResult[] = [];
  let virtualNs = 0;
  for (const [i, scenario] of trials.entries()) {
    const { seed, durationNs } = scenario;
    const key = `${seed} ${durationNs}`;
    let baseline = baselines.get(key);
    if (!baseline) {
      baseline = await measure(testbed, seed, durationNs, undefined);
      baselines.set(key, baseline);
      virtualNs += durationNs;
    }
    const faulted = await measure(testbed, seed, durationNs, scenario.failure);
    virtualNs += durationNs;
    const effects = baseline.flatMap((without, f) => effectsOf(without, faulted[f]!));
    results.push({ scenario, baseline, faulted, effects });
    progress.tick(describeFailure(scenario.failure), i + 1, trials.length);
  }
  const packetHops = testbed.packetHops - hopsBefore;
  return { results, virtualSeconds: virtualNs / 1e9, packetHops, baselineRuns: baselines.size };
}

/** One run from the warm state. */
export async function measure(
  testbed: Testbed,
  seed: number,
  durationNs: number,
  failure: Failure | undefined,
): Promise<FlowMetrics[]> {
  testbed.restore(seed);
  const before = testbed.flows();
  if (failure) await testbed.inject(failure, durationNs);
  await testbed.run(durationNs);
  return testbed.flows().map((after, i) => metricsOf(before[i], after, durationNs));
}
