/** A switch that is short of table space or of buffers. */
import { UmbraError } from '../base/errors.js';
import type { Link, Topology } from '../topology/index.js';
import type { PlanContext } from './context.js';
import type { FaultEntry } from './entry.js';
import type { ResourceExhaustion } from './failure.js';
import { byteTimeAtLeast, nanoseconds, wholeWithin, within } from './parameters.js';

const MAX_ENTRIES = 2 ** 31 - 1;
const PORT_PRIORITY = 1;

/** Throws NOT_FOUND for an unknown switch or port, INVALID_INPUT naming a parameter. */
export function switchShortage(
  topology: Topology,
  failure: ResourceExhaustion,
  context: PlanContext,
): FaultEntry[] {
  const { device = '', host, resource } = failure;
  if (host !== undefined) {
    throw new UmbraError('INVALID_INPUT', `${resource}: 'host' or 'device', not both`);
  }
  if (!topology.switches.some(({ name }) => name === device)) {
    throw new UmbraError('NOT_FOUND', `no switch '${device}'`);
  }
  switch (resource) {
    case 'table_space':
      return [takenRoom(device, failure, context)];
    case 'buffers':
      return shortQueues(topology, device, failure, context);
    default:
      throw new UmbraError('INVALID_INPUT', `a switch has no resource '${String(resource)}'`);
  }
}

function takenRoom(
  device: string,
  failure: ResourceExhaustion,
  { beginsUs, lastsUs }: PlanContext,
): FaultEntry {
  const { table } = failure;
  refuse(failure, ['mode', 'latencyNs', 'downNs', 'port']);
  const { share, amount } = one(failure);
  return {
    kind: 'room',
    device,
    ...(table === undefined ? {} : { table }),
    ...(share === undefined ? {} : { share: within('share', share, 0, 1) }),
    // A ramp passes through what lies between whole numbers.
    ...(amount === undefined
      ? {}
      : { most: wholeWithin('amount', Math.round(amount), 0, MAX_ENTRIES) }),
    expiresUs: beginsUs + lastsUs,
  };
}

/** Every port's queue drains at its link's rate as before, and takes less. */
function shortQueues(
  topology: Topology,
  device: string,
  failure: ResourceExhaustion,
  context: PlanContext,
): FaultEntry[] {
  const { port } = failure;
  refuse(failure, ['mode', 'latencyNs', 'downNs', 'table']);
  one(failure);
  const queues = topology.links.flatMap((link) =>
    [link.a, link.b]
      .filter((end) => end.node === device && (port === undefined || end.port === port))
      .map((end) => ({ port: end.port, link })),
  );
  if (queues.length === 0) {
    throw new UmbraError('NOT_FOUND', `${device}: no link at port ${port ?? 'any'}`);
  }
  return queues.map(({ port: egress, link }): FaultEntry => {
    const bps = link.bandwidthMbps * 1e6;
    const rule = {
      table: 'link_fault.rate',
      match: { egress_port: String(egress) },
      priority: PORT_PRIORITY,
      action: 'shrink',
      params: {
        state: context.slot(device),
        byte_time_q10: byteTimeAtLeast('bandwidthMbps', bps),
        queue_ns: nanoseconds('amount', (bytesLeft(link, failure) * 8e9) / bps),
        expires_us: context.expires_us,
      },
    };
    return { device, kind: 'rule', rule };
  });
}

function bytesLeft({ name, queueBytes }: Link, { share, amount }: ResourceExhaustion): number {
  if (share !== undefined) return queueBytes * (1 - within('share', share, 0, 1));
  if (amount! <= queueBytes) return within('amount', amount!, 0, queueBytes);
  throw new UmbraError(
    'INVALID_INPUT',
    `amount is ${amount}; the queue of '${name}' has ${queueBytes} bytes`,
  );
}

/** Either of the two ways to say how much. */
function one({ resource, share, amount }: ResourceExhaustion) {
  if ((share === undefined) === (amount === undefined)) {
    throw new UmbraError('INVALID_INPUT', `${resource}: 'share' or 'amount' is needed`);
  }
  return { share, amount };
}

function refuse(failure: ResourceExhaustion, names: readonly (keyof ResourceExhaustion)[]): void {
  for (const name of names) {
    if (failure[name] === undefined) continue;
    throw new UmbraError('INVALID_INPUT', `${failure.resource} has no '${name}'`);
  }
}
