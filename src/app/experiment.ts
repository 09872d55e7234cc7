/** A campaign on a shadow, and what follows from it: models, forecasts, recommendations. */
import type { Progress } from '../base/log.js';
import { rehearseReroute, type Recommendation } from '../advice/index.js';
import { randomFailures, runCampaign, sweep, sweepFailures } from '../campaign/index.js';
import { targetOf } from '../fault/index.js';
import { forecastWorst, learnEffects, untriedFailures, type Forecast } from '../forecast/index.js';
import { windowFor, type TrafficFlow } from '../topology/index.js';
import { effectLines, forecastLine, modelLine, type Report } from './report.js';
import type { Shadow } from './shadow.js';
import { ShadowTestbed } from './testbed.js';

const SECOND = 1e9;
const WARM_UP_NS = 1 * SECOND;
/** Shortest measured windows; slow traffic gets longer ones, within a number of packets. */
const RUN_NS = 1.5 * SECOND;
const PHASE_NS = 2 * SECOND;
const EXCHANGES = 10;
const PACKETS = 10_000;
const RANDOM_SCENARIOS = 60;
const WORST = 10;
const RECOMMENDATIONS = 3;

/** What an experiment is made with. */
export interface ExperimentOptions {
  seed: number;
  progress: Progress;
  /** Wall-clock seconds; figures only, nothing depends on it. */
  wallSeconds: () => number;
}

/** The part of the report that an experiment fills. */
export type Figures = Pick<
  Report,
  'campaign' | 'effects' | 'model' | 'forecasts' | 'recommendations'
>;

/** Runs everything on the shadow's network, which it leaves changed: the caller puts it back. */
export async function experiment(
  shadow: Shadow,
  flows: readonly TrafficFlow[],
  options: ExperimentOptions,
): Promise<Figures> {
  const { seed, progress, wallSeconds } = options;
  const { topology } = shadow;
  const testbed = new ShadowTestbed(shadow);
  await testbed.warmUp(flows, seed, WARM_UP_NS);
  const durationNs = windowFor(flows, EXCHANGES, RUN_NS, PACKETS);
  const tried = [...sweepFailures(topology), ...randomFailures(topology, seed, RANDOM_SCENARIOS)];
  const scenarios = sweep(tried, { seed, durationNs, repeats: 1 });
  const began = wallSeconds();
  const campaign = await runCampaign(testbed, scenarios, progress);
  const took = wallSeconds() - began;
  progress.step(
    `campaign: ${scenarios.length} scenarios, ${campaign.virtualSeconds.toFixed(1)} virtual s in ` +
      `${took.toFixed(1)} s, ${(campaign.packetHops / took / 1e6).toFixed(2)} M packet-hops/s`,
  );
  const models = await learnEffects(topology, flows, campaign);
  for (const model of models.values()) {
    progress.step(
      `model: ${model.target}: error ${model.mae.toPrecision(3)} ` +
        `(mean: ${model.baselineMae.toPrecision(3)}), ` +
        `${(model.coverage * 100).toFixed(1)} % inside the ${model.level * 100} % interval`,
    );
  }
  const baseline = campaign.results[0]!.baseline;
  const failures = [...sweepFailures(topology), ...untriedFailures(topology)];
  const ranked = forecastWorst(topology, flows, models, baseline, failures, failures.length);
  const forecasts = ranked.slice(0, WORST);
  const recommendations = await rehearse(testbed, ranked, options, Math.max(PHASE_NS, durationNs));
  return {
    campaign: {
      scenarios: scenarios.length,
      virtualSeconds: campaign.virtualSeconds,
      wallSeconds: took,
      packetHops: campaign.packetHops,
    },
    effects: effectLines(campaign),
    model: [...models.values()].map(modelLine),
    forecasts: forecasts.map(forecastLine),
    recommendations,
  };
}

/** Rehearses a reroute for the worst forecasts that have a way around. */
async function rehearse(
  testbed: ShadowTestbed,
  ranked: readonly Forecast[],
  { seed, progress }: ExperimentOptions,
  phaseNs: number,
): Promise<Recommendation[]> {
  const found: Recommendation[] = [];
  const tried = new Set<string>();
  for (const { failure } of ranked) {
    if (found.length === RECOMMENDATIONS) break;
    const target = targetOf(failure);
    if (tried.has(target)) continue;
    tried.add(target);
    const id = `recommendation-${found.length + 1}`;
    const result = await rehearseReroute(testbed, failure, { id, seed, phaseNs });
    if (!result) continue;
    found.push(result);
    progress.tick('rehearsals', found.length, RECOMMENDATIONS);
  }
  return found;
}
