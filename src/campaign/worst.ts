/**
 * A search for the combination of failures that does most harm, with few runs. First every failure
 * alone; then combinations, best guess first: a guess is the harm of the parts together, or the
 * share of flows that the combination cuts off if that is more. What is learned decides what is
 * tried next, in rounds of one size, so that any number of threads finds the same.
 */
import { targetOf, type Failure } from '../fault/index.js';
import { Graph, type Topology, type TrafficFlow } from '../topology/index.js';

/** Bounds of a search. */
export interface WorstOptions {
  /** Runs, singles included. */
  budget: number;
  /** Failures at once, 2 unless given. */
  size?: number;
}

/** A combination, and what it did. */
export interface Candidate {
  failures: Failure[];
  harm: number;
}

/** Runs between two looks at what was learned. */
const ROUND = 4;

/** A search under way: `next` proposes, `learn` hears. */
export class WorstSearch {
  readonly #tried = new Map<string, Candidate>();
  readonly #size: number;
  readonly #budget: number;
  #proposed = 0;

  constructor(
    private readonly topology: Topology,
    private readonly traffic: readonly TrafficFlow[],
    private readonly failures: readonly Failure[],
    options: WorstOptions,
  ) {
    this.#size = options.size ?? 2;
    this.#budget = options.budget;
  }

  /** The combinations to run next, each once; none when the budget is spent. */
  next(): Failure[][] {
    const left = this.#budget - this.#proposed;
    const singles = this.failures.slice(this.#proposed, this.#proposed + left);
    const round =
      this.#proposed < this.failures.length
        ? singles.map((failure) => [failure])
        : this.#guesses().slice(0, Math.min(ROUND, left));
    this.#proposed += round.length;
    return round;
  }

  learn(failures: Failure[], harm: number): void {
    this.#tried.set(keyOf(failures), { failures, harm });
  }

  /** What was tried, worst first; of equal harm the smaller combination, then the earlier one. */
  get found(): Candidate[] {
    return [...this.#tried.values()].sort((a, b) => {
      return b.harm - a.harm || a.failures.length - b.failures.length;
    });
  }

  /** Combinations that were not tried, best guess first. */
  #guesses(): Failure[][] {
    const grown = [...this.#tried.values()]
      .filter(({ failures }) => failures.length < this.#size)
      .flatMap(({ failures }) =>
        this.failures
          .filter((other) => failures.every((one) => targetOf(one) !== targetOf(other)))
          .map((other) => [...failures, other]),
      );
    const fresh = new Map<string, { failures: Failure[]; guess: number }>();
    for (const failures of grown) {
      const key = keyOf(failures);
      if (this.#tried.has(key) || fresh.has(key)) continue;
      fresh.set(key, { failures, guess: this.#guess(failures) });
    }
    return [...fresh.values()].sort((a, b) => b.guess - a.guess).map(({ failures }) => failures);
  }

  #guess(failures: readonly Failure[]): number {
    const alone = failures.map((one) => this.#tried.get(keyOf([one]))?.harm ?? 0);
    const together = Math.min(1, alone.reduce((sum, harm) => sum + harm, 0));
    return Math.max(together, cutOff(this.topology, this.traffic, failures));
  }
}

/** The share of flows that have no way left when whole links and switches are gone. */
export function cutOff(
  topology: Topology,
  traffic: readonly TrafficFlow[],
  failures: readonly Failure[],
): number {
  const gone = new Set(failures.flatMap((failure) => (isTotal(failure) ? targetOf(failure) : [])));
  const graph = new Graph(topology, { links: gone, devices: gone });
  const servers = new Set(traffic.map(({ server }) => server));
  const ways = new Map([...servers].map((server) => [server, graph.distancesTo(server)]));
  const cut = traffic.filter(({ client, server }) => !ways.get(server)!.has(client));
  return traffic.length === 0 ? 0 : cut.length / traffic.length;
}

function isTotal(failure: Failure): boolean {
  if (failure.type === 'device_failure') return failure.mode === 'outage';
  return failure.type === 'link_degradation' && failure.loss === 1;
}

/** The same for the same failures in any order. */
function keyOf(failures: readonly Failure[]): string {
  return failures
    .map((failure) => JSON.stringify(failure))
    .sort()
    .join();
}
