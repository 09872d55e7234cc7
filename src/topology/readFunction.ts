/** What a switch of a topology file does besides forwarding. */
import { parseIpv4 } from '../base/address.js';
import type { Backend, Host, NetworkFunction, ServedAddress } from './topology.js';
import type { TopologyPart } from './topologyPart.js';

/** Keys of a switch that belong to its function. */
export const functionKeys: readonly string[] = ['inside', 'open', 'address', 'services'];
const PORT_LIMIT = 500;

/**
 * Undefined for a switch that only forwards. `program` names the function; any other name is left
 * to the file's owner, as p4lang's files have paths there.
 */
export function readFunction(
  part: TopologyPart,
  hosts: readonly Host[],
): NetworkFunction | undefined {
  const program = part.optionalString('program');
  const used = (...keys: string[]): void => {
    for (const key of functionKeys) {
      if (part.has(key) && !keys.includes(key)) {
        throw part.error(`'${key}' is nothing that program '${program ?? 'production'}' knows`);
      }
    }
  };
  if (program === 'firewall') {
    used('inside', 'open');
    const open = part.list('open').map((item) => readServed(item, ['address', 'protocol', 'port']));
    return { program, inside: readPorts(part), open };
  }
  if (program === 'nat') {
    used('inside', 'address');
    return { program, inside: readPorts(part), address: readAddress(part) };
  }
  if (program === 'balancer') {
    used('services');
    const services = part.list('services').map((item) => ({
      ...readServed(item, ['address', 'protocol', 'port', 'backends']),
      backends: item.list('backends').map((backend) => readBackend(backend, item, hosts)),
    }));
    if (services.length === 0) throw part.error("a balancer needs 'services'");
    return { program, services };
  }
  used();
  return undefined;
}

function readPorts(part: TopologyPart): number[] {
  const ports = part.integers('inside', 0, PORT_LIMIT - 1);
  if (ports.length === 0) throw part.error("'inside' must name a port");
  return ports;
}

function readAddress(part: TopologyPart): string {
  const address = part.string('address');
  part.check('address', () => parseIpv4(address));
  return address;
}

function readServed(part: TopologyPart, keys: readonly string[]): ServedAddress {
  part.allow(keys);
  return {
    address: readAddress(part),
    protocol: part.has('protocol') ? part.oneOf('protocol', ['tcp', 'udp'] as const) : 'tcp',
    port: part.integer('port', 1, 65535),
  };
}

/** A backend is a host of the file. */
function readBackend(part: TopologyPart, service: TopologyPart, hosts: readonly Host[]): Backend {
  part.allow(['host', 'port', 'weight']);
  const name = part.string('host');
  const host = hosts.find((one) => one.name === name);
  if (!host) throw part.error(`no host '${name}'`);
  return {
    address: host.ip,
    port: part.optionalInteger('port', 1, 65535) ?? service.integer('port', 1, 65535),
    weight: part.optionalNumber('weight') ?? 1,
  };
}
