/** Trials: one failure for a whole window, as models learn from; and the sweeps made of them. */
import type { Failure } from '../fault/index.js';
import { deriveSeed, Prng } from '../base/prng.js';
import type { Topology } from '../topology/index.js';

/** One experiment: run twice from one seed, with the failure and without. */
export interface Trial {
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

/**
 * Failures of mixed kinds and severities, drawn from a seed: what a sweep of single severities
 * cannot teach, namely how they combine and what lies between them.
 */
export function randomFailures(topology: Topology, seed: number, count: number): Failure[] {
  const prng = new Prng(deriveSeed(seed, 'random failures'));
  const { links, switches } = topology;
  return Array.from({ length: count }, (): Failure => {
    if (prng.unit() < 0.2) {
      return randomFailureOf(prng, { device: switches[prng.below(switches.length)]!.name });
    }
    return randomFailureOf(prng, { link: links[prng.below(links.length)]!.name });
  });
}

/** One failure of a link or a switch, of a kind and severity that the stream decides. */
export function randomFailureOf(prng: Prng, part: { link: string } | { device: string }): Failure {
  if ('device' in part) {
    const share = Math.round(prng.unit() * 100) / 100;
    const delayNs = prng.unit() < 0.5 ? 0 : prng.below(10) * 1e6;
    return { type: 'device_failure', device: part.device, mode: 'graceful', share, delayNs };
  }
  const on = { type: 'link_degradation', link: part.link, direction: 'both' } as const;
  const loss = Math.round(10 ** (-3 + prng.unit() * 2.5) * 1e4) / 1e4;
  const delayNs = (1 + prng.below(30)) * 1e6;
  const jitterNs = prng.below(10) * 0.1 * delayNs;
  const rateBps = Math.round(10 ** (6.5 + prng.unit() * 1.5) / 1e5) * 1e5;
  const draw = prng.below(4);
  if (draw === 0) return { ...on, loss, delayNs };
  if (draw === 1) return { ...on, delayNs, jitterNs };
  if (draw === 2) return { ...on, rateBps, loss };
  return { ...on, loss };
}

/** The trials of a sweep; equal options give equal trials. */
export function sweep(failures: readonly Failure[], options: SweepOptions): Trial[] {
  return failures.flatMap((failure, i) =>
    Array.from({ length: options.repeats }, (_, repeat) => ({
      id: `scenario-${i * options.repeats + repeat + 1}`,
      failure,
      seed: options.seed + repeat,
      durationNs: options.durationNs,
    })),
  );
}
