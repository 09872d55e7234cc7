/**
 * Rerouting around what fails, rehearsed before it is recommended: one network, one seed, the same
 * failure, with the change and without it.
 */
import { metricsOf, type FlowMetrics } from '../telemetry/index.js';
import { describeFailure, type Failure } from '../fault/index.js';
import type { Testbed } from '../campaign/index.js';
import type { Avoided } from '../topology/index.js';

/** A testbed that can also change its routes. */
export interface RerouteTestbed<Plan> extends Testbed {
  planReroute(avoided: Avoided): Plan;
  /** Returns how many entities changed. */
  apply(plan: Plan): Promise<number>;
}

/** What the worst-hit flow's users felt in one phase of a rehearsal. */
export interface PhaseFigures {
  flow: string;
  p95Ms: number | null;
  errorRate: number;
  lossRate: number;
  throughputMbps: number;
}

/** A mitigation with its rehearsal. */
export interface Recommendation {
  id: string;
  action: string;
  /** How many entities the change touches; 0 for doing nothing. */
  entities: number;
  failure: string;
  seed: number;
  /** Without the failure; under it; under it with the action in place. */
  before: PhaseFigures;
  during: PhaseFigures;
  after: PhaseFigures;
  /** The third phase without the action. */
  withoutAction: PhaseFigures;
}

/** What rerouting would avoid; undefined when the failure is not of one link or device. */
function avoidedBy(failure: Failure): Avoided {
  return failure.type === 'device_failure'
    ? { devices: new Set([failure.device]) }
    : { links: new Set([failure.link]) };
}

/**
 * Rehearses a reroute around `failure` for the flow `flow`. Undefined when no route changes, which
 * means that there is no way around. The network is left as it was found, after `restore`.
 */
export async function rehearseReroute<Plan>(
  testbed: RerouteTestbed<Plan>,
  failure: Failure,
  flow: string,
  options: { id: string; seed: number; phaseNs: number },
): Promise<Recommendation | undefined> {
  const { id, seed, phaseNs } = options;
  const plan = testbed.planReroute(avoidedBy(failure));
  const phases = async (isApplied: boolean): Promise<{ figures: FlowMetrics[]; entities: number }> => {
    testbed.restore(seed);
    const figures = [await phase(testbed, flow, phaseNs)];
    await testbed.inject(failure, 2 * phaseNs + 1e6);
    figures.push(await phase(testbed, flow, phaseNs));
    const entities = isApplied ? await testbed.apply(plan) : 0;
    figures.push(await phase(testbed, flow, phaseNs));
    return { figures, entities };
  };
  const rehearsed = await phases(true);
  if (rehearsed.entities === 0) return undefined;
  const idle = await phases(false);
  const isBetter = harmOf(rehearsed.figures[2]!) < harmOf(idle.figures[2]!);
  const target = failure.type === 'device_failure' ? failure.device : failure.link;
  return {
    id,
    action: isBetter ? `reroute around ${target}` : 'do nothing',
    entities: isBetter ? rehearsed.entities : 0,
    failure: describeFailure(failure),
    seed,
    before: figuresOf(rehearsed.figures[0]!),
    during: figuresOf(rehearsed.figures[1]!),
    after: figuresOf((isBetter ? rehearsed : idle).figures[2]!),
    withoutAction: figuresOf(idle.figures[2]!),
  };
}

async function phase(testbed: Testbed, flow: string, phaseNs: number): Promise<FlowMetrics> {
  const find = () => testbed.flows().find((sums) => sums.name === flow)!;
  const before = find();
  await testbed.run(phaseNs);
  return metricsOf(before, find(), phaseNs);
}

/** One figure for a phase: errors weigh most, then loss, then time. */
function harmOf(m: FlowMetrics): number {
  const p95 = Number.isNaN(m.p95Ms) ? 1000 : m.p95Ms;
  return m.errorRate * 1e6 + m.lossRate * 1e4 + p95 - m.throughputMbps * 1e-3;
}

function figuresOf(m: FlowMetrics): PhaseFigures {
  return {
    flow: m.name,
    p95Ms: Number.isNaN(m.p95Ms) ? null : m.p95Ms,
    errorRate: m.errorRate,
    lossRate: m.lossRate,
    throughputMbps: m.throughputMbps,
  };
}
