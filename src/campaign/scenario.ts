/** Scenarios: which failure, for how long, from which seed; and the campaigns made of them. */
import type { Failure } from '../fault/index.js';
import type { Topology } from '../topology/index.js';

/** One experiment: run twice from one seed, with the failure and without. */
export interface Scenario {
  id: string;
  failure: Failure;
  seed: number;
  /** Length of the measured window, ns; the failure lasts as long. */
  durationNs: number;
}

/** How wide a sweep is. */
export interface SweepOptions {
  seed: number;
  durationNs: number;
  /** Different seeds per failure. */
  repeats: number;
}

/** Severities that a sweep tries on every link. */
const losses = [0.01, 0.05, 0.2];
const delaysNs = [5e6, 20e6];
const ratesBps = [10e6, 50e6];
/** Share of flows that a graceful device failure loses. */
const shares = [0.25, 0.5];

/** Every single link and device failure at a few severities. */
export function sweepFailures(topology: Topology): Failure[] {
  const links = topology.links.flatMap(({ name: link }): Failure[] => {
    const on = { type: 'link_degradation', link, direction: 'both' } as const;
    return [
      ...losses.map((loss) => ({ ...on, loss })),
      ...delaysNs.map((delayNs) => ({ ...on, delayNs, jitterNs: delayNs / 10 })),
      ...ratesBps.map((rateBps) => ({ ...on, rateBps })),
      { ...on, loss: 1 },
    ];
  });
  const devices = topology.switches.flatMap(({ name: device }): Failure[] => [
    { type: 'device_failure', device, mode: 'outage' },
    ...shares.map((share) => ({
      type: 'device_failure' as const,
      device,
      mode: 'graceful' as const,
      share,
      delayNs: 1e6,
    })),
  ]);
  return [...links, ...devices];
}

/** The scenarios of a sweep; equal options give equal scenarios. */
export function sweep(failures: readonly Failure[], options: SweepOptions): Scenario[] {
  return failures.flatMap((failure, i) =>
    Array.from({ length: options.repeats }, (_, repeat) => ({
      id: `scenario-${i * options.repeats + repeat + 1}`,
      failure,
      seed: options.seed + repeat,
      durationNs: options.durationNs,
    })),
  );
}
