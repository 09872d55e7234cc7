/** A link's degradation as entries: on the switch that sends, one for each stage. */
import { UmbraError } from '../base/errors.js';
import type { Endpoint, Topology } from '../topology/index.js';
import type { FaultEntry } from './entry.js';
import type { FlowMatch, LinkDegradation } from './failure.js';
import type { PlanContext } from './context.js';
import { linksOf, partitionEntries } from './partition.js';
import { corruptStage, duplicateStage } from './stage/corrupt.js';
import { delayStage, reorderStage } from './stage/delay.js';
import { lossStage } from './stage/loss.js';
import { rateStage } from './stage/rate.js';
import type { StageCall, StageContext } from './stage/stage.js';

/** A fault of some flows comes before one of the whole port. */
const FLOW_PRIORITY = 2;
const PORT_PRIORITY = 1;

/** In the order in which the data plane applies them. */
const stages = [lossStage, corruptStage, duplicateStage, rateStage, reorderStage, delayStage];

/** Throws NOT_FOUND for an unknown link, INVALID_INPUT for a parameter that cannot be. */
export function linkEntries(
  topology: Topology,
  failure: LinkDegradation,
  context: PlanContext,
): FaultEntry[] {
  if (failure.partition) return partitionEntries(topology, failure, context);
  const senders = sendersOf(topology, failure);
  const entries = senders.flatMap(({ node: device, port }) =>
    entriesAt(failure, device, port, context),
  );
  if (entries.length === 0) {
    throw new UmbraError('INVALID_INPUT', `failure of link '${failure.link}' changes nothing`);
  }
  return entries;
}

function entriesAt(
  failure: LinkDegradation,
  device: string,
  port: number,
  context: PlanContext,
): FaultEntry[] {
  const quantiles: FaultEntry[] = [];
  const stageContext: StageContext = {
    expires_us: context.expires_us,
    lastsUs: context.lastsUs,
    slot: () => context.slot(device),
    distribution: (values) => {
      const distribution = context.distribution(device);
      quantiles.push(...quantileEntries(device, distribution, values));
      return distribution;
    },
  };
  const calls = stages.flatMap((stage): StageCall[] => {
    const call = stage(failure, stageContext);
    return call ? [call] : [];
  });
  const priority = failure.flow ? FLOW_PRIORITY : PORT_PRIORITY;
  const match = { egress_port: String(port), ...flowMatch(failure.flow) };
  const rules = calls.map(
    (call): FaultEntry => ({ device, kind: 'rule', rule: { ...call, match, priority } }),
  );
  const copies: FaultEntry[] =
    failure.duplicate === undefined ? [] : [{ device, kind: 'copies', port }];
  // What a rule refers to comes before it.
  return [...quantiles, ...copies, ...rules];
}

/** A direction begins at the egress port of the switch that sends into it. */
function sendersOf(topology: Topology, failure: LinkDegradation): Endpoint[] {
  const { direction } = failure;
  const link = linksOf(topology, failure)[0]!;
  const ends: Endpoint[] = [];
  if (direction !== 'b-to-a') ends.push(link.a);
  if (direction !== 'a-to-b') ends.push(link.b);
  const switches = new Set(topology.switches.map((device) => device.name));
  const senders = ends.filter((end) => switches.has(end.node));
  if (senders.length > 0) return senders;
  throw new UmbraError(
    'INVALID_INPUT',
    `link '${link.name}': no switch sends in direction ${direction}`,
  );
}

/** Flow fields as the key of the fault stage has them. */
function flowMatch(flow: FlowMatch = {}): Record<string, string> {
  const match: Record<string, string> = {};
  if (flow.source !== undefined) match['ipv4_src'] = flow.source;
  if (flow.destination !== undefined) match['ipv4_dst'] = flow.destination;
  if (flow.protocol !== undefined) match['ip_protocol'] = String(flow.protocol);
  if (flow.sourcePort !== undefined) match['l4_src_port'] = String(flow.sourcePort);
  if (flow.destinationPort !== undefined) match['l4_dst_port'] = String(flow.destinationPort);
  return match;
}

function quantileEntries(
  device: string,
  distribution: string,
  values: readonly number[],
): FaultEntry[] {
  const table = 'link_fault.sampled.quantiles';
  return values.slice(0, -1).map((low, rank): FaultEntry => {
    const low_ns = Math.round(low);
    const span_ns = Math.min(2 ** 32 - 1, Math.round(values[rank + 1]!) - low_ns);
    const match = { distribution, rank: String(rank) };
    const params = { low_ns: String(low_ns), span_ns: String(span_ns) };
    return { device, kind: 'rule', rule: { table, match, action: 'quantile', params } };
  });
}
