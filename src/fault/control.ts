/** Failures of a switch's control plane as what hinders the controller's writes and reads. */
import type { ControlLimits, ControlPart } from '../device/index.js';
import { UmbraError } from '../base/errors.js';
import type { Topology } from '../topology/index.js';
import type { PlanContext } from './context.js';
import type { FaultEntry } from './entry.js';
import type { DeviceFailure } from './failure.js';
import { wholeWithin, within } from './parameters.js';

const MAX_DELAY_NS = 3600e9;

/** Whether a device failure is of the control plane. */
export function isOfControl({ mode }: DeviceFailure): boolean {
  return mode === 'slow_control' || mode === 'stale';
}

/** Throws NOT_FOUND for an unknown switch, INVALID_INPUT naming a parameter. */
export function controlEntries(
  topology: Topology,
  failure: DeviceFailure,
  context: PlanContext,
): FaultEntry[] {
  const { device, mode, delayNs, entryShare = 1, seed = 1 } = failure;
  if (mode === 'slow_control') {
    refuseOthers(failure, mode, ['device', 'mode', 'delayNs']);
    if (delayNs === undefined) throw new UmbraError('INVALID_INPUT', `${mode} needs delayNs`);
    const limits = { delayNs: within('delayNs', delayNs, 0, MAX_DELAY_NS) };
    return [entryOf(topology, device, 'slow', limits, context)];
  }
  refuseOthers(failure, mode, ['device', 'mode', 'entryShare', 'seed']);
  const share = within('entryShare', entryShare, 0, 1);
  const limits = { share, seed: wholeWithin('seed', seed, 0, 2 ** 32 - 1) };
  return [entryOf(topology, device, 'stale', limits, context)];
}

function entryOf(
  topology: Topology,
  device: string,
  part: ControlPart,
  limits: ControlLimits,
  { beginsUs, lastsUs }: PlanContext,
): FaultEntry {
  if (!topology.switches.some(({ name }) => name === device)) {
    throw new UmbraError('NOT_FOUND', `no switch '${device}'`);
  }
  return { kind: 'control', device, part, limits, expiresUs: beginsUs + lastsUs };
}

function refuseOthers(failure: object, what: string, names: readonly string[]): void {
  for (const [name, value] of Object.entries(failure)) {
    if (value === undefined || ['type', 'ramp', ...names].includes(name)) continue;
    throw new UmbraError('INVALID_INPUT', `${what} has no '${name}'`);
  }
}
