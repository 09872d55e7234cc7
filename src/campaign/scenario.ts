/** A scenario: failures on a timeline, what is expected meanwhile, and a seed. */
import { describeFailure, planTogether, type Failure, type FaultEntry } from '../fault/index.js';
import type { Topology } from '../topology/index.js';
import type { Expectation } from './expectation.js';
import { occurrencesOf, type Occurrence, type TimedFailure } from './timeline.js';

/** One experiment. All times are of the network, ns. */
export interface Scenario {
  id: string;
  seed: number;
  /** How long the steady state is watched before the timeline begins. */
  beforeNs: number;
  /** How long it goes on after the last failure has ended, recovery included. */
  afterNs: number;
  /** Time after the last failure in which nothing is expected. */
  recoveryNs: number;
  /** Length of the windows in which expectations are measured. */
  windowNs: number;
  failures: TimedFailure[];
  /** What holds in the steady state. */
  hypothesis: Expectation[];
  /** Any of these ends the run and fails it. */
  stop: Expectation[];
}

/** What a scenario has besides its name and its failures. */
export type ScenarioFrame = Omit<Scenario, 'id' | 'failures'>;

/** When what happens, ns from the begin of the scenario. */
export interface Plan {
  occurrences: Occurrence[];
  /** Begin of the first failure and end of the last; the end of the steady phase without any. */
  firstNs: number;
  lastNs: number;
  endNs: number;
}

/** Windows that one scenario may have. */
const WINDOW_LIMIT = 100_000;

/** Works out a scenario's timeline. Throws INVALID_INPUT or LIMIT naming the failure. */
export function planOf({ afterNs, beforeNs, failures, windowNs }: Scenario): Plan {
  const occurrences = occurrencesOf(failures, beforeNs);
  const firstNs = occurrences[0]?.beginNs ?? beforeNs;
  const lastNs = Math.max(beforeNs, ...occurrences.map(({ endNs }) => endNs));
  // Whole windows, so that the last one is as long as the others.
  const windows = Math.min(WINDOW_LIMIT, Math.ceil((lastNs + afterNs) / windowNs));
  return { occurrences, firstNs, lastNs, endNs: windows * windowNs };
}

/** What one occurrence of a failure touches. */
export interface Touched extends Occurrence {
  description: string;
  entries: FaultEntry[];
}

/**
 * What a scenario would put on which shadow switches; nothing runs. Throws as `planOf`, and
 * NOT_FOUND, INVALID_INPUT or CONFLICT naming the scenario and its failures.
 */
export function rehearsePlan(topology: Topology, scenario: Scenario): Touched[] {
  const { occurrences } = planOf(scenario);
  const spans = occurrences.map(({ beginNs, endNs, failure, id }) => {
    const name = `${scenario.id}: failure '${id}'`;
    // Expiries are in the controller's time, which is never 0.
    const [beginUs, endUs] = [1 + Math.floor(beginNs / 1000), 1 + Math.ceil(endNs / 1000)];
    return { name, failure, beginUs, endUs };
  });
  const entries = planTogether(topology, spans);
  return occurrences.map((occurrence, i) => {
    const description = describeFailure(occurrence.failure);
    return { ...occurrence, description, entries: entries[i]! };
  });
}

/** One failure at a time, as generators make them. */
export function singleScenario(
  id: string,
  failures: readonly Failure[],
  frame: ScenarioFrame,
  durationNs: number,
): Scenario {
  const timed = failures.map((failure, i): TimedFailure => {
    return { id: `failure-${i + 1}`, failure, startNs: 0, durationNs };
  });
  return { ...frame, id, failures: timed };
}
