/** A partition: every link between a set of nodes and the rest is down, in both directions. */
import { UmbraError } from '../base/errors.js';
import type { Endpoint, Link, Topology } from '../topology/index.js';
import type { PlanContext } from './context.js';
import type { FaultEntry } from './entry.js';
import type { LinkDegradation } from './failure.js';
import { threshold } from './parameters.js';

const PRIORITY = 2;

/** The links that a failure acts on. Throws NOT_FOUND or INVALID_INPUT with the name. */
export function linksOf(topology: Topology, { link: name, partition }: LinkDegradation): Link[] {
  if (partition) return cutOf(topology, partition);
  const link = topology.links.find((l) => l.name === name);
  if (!link) throw new UmbraError('NOT_FOUND', `no link '${name}'`);
  return [link];
}

function cutOf(topology: Topology, names: readonly string[]): Link[] {
  const nodes = new Set([...topology.switches, ...topology.hosts].map(({ name }) => name));
  const unknown = names.find((name) => !nodes.has(name));
  if (unknown !== undefined) throw new UmbraError('NOT_FOUND', `no switch or host '${unknown}'`);
  const inside = new Set(names);
  const cut = topology.links.filter(({ a, b }) => inside.has(a.node) !== inside.has(b.node));
  if (cut.length > 0) return cut;
  const text = names.join(', ');
  throw new UmbraError('INVALID_INPUT', `partition: no link leads from ${text} to the rest`);
}

/** Throws NOT_FOUND for an unknown node, INVALID_INPUT for what a partition does not have. */
export function partitionEntries(
  topology: Topology,
  failure: LinkDegradation,
  { expires_us }: PlanContext,
): FaultEntry[] {
  const { partition = [], direction } = failure;
  for (const [name, value] of Object.entries(failure)) {
    if (value === undefined || ['type', 'partition', 'direction'].includes(name)) continue;
    throw new UmbraError('INVALID_INPUT', `partition: its links are down; '${name}' is for a link`);
  }
  const inside = new Set(partition);
  const isSwitch = new Set(topology.switches.map(({ name }) => name));
  return linksOf(topology, failure).flatMap(({ a, b }) => {
    const [near, far] = inside.has(a.node) ? [a, b] : [b, a];
    const ways: [from: Endpoint, to: Endpoint][] = [];
    if (direction !== 'b-to-a') ways.push([near, far]);
    if (direction !== 'a-to-b') ways.push([far, near]);
    return ways.map(([from, to]) =>
      isSwitch.has(from.node) ? unsent(from, expires_us) : unheard(to, expires_us),
    );
  });
}

/** A switch sends nothing out of the port. */
function unsent({ node: device, port }: Endpoint, expires_us: string): FaultEntry {
  const rule = {
    ...{ table: 'link_fault.loss', match: { egress_port: String(port) }, priority: PRIORITY },
    ...{ action: 'lose', params: { threshold: threshold('loss', 1), expires_us } },
  };
  return { device, kind: 'rule', rule };
}

/** What a host sends is lost where the switch takes it in: hosts have no fault stage. */
function unheard({ node: device, port }: Endpoint, expires_us: string): FaultEntry {
  const rule = {
    ...{ table: 'device_fault.state', match: { ingress_port: String(port) }, priority: PRIORITY },
    ...{ action: 'outage', params: { expires_us } },
  };
  return { device, kind: 'rule', rule };
}
