/**
 * A campaign from its plan to its results. Every run's record is kept before it begins and again
 * when it ends, so that a campaign that was killed goes on where it was, and shows in the end what
 * it would have shown.
 */
import { UmbraError, messageOf } from '../base/errors.js';
import type { Progress } from '../base/log.js';
import { targetOf, type Failure } from '../fault/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import { gaugeOf } from './expectation.js';
import { runCount, type CampaignPlan } from './file.js';
import { singleFailures } from './generate.js';
import { harmOf } from './harm.js';
import type { RunOutcome } from './run.js';
import { rehearsePlan, singleScenario, type Scenario } from './scenario.js';
import { WorstSearch } from './worst.js';

/** One run of a campaign, as it is kept. */
export interface RunRecord {
  /** Campaign and scenario, `campaign-1/lossy uplink`. */
  id: string;
  campaign: string;
  scenario: Scenario;
  /** interrupted: its process ended before it did; nothing of it counts. */
  state: 'running' | 'done' | 'interrupted';
  outcome?: RunOutcome;
}

/** Carries out runs, up to `width` at a time. */
export interface ScenarioRunner {
  readonly width: number;
  run(scenario: Scenario): Promise<RunOutcome>;
}

/** Where runs are kept. */
export interface RunKeeper {
  get(id: string): RunRecord | undefined;
  /** On disk when this returns. Throws STORE. */
  keep(record: RunRecord): void;
}

/** What a campaign is conducted with. */
export interface Conduct {
  campaign: string;
  plan: CampaignPlan;
  topology: Topology;
  traffic: readonly TrafficFlow[];
  runner: ScenarioRunner;
  keeper: RunKeeper;
  progress: Progress;
  /** Asked before every run: the campaign ends early when it says so. */
  isPaused?: () => boolean;
  /** Why the shadow cannot be trusted now, if so: what runs then is inconclusive. */
  distrust?: () => string | undefined;
}

/** Checks all scenarios, so that nothing runs of a campaign that cannot be run as a whole. */
export function checkPlan(
  topology: Topology,
  traffic: readonly TrafficFlow[],
  { scenarios, search }: CampaignPlan,
): void {
  const frames = search ? [...scenarios, search.frame] : scenarios;
  for (const { hypothesis, stop } of frames) {
    for (const expectation of [...hypothesis, ...stop]) gaugeOf(expectation, topology, traffic);
  }
  for (const scenario of scenarios) rehearsePlan(topology, scenario);
}

/**
 * Runs what has no outcome yet. Returns all outcomes in the order of the plan, the search's last;
 * undefined when it was paused.
 */
export async function conduct(options: Conduct): Promise<RunOutcome[] | undefined> {
  const { plan, topology, traffic } = options;
  checkPlan(topology, traffic, plan);
  const search = plan.search && {
    ...plan.search,
    state: new WorstSearch(topology, traffic, singleFailures(topology), plan.search),
  };
  const queue = new RunQueue(options, runCount(plan));
  const outcomes = await queue.all(plan.scenarios);
  if (!outcomes || !search) return outcomes;
  for (let round = search.state.next(); round.length > 0; round = search.state.next()) {
    const scenarios = round.map((failures) =>
      singleScenario(`worst ${nameOf(failures)}`, failures, search.frame, search.durationNs),
    );
    const found = await queue.all(scenarios);
    if (!found) return undefined;
    found.forEach(({ effects }, i) => search.state.learn(round[i]!, harmOf(effects)));
    outcomes.push(...found);
  }
  return outcomes;
}

function nameOf(failures: readonly Failure[]): string {
  return failures.map(targetOf).join(' and ');
}

/** Runs, as many at a time as the runner takes. */
class RunQueue {
  #done = 0;

  constructor(
    private readonly options: Conduct,
    private readonly total: number,
  ) {}

  /** Outcomes in the order of the scenarios; undefined when it was paused before the last. */
  async all(scenarios: readonly Scenario[]): Promise<RunOutcome[] | undefined> {
    const outcomes = new Array<RunOutcome | undefined>(scenarios.length).fill(undefined);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < scenarios.length; i = next++) {
        if (this.options.isPaused?.()) return;
        outcomes[i] = await this.#one(scenarios[i]!);
      }
    };
    const width = Math.min(this.options.runner.width, scenarios.length);
    await Promise.all(Array.from({ length: width }, work));
    const whole = outcomes.filter((outcome) => outcome !== undefined);
    return whole.length === scenarios.length ? whole : undefined;
  }

  async #one(scenario: Scenario): Promise<RunOutcome> {
    const { campaign, keeper, progress } = this.options;
    const id = `${campaign}/${scenario.id}`;
    let outcome = keeper.get(id)?.outcome;
    if (!outcome) {
      keeper.keep({ id, campaign, scenario, state: 'running' });
      outcome = await this.#run(scenario);
      keeper.keep({ id, campaign, scenario, state: 'done', outcome });
    }
    progress.tick(`${outcome.verdict}: ${scenario.id}`, ++this.#done, this.total);
    return outcome;
  }

  /** A failure that the network refuses decides nothing; anything else ends the campaign. */
  async #run(scenario: Scenario): Promise<RunOutcome> {
    const distrusted = this.options.distrust?.();
    try {
      const outcome = await this.options.runner.run(scenario);
      if (distrusted === undefined) return outcome;
      return { ...outcome, verdict: 'inconclusive', reason: distrusted };
    } catch (error) {
      const isRefused = error instanceof UmbraError && refusals.has(error.code);
      if (!isRefused) throw error;
      const { id, seed } = scenario;
      const reason = messageOf(error);
      const nothing = { windows: [], effects: [], packetHops: 0 };
      return { scenario: id, seed, verdict: 'inconclusive', reason, ...nothing };
    }
  }
}

/** Errors of a scenario, not of what carries it out. */
const refusals = new Set(['CONFLICT', 'INVALID_INPUT', 'LIMIT', 'NOT_FOUND', 'REFUSED']);
