/** Failures of hosts as limits: a server that is short of a resource, or fails as a whole. */
import type { HostLimits, HostPart } from '../base/hostLimits.js';
import { UmbraError } from '../base/errors.js';
import type { Host, Topology } from '../topology/index.js';
import type { PlanContext } from './context.js';
import type { FaultEntry } from './entry.js';
import type { DeviceFailure, ResourceExhaustion } from './failure.js';
import { wholeWithin, within } from './parameters.js';

const MAX_TIME_NS = 2 ** 46;
const MAX_AMOUNT = 1e6;

/** Whether a device failure is of a host. */
export function isHost(topology: Topology, name: string): boolean {
  return topology.hosts.some((host) => host.name === name);
}

/** Throws NOT_FOUND for an unknown host, INVALID_INPUT for a parameter that cannot be. */
export function resourceEntries(
  topology: Topology,
  failure: ResourceExhaustion,
  context: PlanContext,
): FaultEntry[] {
  if (failure.host === undefined) {
    throw new UmbraError('INVALID_INPUT', `${failure.resource}: 'host' or 'device' is missing`);
  }
  const host = topology.hosts.find(({ name }) => name === failure.host);
  if (!host) throw new UmbraError('NOT_FOUND', `no host '${failure.host}'`);
  refuse(failure, ['table', 'port']);
  const { resource } = failure;
  if (resource === 'table_space' || resource === 'buffers') {
    throw new UmbraError('INVALID_INPUT', `a host has no resource '${resource}'`);
  }
  return [entryOf(host.name, resource, shortage(host, failure, context), context)];
}

/** Throws INVALID_INPUT for a mode or a parameter that a host does not have. */
export function hostFailureEntries(failure: DeviceFailure, context: PlanContext): FaultEntry[] {
  return [entryOf(failure.device, 'device', failed(failure, context), context)];
}

function entryOf(
  host: string,
  part: HostPart,
  limits: HostLimits,
  { beginsUs, lastsUs }: PlanContext,
): FaultEntry {
  return { kind: 'host', host, part, limits, expiresUs: beginsUs + lastsUs };
}

function shortage(host: Host, failure: ResourceExhaustion, context: PlanContext): HostLimits {
  switch (failure.resource) {
    case 'cpu':
      return shortOfCpu(failure);
    case 'memory':
      return shortOfMemory(host, failure, context);
    case 'disk':
      return shortOfDisk(failure);
    default:
      throw new UmbraError('INVALID_INPUT', `a host has no resource '${String(failure.resource)}'`);
  }
}

function shortOfCpu(failure: ResourceExhaustion): HostLimits {
  const { share, amount } = failure;
  refuse(failure, ['mode', 'latencyNs', 'downNs']);
  if (share === undefined && amount === undefined) {
    throw new UmbraError('INVALID_INPUT', "cpu: 'share' or 'amount' is missing");
  }
  return {
    ...(share === undefined ? {} : { serviceRate: 1 - within('share', share, 0, 1) }),
    ...(amount === undefined ? {} : { workers: atLeast('amount', amount, 1) }),
  };
}

function shortOfMemory(
  host: Host,
  failure: ResourceExhaustion,
  { beginsUs, lastsUs }: PlanContext,
): HostLimits {
  const { mode = 'limit', downNs } = failure;
  refuse(failure, ['latencyNs']);
  const bound = boundOf(host, failure);
  if (mode === 'limit') {
    refuse(failure, ['downNs']);
    if (bound === undefined) {
      throw new UmbraError('INVALID_INPUT', "memory: 'amount' or 'share' is missing");
    }
    return { concurrent: bound };
  }
  if (mode !== 'oom_restart') throw noMode('memory', mode);
  if (downNs === undefined) throw new UmbraError('INVALID_INPUT', 'oom_restart needs downNs');
  const restartNs = within('downNs', downNs, 1000, lastsUs * 1000);
  if (bound !== undefined) return { concurrent: bound, restartNs };
  return { isRefusing: true, goneUntilUs: beginsUs + Math.round(restartNs / 1000) };
}

/** Requests that fit into what memory is left; undefined when the failure does not say. */
function boundOf(host: Host, { share, amount }: ResourceExhaustion): number | undefined {
  if (amount !== undefined) {
    if (share !== undefined) throw new UmbraError('INVALID_INPUT', "memory: 'share' or 'amount'");
    return atLeast('amount', amount, 0);
  }
  if (share === undefined) return undefined;
  const whole = host.server?.concurrent;
  if (whole === undefined) {
    throw new UmbraError(
      'INVALID_INPUT',
      `memory: a share of '${host.name}' needs its server.concurrent in the topology; or amount`,
    );
  }
  return Math.round(whole * (1 - within('share', share, 0, 1)));
}

function shortOfDisk(failure: ResourceExhaustion): HostLimits {
  const { mode = 'slow', share, latencyNs } = failure;
  refuse(failure, ['amount', 'downNs']);
  const part = share === undefined ? {} : { diskShare: within('share', share, 0, 1) };
  if (mode === 'full') {
    refuse(failure, ['latencyNs']);
    return { ...part, isDiskFull: true };
  }
  if (mode !== 'slow') throw noMode('disk', mode);
  if (latencyNs === undefined) throw new UmbraError('INVALID_INPUT', 'a slow disk needs latencyNs');
  return { ...part, diskNs: within('latencyNs', latencyNs, 0, MAX_TIME_NS) };
}

function failed(failure: DeviceFailure, { beginsUs, lastsUs }: PlanContext): HostLimits {
  const { mode, refuses = false, downNs, stateLost = true } = failure;
  const allowed: Partial<Record<DeviceFailure['mode'], readonly string[]>> = {
    outage: ['refuses'],
    hang: [],
    reboot: ['downNs', 'stateLost'],
    graceful: ['share', 'serviceRate', 'delayNs'],
  };
  const names = allowed[mode];
  if (!names) throw noMode(`host '${failure.device}'`, mode);
  for (const name of Object.keys(failure)) {
    if (['type', 'device', 'mode', 'ramp', ...names].includes(name)) continue;
    throw new UmbraError('INVALID_INPUT', `${mode} of a host has no '${name}'`);
  }
  switch (mode) {
    case 'hang':
      return { serviceRate: 0 };
    case 'reboot': {
      if (downNs === undefined) throw new UmbraError('INVALID_INPUT', 'a reboot needs downNs');
      const downUs = Math.round(within('downNs', downNs, 1000, lastsUs * 1000) / 1000);
      const keeps = stateLost ? {} : { keepsConnections: true };
      return { isSilent: true, goneUntilUs: beginsUs + downUs, ...keeps };
    }
    case 'graceful':
      return degraded(failure);
    default:
      return refuses ? { isRefusing: true } : { isSilent: true };
  }
}

function degraded({ share, serviceRate, delayNs }: DeviceFailure): HostLimits {
  return {
    ...(share === undefined ? {} : { unanswered: within('share', share, 0, 1) }),
    ...(serviceRate === undefined ? {} : { serviceRate: within('serviceRate', serviceRate, 0, 1) }),
    ...(delayNs === undefined ? {} : { lateNs: within('delayNs', delayNs, 0, MAX_TIME_NS) }),
  };
}

/** A whole number, rounded, since a ramp passes through what lies between. */
function atLeast(name: string, value: number, low: number): number {
  return wholeWithin(name, Math.round(value), low, MAX_AMOUNT);
}

function refuse(
  failure: ResourceExhaustion,
  names: readonly (keyof ResourceExhaustion)[],
): void {
  for (const name of names) {
    if (failure[name] === undefined) continue;
    const mode = failure.mode === undefined ? '' : ` (${failure.mode})`;
    throw new UmbraError('INVALID_INPUT', `${failure.resource}${mode} has no '${name}'`);
  }
}

function noMode(what: string, mode: string): UmbraError {
  return new UmbraError('INVALID_INPUT', `${what} has no mode '${mode}'`);
}
