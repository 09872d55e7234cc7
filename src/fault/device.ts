/** A switch's failure as entries of its own fault stage. */
import { UmbraError } from '../base/errors.js';
import { deriveSeed, Prng } from '../base/prng.js';
import type { Rule } from '../p4runtime/index.js';
import { switchPorts, type Topology } from '../topology/index.js';
import type { FaultEntry } from './entry.js';
import type { DeviceFailure } from './failure.js';
import { byteTime, expiry, nanoseconds, threshold, within } from './parameters.js';
import type { PlanContext } from './context.js';
import { DEFAULT_QUEUE_NS } from './stage/rate.js';

const STATE = 'device_fault.state';
const PORT_PRIORITY = 2;
const DEVICE_PRIORITY = 1;

/** Throws NOT_FOUND for an unknown device, INVALID_INPUT for a parameter that cannot be. */
export function deviceEntries(
  topology: Topology,
  failure: DeviceFailure,
  context: PlanContext,
): FaultEntry[] {
  const { device } = failure;
  if (!topology.switches.some((s) => s.name === device)) {
    throw new UmbraError('NOT_FOUND', `no switch or host '${device}'`);
  }
  for (const name of ['refuses', 'serviceRate'] as const) {
    if (failure[name] === undefined) continue;
    throw new UmbraError('INVALID_INPUT', `'${name}' is for hosts, '${device}' is a switch`);
  }
  const rules = rulesOf(topology, failure, context);
  return rules.map((rule): FaultEntry => ({ device, kind: 'rule', rule }));
}

function rulesOf(topology: Topology, failure: DeviceFailure, context: PlanContext): Rule[] {
  const { expires_us } = context;
  switch (failure.mode) {
    case 'outage':
      return [outage(expires_us)];
    case 'reboot':
      return reboot(failure, context);
    case 'stuck':
      return [stuck(topology, failure, expires_us)];
    case 'graceful':
      return [
        graceful(failure, context),
        ...deadPorts(topology, failure, expires_us),
        ...lostEntries(topology, failure, expires_us),
      ];
    default:
      throw new UmbraError('INVALID_INPUT', `a switch has no mode '${String(failure.mode)}'`);
  }
}

function outage(expires_us: string): Rule {
  return {
    table: STATE,
    match: {},
    priority: DEVICE_PRIORITY,
    action: 'outage',
    params: { expires_us },
  };
}

/** Down first; then, when the state is lost, nothing that an entry routes. */
function reboot({ downNs, stateLost }: DeviceFailure, context: PlanContext): Rule[] {
  if (downNs === undefined) throw new UmbraError('INVALID_INPUT', 'a reboot needs downNs');
  const downUs = Math.round(within('downNs', downNs, 1000, context.lastsUs * 1000) / 1000);
  const down = outage(expiry(context.beginsUs + downUs));
  if (!stateLost) return [down];
  return [down, forget(undefined, context.expires_us)];
}

function stuck(topology: Topology, { device, port }: DeviceFailure, expires_us: string): Rule {
  if (port !== undefined && !switchPorts(topology, device).has(port)) {
    // So that the CPU port and the mirror's are never a target: no link is there.
    throw new UmbraError('NOT_FOUND', `${device}: no link at port ${port}`);
  }
  const match: Record<string, string> = port === undefined ? {} : { egress_port: String(port) };
  const params = { expires_us };
  return { table: 'link_fault.rate', match, priority: PORT_PRIORITY, action: 'stick', params };
}

function graceful(failure: DeviceFailure, context: PlanContext): Rule {
  const { share = 0, delayNs = 0, rateBps, queueNs = DEFAULT_QUEUE_NS } = failure;
  return {
    table: STATE,
    match: {},
    priority: DEVICE_PRIORITY,
    action: 'graceful',
    params: {
      share_q16: String(Math.round(within('share', share, 0, 1) * 65536)),
      delay_ns: nanoseconds('delayNs', delayNs),
      state: rateBps === undefined ? '0' : context.slot(failure.device),
      byte_time_q10: rateBps === undefined ? '0' : byteTime('rateBps', rateBps),
      queue_ns: nanoseconds('queueNs', queueNs),
      expires_us: context.expires_us,
    },
  };
}

/** A dead port takes nothing in and lets nothing out. */
function deadPorts(topology: Topology, failure: DeviceFailure, expires_us: string): Rule[] {
  const { portShare, device } = failure;
  if (portShare === undefined) return [];
  const ports = [...switchPorts(topology, device).keys()];
  const dead = pick(ports, within('portShare', portShare, 0, 1), failure, 'ports');
  return dead.flatMap((port): Rule[] => [
    { ...outage(expires_us), match: { ingress_port: String(port) }, priority: PORT_PRIORITY },
    {
      table: 'link_fault.loss',
      match: { egress_port: String(port) },
      priority: PORT_PRIORITY,
      action: 'lose',
      params: { threshold: threshold('portShare', 1), expires_us },
    },
  ]);
}

function lostEntries(topology: Topology, failure: DeviceFailure, expires_us: string): Rule[] {
  const { entryShare } = failure;
  if (entryShare === undefined) return [];
  const share = within('entryShare', entryShare, 0, 1);
  const destinations = topology.hosts.map(({ ip }) => ip);
  return pick(destinations, share, failure, 'entries').map((ip) => forget(ip, expires_us));
}

/** The switch has no entry for a destination, or for any. */
function forget(ip: string | undefined, expires_us: string): Rule {
  const match: Record<string, string> = {};
  if (ip !== undefined) Object.assign(match, { ether_type: '0x0800', ipv4_dst: ip });
  const table = 'device_fault.lost_entry';
  return { table, match, priority: DEVICE_PRIORITY, action: 'forget', params: { expires_us } };
}

/** A share of `all`, rounded, the same for the same seed and device. */
function pick<T>(
  all: readonly T[],
  share: number,
  { device, seed = 1 }: DeviceFailure,
  what: string,
): T[] {
  const prng = new Prng(deriveSeed(seed, `${device} ${what}`));
  const left = [...all];
  const count = Math.round(share * left.length);
  return Array.from({ length: count }, () => left.splice(prng.below(left.length), 1)[0]!);
}
