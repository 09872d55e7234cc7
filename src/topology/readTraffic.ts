/** The traffic of a topology file. */
import type { Host, TrafficFlow } from './topology.js';
import type { TopologyPart } from './topologyPart.js';

const PORT_MOST = 65535;
/** What one unfragmented datagram holds on Ethernet. */
const PAYLOAD_MOST = 1472;
const BYTES_MOST = 1e12;

/** Reads `traffic`. Throws INVALID_TOPOLOGY naming the place. */
export function readTraffic(root: TopologyPart, hosts: readonly Host[]): TrafficFlow[] {
  const names = new Set(hosts.map((host) => host.name));
  const used = new Map<string, string>();
  return root.list('traffic').map((part): TrafficFlow => {
    const kind = part.oneOf('kind', ['http', 'bulk', 'udp', 'ping'] as const);
    const end = (key: string): string => {
      const name = part.string(key);
      if (!names.has(name)) throw part.error(`'${key}': no host '${name}'`);
      return name;
    };
    const client = end('client');
    const server = end('server');
    if (client === server) throw part.error(`'${client}' is both client and server`);
    const common = {
      name: part.optionalString('name') ?? `${kind} ${client}-${server}`,
      client,
      server,
    };
    const other = used.get(common.name);
    if (other !== undefined) throw part.error(`'${common.name}' is already the name of ${other}`);
    used.set(common.name, part.path);
    const keys = ['kind', 'name', 'client', 'server'];
    switch (kind) {
      case 'http':
        part.allow([
          ...keys,
          'port',
          'requestsPerSecond',
          'requestBytes',
          'responseBytes',
          'serviceMs',
        ]);
        return {
          kind,
          ...common,
          port: port(part) ?? 80,
          requestsPerSecond: part.positive('requestsPerSecond'),
          requestBytes: part.optionalInteger('requestBytes', 1, BYTES_MOST) ?? 400,
          responseBytes: part.optionalInteger('responseBytes', 1, BYTES_MOST) ?? 10_000,
          serviceNs: Math.round((part.optionalNumber('serviceMs') ?? 1) * 1e6),
        };
      case 'bulk':
        part.allow([...keys, 'port', 'transferBytes', 'transfersPerSecond']);
        return {
          kind,
          ...common,
          port: port(part) ?? 5001,
          transferBytes: part.optionalInteger('transferBytes', 0, BYTES_MOST) ?? 0,
          transfersPerSecond: part.optionalNumber('transfersPerSecond') ?? 0,
        };
      case 'udp':
        part.allow([...keys, 'port', 'packetsPerSecond', 'payloadBytes']);
        return {
          kind,
          ...common,
          port: port(part) ?? 4000,
          packetsPerSecond: part.positive('packetsPerSecond'),
          payloadBytes: part.optionalInteger('payloadBytes', 1, PAYLOAD_MOST) ?? 200,
        };
      case 'ping':
        part.allow([...keys, 'intervalMs']);
        return {
          kind,
          ...common,
          intervalNs: Math.max(1, Math.round((optionalPositive(part, 'intervalMs') ?? 100) * 1e6)),
        };
    }
  });
}

function port(part: TopologyPart): number | undefined {
  return part.optionalInteger('port', 1, PORT_MOST);
}

function optionalPositive(part: TopologyPart, key: string): number | undefined {
  return part.optionalNumber(key) === undefined ? undefined : part.positive(key);
}
