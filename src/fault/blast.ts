/** How much of a network faults touch at once, and how much they may. */
import { UmbraError } from '../base/errors.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import { serversOf } from './app.js';
import { exposuresOf, exposureTo } from './exposure.js';
import type { Failure } from './failure.js';
import { isHost } from './host.js';
import { linksOf } from './partition.js';
import { targetOf } from './target.js';

/** The most that may be touched at once, as shares of the network, 0 to 1. */
export interface BlastLimit {
  links: number;
  devices: number;
  /** Of the traffic that is known: the mean share of a flow's packets that can be touched. */
  flows: number;
}

/** Half of the network: room for every pair of failures, too little for a blackout. */
export const DEFAULT_BLAST_LIMIT: BlastLimit = { links: 0.5, devices: 0.5, flows: 0.5 };

/**
 * Checks what all these failures together touch. One link or one device is always allowed.
 * Throws REFUSED with both numbers.
 * @param traffic the flows that are known
 */
export function checkBlastRadius(
  topology: Topology,
  traffic: readonly TrafficFlow[],
  failures: readonly Failure[],
  limit: BlastLimit,
): void {
  const links = new Set<string>();
  const devices = new Set<string>();
  for (const failure of failures) {
    const isOfSwitch =
      failure.type === 'device_failure'
        ? !isHost(topology, failure.device)
        : failure.type === 'resource_exhaustion' && failure.device !== undefined;
    if (isOfSwitch) devices.add(targetOf(failure));
    else for (const link of linkNamesOf(topology, failure)) links.add(link);
  }
  check('links', links.size, topology.links.length, limit.links);
  check('devices', devices.size, topology.switches.length, limit.devices);
  if (links.size + devices.size > 1) checkFlows(topology, traffic, failures, limit.flows);
}

function checkFlows(
  topology: Topology,
  traffic: readonly TrafficFlow[],
  failures: readonly Failure[],
  limit: number,
): void {
  if (traffic.length === 0) return;
  let touched = 0;
  for (const exposure of exposuresOf(topology, traffic).values()) {
    const shares = failures.map((failure) => exposureTo(topology, exposure, failure));
    touched += Math.min(
      1,
      shares.reduce((sum, share) => sum + share, 0),
    );
  }
  const share = touched / traffic.length;
  if (share <= limit) return;
  const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
  throw new UmbraError(
    'REFUSED',
    `the faults would touch ${percent(share)} of the traffic of ${traffic.length} flows, ` +
      `${percent(limit)} are allowed; an override is needed for more`,
  );
}

/** A host's failure is felt on the links that lead to it. */
function linkNamesOf(topology: Topology, failure: Failure): string[] {
  if (failure.type === 'link_degradation') {
    return linksOf(topology, failure).map(({ name }) => name);
  }
  const hosts = new Set(
    failure.type === 'app_error'
      ? serversOf(topology, failure).map(({ host }) => host.name)
      : [targetOf(failure)],
  );
  return topology.links
    .filter(({ a, b }) => hosts.has(a.node) || hosts.has(b.node))
    .map(({ name }) => name);
}

function check(what: string, touched: number, all: number, share: number): void {
  const allowed = Math.max(1, Math.floor(all * share));
  if (touched <= allowed) return;
  throw new UmbraError(
    'REFUSED',
    `the faults would touch ${touched} of ${all} ${what}, ${allowed} are allowed; ` +
      'an override is needed for more',
  );
}
