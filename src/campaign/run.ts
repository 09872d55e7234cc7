/** One execution of a scenario on a testbed; what it gives back is plain data. */
import { UmbraError, messageOf } from '../base/errors.js';
import { effectsOf, metricsOf, type Effect, type FlowSums } from '../telemetry/index.js';
import { describeExpectation, gaugeOf, gaugeValue, isHeld, type Gauge } from './expectation.js';
import { planOf, type Plan, type Scenario } from './scenario.js';
import type { Testbed } from './testbed.js';
import { judge, type Judgement, type Phase, type WindowResult } from './verdict.js';

/** What a run showed. */
export interface RunOutcome extends Judgement {
  scenario: string;
  seed: number;
  windows: WindowResult[];
  /** When a stop condition ended it, ns from its begin. */
  stoppedNs?: number;
  /** From the first failure's begin to the last one's end, against the run without failures. */
  effects: Effect[];
  /** With the failures alone. */
  packetHops: number;
}

/** Figures of runs without failures, which many scenarios share. */
export type Baselines = Map<string, FlowSums[][]>;

/**
 * Runs a scenario from the testbed's warm state: without its failures, then with them. Throws
 * INVALID_INPUT, NOT_FOUND, CONFLICT naming what of the scenario cannot be.
 */
export async function runScenario(
  testbed: Testbed,
  scenario: Scenario,
  baselines: Baselines = new Map(),
): Promise<RunOutcome> {
  const plan = planOf(scenario);
  const [from, to] = await baselineOf(testbed, scenario, plan, baselines);
  const hops = testbed.packetHops;
  const execution = new Execution(testbed, scenario, plan);
  await execution.run();
  const { windows, stoppedBy, stoppedNs } = execution;
  const expectations = scenario.hypothesis.map(describeExpectation);
  const evidence = { windows, expectations, ...(stoppedBy !== undefined && { stoppedBy }) };
  const spanNs = Math.max(1, plan.lastNs - plan.firstNs);
  const span = execution.failing;
  const effects = to!.flatMap((flow, i) => {
    if (!span) return [];
    const without = metricsOf(from![i], flow, spanNs);
    return effectsOf(without, metricsOf(span.from[i], span.to[i]!, spanNs));
  });
  return {
    scenario: scenario.id,
    seed: scenario.seed,
    ...judge(evidence),
    windows,
    ...(stoppedNs !== undefined && { stoppedNs }),
    effects,
    packetHops: testbed.packetHops - hops,
  };
}

/** Sums of all flows at the first failure's begin and at the last one's end, without failures. */
async function baselineOf(
  testbed: Testbed,
  { seed }: Scenario,
  { firstNs, lastNs }: Plan,
  baselines: Baselines,
): Promise<FlowSums[][]> {
  const key = `${seed} ${firstNs} ${lastNs}`;
  const known = baselines.get(key);
  if (known) return known;
  testbed.restore(seed);
  await testbed.run(firstNs);
  const from = testbed.flows();
  await testbed.run(lastNs - firstNs);
  const made = [from, testbed.flows()];
  baselines.set(key, made);
  return made;
}

/** A run under way. */
class Execution {
  readonly windows: WindowResult[] = [];
  stoppedBy: string | undefined;
  stoppedNs: number | undefined;
  /** Sums at both ends of the time in which failures act; undefined when it was not reached. */
  failing: { from: FlowSums[]; to: FlowSums[] } | undefined;
  readonly #hypothesis: Gauge[];
  readonly #stop: Gauge[];
  #nowNs = 0;
  #from: FlowSums[] = [];

  constructor(
    private readonly testbed: Testbed,
    private readonly scenario: Scenario,
    private readonly plan: Plan,
  ) {
    const { topology, traffic } = testbed;
    this.#hypothesis = scenario.hypothesis.map((one) => gaugeOf(one, topology, traffic));
    this.#stop = scenario.stop.map((one) => gaugeOf(one, topology, traffic));
  }

  /** Whatever ends it, no failure is left. */
  async run(): Promise<void> {
    try {
      await this.#follow();
    } finally {
      await this.testbed.clearFailures();
    }
  }

  /** Goes along the timeline. */
  async #follow(): Promise<void> {
    const { plan, scenario, testbed } = this;
    const { windowNs } = scenario;
    testbed.restore(scenario.seed);
    this.#from = testbed.flows();
    let next = 0;
    let failingFrom: FlowSums[] | undefined;
    for (let endNs = windowNs; endNs <= plan.endNs && !this.stoppedBy; endNs += windowNs) {
      for (; next < plan.occurrences.length; next++) {
        const { beginNs, endNs: until, failure, id } = plan.occurrences[next]!;
        if (beginNs >= endNs) break;
        await this.#advance(beginNs);
        failingFrom ??= testbed.flows();
        await this.#inject(id, () => testbed.inject(failure, until - beginNs));
      }
      if (failingFrom && !this.failing && plan.lastNs <= endNs) {
        await this.#advance(plan.lastNs);
        this.failing = { from: failingFrom, to: testbed.flows() };
      }
      await this.#advance(endNs);
      this.#measure(endNs);
    }
  }

  async #advance(toNs: number): Promise<void> {
    if (toNs > this.#nowNs) await this.testbed.run(toNs - this.#nowNs);
    this.#nowNs = Math.max(this.#nowNs, toNs);
  }

  /** An error names the failure by its id. */
  async #inject(id: string, inject: () => Promise<void>): Promise<void> {
    try {
      await inject();
    } catch (error) {
      if (!(error instanceof UmbraError)) throw error;
      const text = `${this.scenario.id}: failure '${id}': ${messageOf(error)}`;
      throw new UmbraError(error.code, text, { cause: error });
    }
  }

  #measure(endNs: number): void {
    const { windowNs } = this.scenario;
    const now = this.testbed.flows();
    const valueOf = (gauge: Gauge): number | undefined =>
      gaugeValue(gauge, this.#from, now, windowNs);
    const values = this.#hypothesis.map(valueOf);
    const held = values.map((value, e) =>
      value === undefined ? undefined : isHeld(this.#hypothesis[e]!.expectation, value),
    );
    const fromNs = endNs - windowNs;
    this.windows.push({ phase: this.#phaseOf(fromNs, endNs), fromNs, toNs: endNs, values, held });
    const met = this.#stop.find((gauge) => {
      const value = valueOf(gauge);
      return value !== undefined && isHeld(gauge.expectation, value);
    });
    if (met && endNs > this.plan.firstNs) {
      this.stoppedBy = describeExpectation(met.expectation);
      this.stoppedNs = endNs;
    }
    this.#from = now;
  }

  #phaseOf(fromNs: number, toNs: number): Phase {
    const { firstNs, lastNs } = this.plan;
    if (toNs <= firstNs || this.plan.occurrences.length === 0) return 'before';
    if (fromNs < lastNs) return 'during';
    return fromNs < lastNs + this.scenario.recoveryNs ? 'recovery' : 'after';
  }
}
