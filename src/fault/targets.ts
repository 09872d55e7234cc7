/** Where a failure acts: the table entries that carry it, on which shadow switch. */
import { UmbraError } from '../base/errors.js';
import type { Rule } from '../p4runtime/index.js';
import type { Endpoint, Topology } from '../topology/index.js';
import type { DeviceFailure, Failure, LinkDegradation } from './failure.js';

/** One entry of a fault. */
export interface FaultEntry {
  device: string;
  rule: Rule;
}

/** The longest queue of a shaper unless the failure says otherwise, ns. */
export const DEFAULT_QUEUE_NS = 50e6;
/** Draws of the loss stage are uniform in [0, 2^32 - 2]. */
const LOSS_DRAWS = 4294967295;
const MAX_TIME_NS = 2 ** 46;
/** The switches' clocks count microseconds modulo this. */
const CLOCK_US = 2 ** 48;

/**
 * The entries of a failure, which end at `expiresUs` of the controller's time.
 * Throws NOT_FOUND for an unknown link or device, INVALID_INPUT for a parameter out of range.
 */
export function entriesOf(topology: Topology, failure: Failure, expiresUs: number): FaultEntry[] {
  return failure.type === 'link_degradation'
    ? linkEntries(topology, failure, expiresUs)
    : [deviceEntry(topology, failure, expiresUs)];
}

function linkEntries(
  topology: Topology,
  failure: LinkDegradation,
  expiresUs: number,
): FaultEntry[] {
  const link = topology.links.find((l) => l.name === failure.link);
  if (!link) throw new UmbraError('NOT_FOUND', `no link '${failure.link}'`);
  const { direction } = failure;
  // A direction begins at the egress port of the switch that sends into it.
  const ends: Endpoint[] = [];
  if (direction !== 'b-to-a') ends.push(link.a);
  if (direction !== 'a-to-b') ends.push(link.b);
  const switches = new Set(topology.switches.map((device) => device.name));
  const senders = ends.filter((end) => switches.has(end.node));
  if (senders.length === 0) {
    throw new UmbraError(
      'INVALID_INPUT',
      `link '${link.name}': no switch sends in direction ${direction}`,
    );
  }
  const stages = linkStages(failure, expiresUs);
  if (stages.length === 0) {
    throw new UmbraError('INVALID_INPUT', `failure of link '${link.name}' changes nothing`);
  }
  return senders.flatMap(({ node, port }) =>
    stages.map(({ table, action, params }) => ({
      device: node,
      rule: { table, match: { egress_port: String(port) }, action, params },
    })),
  );
}

interface Stage {
  table: string;
  action: string;
  params: Record<string, string>;
}

function linkStages(failure: LinkDegradation, expiresUs: number): Stage[] {
  const expires_us = String(expiresUs % CLOCK_US);
  const stages: Stage[] = [];
  if (failure.loss !== undefined) {
    const loss = within('loss', failure.loss, 0, 1);
    const threshold = String(Math.round(loss * LOSS_DRAWS));
    stages.push({ table: 'link_fault.loss', action: 'lose', params: { threshold, expires_us } });
  }
  if (failure.rateBps !== undefined) {
    const rate = within('rateBps', failure.rateBps, 2000, 1e12);
    const params = {
      byte_time_q10: String(Math.round((8e9 * 1024) / rate)),
      queue_ns: String(within('queueNs', failure.queueNs ?? DEFAULT_QUEUE_NS, 0, MAX_TIME_NS)),
      expires_us,
    };
    stages.push({ table: 'link_fault.rate', action: 'shape', params });
  }
  if (failure.delayNs !== undefined || failure.jitterNs !== undefined) {
    const params = {
      delay_ns: String(within('delayNs', failure.delayNs ?? 0, 0, MAX_TIME_NS)),
      jitter_ns: String(within('jitterNs', failure.jitterNs ?? 0, 0, MAX_TIME_NS)),
      expires_us,
    };
    stages.push({ table: 'link_fault.delay', action: 'add', params });
  }
  return stages;
}

function deviceEntry(topology: Topology, failure: DeviceFailure, expiresUs: number): FaultEntry {
  const { device, mode } = failure;
  if (!topology.switches.some((s) => s.name === device)) {
    throw new UmbraError('NOT_FOUND', `no switch '${device}'`);
  }
  const expires_us = String(expiresUs % CLOCK_US);
  const graceful = {
    share_q16: String(Math.round(within('share', failure.share ?? 0, 0, 1) * 65536)),
    delay_ns: String(within('delayNs', failure.delayNs ?? 0, 0, MAX_TIME_NS)),
    expires_us,
  };
  const rule: Rule = {
    table: 'device_fault.state',
    match: {},
    priority: 1,
    action: mode,
    params: mode === 'outage' ? { expires_us } : graceful,
  };
  return { device, rule };
}

function within(name: string, value: number, low: number, high: number): number {
  if (!(value >= low && value <= high)) {
    throw new UmbraError('INVALID_INPUT', `${name} is ${value}; ${low} to ${high} is possible`);
  }
  return Math.round(value) === value || high === 1 ? value : Math.round(value);
}
