/** The document that the whole loop ends with: what `umbra demo --json` prints. */
import type { Model } from '../analysis/index.js';
import type { Recommendation } from '../advice/index.js';
import type { CampaignResult } from '../campaign/index.js';
import { describeFailure } from '../fault/index.js';
import type { Forecast } from '../forecast/index.js';
import { effectMetrics, type Effect } from '../telemetry/index.js';

/** A forecast as the document has it: the failure as text. */
export interface ForecastLine extends Omit<Forecast, 'failure' | 'description'> {
  failure: string;
}

/** An effect with the scenario that showed it. */
export interface EffectLine extends Effect {
  scenario: string;
  failure: string;
}

/** Everything the loop found. Times in ms or s as named; shares from 0 to 1. */
export interface Report {
  seed: number;
  production: { switches: number; entries: number };
  shadow: { entries: number; equal: number; syncLagMs: number; fidelity: number };
  mirror: { expected: number; copied: number; limited: number; completeness: number };
  campaign: {
    scenarios: number;
    virtualSeconds: number;
    wallSeconds: number;
    packetHops: number;
  };
  effects: EffectLine[];
  model: Pick<Model, 'target' | 'features' | 'mae' | 'baselineMae' | 'coverage'>[];
  forecasts: ForecastLine[];
  recommendations: Recommendation[];
}

/** The largest effect of each scenario on each metric. */
export function effectLines(campaign: CampaignResult): EffectLine[] {
  return campaign.results.flatMap(({ scenario, effects }) =>
    effectMetrics.flatMap((metric): EffectLine[] => {
      let largest: Effect | undefined;
      for (const effect of effects) {
        if (effect.metric !== metric || effect.delta === 0) continue;
        if (!largest || Math.abs(effect.delta) > Math.abs(largest.delta)) largest = effect;
      }
      if (!largest) return [];
      return [{ scenario: scenario.id, failure: describeFailure(scenario.failure), ...largest }];
    }),
  );
}

/** A forecast with its failure as text. */
export function forecastLine({ failure: _, description, ...rest }: Forecast): ForecastLine {
  return { failure: description, ...rest };
}

/** What a model says of itself. */
export function modelLine({ target, features, mae, baselineMae, coverage }: Model) {
  return { target, features, mae, baselineMae, coverage };
}
