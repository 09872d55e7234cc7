/**
 * An application's error as entries of the fault stage: on the switch where its server is attached,
 * for what comes in from there, so that no path leads past it.
 */
import { UmbraError } from '../base/errors.js';
import { attachmentsOf, type Host, type Service, type Topology } from '../topology/index.js';
import type { PlanContext } from './context.js';
import type { FaultEntry } from './entry.js';
import type { AppError, AppProtocol } from './failure.js';
import { nanoseconds, threshold, wholeWithin } from './parameters.js';
import { errorReply } from './reply.js';

const TABLE = 'app_fault.answer';
/** Flags of what asks for a connection, and of all that comes after. */
const OPENING = '0x2&&&0x12';
const OPENED = '0x10&&&0x10';
const CLIENT_PRIORITY = 2;
const SERVER_PRIORITY = 1;
/** TCP flags of a connection's last segment. */
const FIN_ACK = 0x11;
const RST_ACK = 0x14;
const MAX_BYTES = 2 ** 31 - 1;

const wellKnown: ReadonlyMap<number, AppProtocol> = new Map([
  [80, 'http'],
  [8080, 'http'],
  [5432, 'postgres'],
  [3306, 'mysql'],
  [6379, 'redis'],
]);

/** A server that an error is of. */
export interface Server {
  host: Host;
  /** TCP port. */
  port: number;
  protocol: AppProtocol;
}

/**
 * Throws NOT_FOUND for an unknown service, host or switch, INVALID_INPUT for a parameter that
 * cannot be.
 */
export function appEntries(
  topology: Topology,
  failure: AppError,
  context: PlanContext,
): FaultEntry[] {
  const priority = failure.flow ? CLIENT_PRIORITY : SERVER_PRIORITY;
  return serversOf(topology, failure).flatMap(({ host, port, protocol }) => {
    const call = actionOf(failure, protocol, context);
    return attachmentsOf(topology, host.name).map(({ node, port: ingress }): FaultEntry => {
      const match = matchOf(failure, host.ip, port, ingress);
      return { device: node, kind: 'rule', rule: { match, priority, ...call } };
    });
  });
}

/** The servers that a failure names. Throws as above. */
export function serversOf(topology: Topology, failure: AppError): Server[] {
  const { service, host, device, port } = failure;
  const hosts = hostsOf(topology, failure);
  const found = hosts.flatMap((one) => serversAt(one, failure));
  if (found.length > 0) return found;
  const place = host ?? device;
  if (service === undefined) {
    throw new UmbraError('INVALID_INPUT', `app_error of ${place}: 'port' or 'service' is missing`);
  }
  const where = place === undefined ? '' : ` at ${place}`;
  const which = port === undefined ? '' : ` on port ${port}`;
  throw new UmbraError('NOT_FOUND', `no TCP service '${service}'${where}${which}`);
}

function hostsOf(topology: Topology, { service, host, device }: AppError): Host[] {
  if (host !== undefined && device !== undefined) {
    throw new UmbraError('INVALID_INPUT', "app_error: either 'host' or 'device'");
  }
  if (host !== undefined) {
    const one = topology.hosts.find(({ name }) => name === host);
    if (!one) throw new UmbraError('NOT_FOUND', `no host '${host}'`);
    return [one];
  }
  if (device === undefined) {
    if (service !== undefined) return topology.hosts;
    throw new UmbraError('INVALID_INPUT', "app_error: 'service', 'host' or 'device' is missing");
  }
  if (!topology.switches.some(({ name }) => name === device)) {
    throw new UmbraError('NOT_FOUND', `no switch '${device}'`);
  }
  const hosts = topology.hosts.filter(({ name }) =>
    attachmentsOf(topology, name).some((end) => end.node === device),
  );
  if (hosts.length === 0) throw new UmbraError('NOT_FOUND', `no host is attached to '${device}'`);
  return hosts;
}

/** What a host serves of what is named; a port alone need not be known as a service. */
function serversAt(host: Host, { service, port, protocol }: AppError): Server[] {
  const isIt = (one: Service): boolean =>
    one.protocol !== 'udp' &&
    (service === undefined || one.name === service) &&
    (port === undefined || one.port === port);
  if (service === undefined) {
    if (port === undefined) return [];
    const known = host.services.find(isIt);
    return [{ host, port, protocol: protocol ?? protocolOf(port, known) }];
  }
  return host.services
    .filter(isIt)
    .map((one) => ({ host, port: one.port, protocol: protocol ?? protocolOf(one.port, one) }));
}

function protocolOf(port: number, service: Service | undefined): AppProtocol {
  return service?.protocol === 'http' ? 'http' : (wellKnown.get(port) ?? 'tcp');
}

/** What comes from the server, or asks it for a connection. A flow is named as its requests go. */
function matchOf(
  { mode, flow = {} }: AppError,
  ip: string,
  port: number,
  ingress: number,
): Record<string, string> {
  const { source, sourcePort, ...others } = flow;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw new UmbraError(
      'INVALID_INPUT',
      `app_error: flow.${other} follows from the service; source and sourcePort name clients`,
    );
  }
  const isRequest = mode === 'refuse';
  const [near, far] = isRequest ? ['dst', 'src'] : ['src', 'dst'];
  return {
    ...(isRequest ? {} : { ingress_port: String(ingress) }),
    tcp_flags: isRequest ? OPENING : OPENED,
    [`ipv4_${near}`]: ip,
    [`l4_${near}_port`]: String(port),
    ...(source === undefined ? {} : { [`ipv4_${far}`]: source }),
    ...(sourcePort === undefined ? {} : { [`l4_${far}_port`]: String(sourcePort) }),
  };
}

interface ActionCall {
  table: string;
  action: string;
  params: Record<string, string>;
}

function actionOf(failure: AppError, protocol: AppProtocol, context: PlanContext): ActionCall {
  const { mode, share = 1, seed = 1 } = failure;
  const call = (action: string, params: Record<string, string> = {}): ActionCall => ({
    table: TABLE,
    action,
    params: {
      threshold: threshold('share', share),
      fault_seed: String(wholeWithin('seed', seed, 0, 2 ** 32 - 1)),
      ...params,
      expires_us: context.expires_us,
    },
  });
  switch (mode) {
    case 'status':
      return call('set_status', statusOf(failure, protocol));
    case 'delay':
      if (failure.delayNs === undefined) {
        throw new UmbraError('INVALID_INPUT', 'mode delay needs delayNs');
      }
      return call('answer_late', { delay_ns: nanoseconds('delayNs', failure.delayNs) });
    case 'hang':
      return call('never_answer');
    case 'cut':
      return call('end_answer', endOf(failure.afterBytes ?? 0, FIN_ACK));
    case 'reset':
      return call('end_answer', endOf(failure.afterBytes ?? 0, RST_ACK));
    case 'refuse':
      return call('refuse');
    case 'error':
      return call('answer_instead', replyOf(protocol));
    default:
      throw new UmbraError('INVALID_INPUT', `mode '${String(mode)}' of an app_error`);
  }
}

function statusOf({ status = 503, anyStatus }: AppError, protocol: AppProtocol) {
  if (protocol !== 'http') {
    throw new UmbraError('INVALID_INPUT', `mode status is for http, the service is ${protocol}`);
  }
  const digits = String(wholeWithin('status', status, 100, 599));
  const text = [...digits].map((digit) => digit.charCodeAt(0).toString(16)).join('');
  return { three_digits: `0x${text}`, every: anyStatus ? '1' : '0' };
}

function endOf(afterBytes: number, flags: number): Record<string, string> {
  const after_bytes = String(wholeWithin('afterBytes', afterBytes, 0, MAX_BYTES));
  return { after_bytes, last_flags: String(flags) };
}

function replyOf(protocol: AppProtocol): Record<string, string> {
  const reply = errorReply(protocol);
  if (!reply) {
    throw new UmbraError(
      'INVALID_INPUT',
      `mode error is for postgres, mysql and redis, the service is ${protocol}`,
    );
  }
  const hex = Buffer.from(reply.bytes).toString('hex');
  return {
    begin: `0x${hex.slice(0, 8)}`,
    rest: `0x${hex.slice(8)}`,
    numbered: reply.isNumbered ? '1' : '0',
  };
}
