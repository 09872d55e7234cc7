/** What a campaign showed, short enough to read. */
import type { Effect } from '../telemetry/index.js';
import { harmOf } from './harm.js';
import type { RunOutcome } from './run.js';
import type { Verdict } from './verdict.js';

/** One run in a line. */
export interface RunLine {
  scenario: string;
  seed: number;
  verdict: Verdict;
  reason: string;
  /** 0: nobody noticed; 1: nothing got through. */
  harm: number;
  /** The largest change of each metric, over all flows. */
  worst: Effect[];
}

/** A campaign's results: equal for equal plans, seeds and networks, to the byte. */
export interface CampaignSummary {
  name: string;
  seed: number;
  verdicts: Record<Verdict, number>;
  /** In the order of the plan. */
  runs: RunLine[];
  /** Names of the scenarios that did most harm, the worst first. */
  worst: string[];
}

const WORST = 10;

/** Sums up a campaign. */
export function summarize(
  name: string,
  seed: number,
  outcomes: readonly RunOutcome[],
): CampaignSummary {
  const runs = outcomes.map((outcome): RunLine => {
    const { effects, reason, scenario, seed: of, verdict } = outcome;
    return { scenario, seed: of, verdict, reason, harm: harmOf(effects), worst: largest(effects) };
  });
  const verdicts = { survived: 0, degraded: 0, failed: 0, inconclusive: 0 };
  for (const { verdict } of runs) verdicts[verdict]++;
  const worst = [...runs]
    .filter(({ harm }) => harm > 0)
    .sort((a, b) => b.harm - a.harm)
    .slice(0, WORST)
    .map(({ scenario }) => scenario);
  return { name, seed, verdicts, runs, worst };
}

/** The effect furthest from zero, metric by metric. */
function largest(effects: readonly Effect[]): Effect[] {
  const found = new Map<string, Effect>();
  for (const effect of effects) {
    const known = found.get(effect.metric);
    if (!known || Math.abs(effect.delta) > Math.abs(known.delta)) found.set(effect.metric, effect);
  }
  return [...found.values()].filter(({ delta }) => delta !== 0);
}
