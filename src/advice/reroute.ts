/**
 * Rerouting around what fails, rehearsed before it is recommended: one network, one seed, the same
 * failure, with the change and without it.
 */
import { metricsOf, type FlowMetrics } from '../telemetry/index.js';
import { describeFailure, targetOf, type Failure } from '../fault/index.js';
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

/** What rerouting would avoid. */
function avoidedBy(failure: Failure): Avoided {
  switch (failure.type) {
    case 'device_failure':
      return { devices: new Set([failure.device]) };
    case 'link_degradation':
      // No way leads out of a partition.
      return failure.link === undefined ? {} : { links: new Set([failure.link]) };
    case 'resource_exhaustion':
      // No way around it makes room in a table.
      return failure.resource === 'buffers' ? { devices: new Set([targetOf(failure)]) } : {};
    case 'app_error':
      // No way leads around the server itself.
      return {};
  }
}

/**
 * Rehearses a reroute around `failure`. Undefined when no route changes, which means that there is
 * no way around, or when the failure hurts no flow. Ends in a state that only `restore` cleans up.
 */
export async function rehearseReroute<Plan>(
  testbed: RerouteTestbed<Plan>,
  failure: Failure,
  options: { id: string; seed: number; phaseNs: number },
): Promise<Recommendation | undefined> {
  const { id, seed, phaseNs } = options;
  const plan = testbed.planReroute(avoidedBy(failure));
  const rehearsed = await runPhases(testbed, failure, seed, phaseNs, () => testbed.apply(plan));
  if (rehearsed.changed === 0) return undefined;
  const worst = worstHit(rehearsed.before, rehearsed.during);
  if (worst === undefined) return undefined;
  const idle = await runPhases(testbed, failure, seed, phaseNs, async () => 0);
  const isBetter = totalHarm(rehearsed.after) < totalHarm(idle.after);
  return {
    id,
    action: isBetter ? `reroute around ${targetOf(failure)}` : 'do nothing',
    entities: isBetter ? rehearsed.changed : 0,
    failure: describeFailure(failure),
    seed,
    before: figuresOf(rehearsed.before[worst]!),
    during: figuresOf(rehearsed.during[worst]!),
    after: figuresOf((isBetter ? rehearsed : idle).after[worst]!),
    withoutAction: figuresOf(idle.after[worst]!),
  };
}

interface Phases {
  before: FlowMetrics[];
  during: FlowMetrics[];
  after: FlowMetrics[];
  /** Entities that the action changed. */
  changed: number;
}

/** Healthy, failing, and failing with the action in place. */
async function runPhases(
  testbed: Testbed,
  failure: Failure,
  seed: number,
  phaseNs: number,
  act: () => Promise<number>,
): Promise<Phases> {
  testbed.restore(seed);
  const before = await phase(testbed, phaseNs);
  await testbed.inject(failure, 2 * (phaseNs + SETTLE_NS) + 1e6);
  const during = await phase(testbed, phaseNs);
  const changed = await act();
  return { before, during, after: await phase(testbed, phaseNs), changed };
}

/** Requests that began before a change end by their timeout; they belong to no phase. */
const SETTLE_NS = 600e6;

async function phase(testbed: Testbed, phaseNs: number): Promise<FlowMetrics[]> {
  await testbed.run(SETTLE_NS);
  const before = testbed.flows();
  await testbed.run(phaseNs);
  return testbed.flows().map((sums, i) => metricsOf(before[i], sums, phaseNs));
}

/** The flow that the failure hurts most; undefined when it hurts none. */
function worstHit(before: FlowMetrics[], during: FlowMetrics[]): number | undefined {
  let worst: number | undefined;
  let most = 0;
  during.forEach((metrics, i) => {
    const harm = harmOf(metrics) - harmOf(before[i]!);
    if (harm > most) [worst, most] = [i, harm];
  });
  return worst;
}

function totalHarm(flows: FlowMetrics[]): number {
  return flows.reduce((sum, metrics) => sum + harmOf(metrics), 0);
}

/** One figure for one flow: errors weigh most, then loss, then time. */
function harmOf(m: FlowMetrics): number {
  if (m.requests === 0) return 0;
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
