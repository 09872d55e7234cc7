/** The traffic of a topology file. */
import type { Host, TrafficFlow } from './topology.js';
import type { TopologyPart } from './topologyPart.js';

/** Reads `traffic`. Throws INVALID_TOPOLOGY naming the place. */
export function readTraffic(root: TopologyPart, hosts: readonly Host[]): TrafficFlow[] {
  const names = new Set(hosts.map((host) => host.name));
  return root.list('traffic').map((part): TrafficFlow => {
    const kind = part.oneOf('kind', ['http', 'bulk', 'udp', 'ping'] as const);
    const end = (key: string): string => {
      const name = part.string(key);
      if (!names.has(name)) throw part.error(`'${key}': no host '${name}'`);
      return name;
    };
    const client = end('client');
    const server = end('server');
    const common = {
      name: part.optionalString('name') ?? `${kind} ${client}-${server}`,
      client,
      server,
    };
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
          port: part.optionalNumber('port') ?? 80,
          requestsPerSecond: part.number('requestsPerSecond'),
          requestBytes: part.optionalNumber('requestBytes') ?? 400,
          responseBytes: part.optionalNumber('responseBytes') ?? 10_000,
          serviceNs: Math.round((part.optionalNumber('serviceMs') ?? 1) * 1e6),
        };
      case 'bulk':
        part.allow([...keys, 'port', 'transferBytes', 'transfersPerSecond']);
        return {
          kind,
          ...common,
          port: part.optionalNumber('port') ?? 5001,
          transferBytes: part.optionalNumber('transferBytes') ?? 0,
          transfersPerSecond: part.optionalNumber('transfersPerSecond') ?? 0,
        };
      case 'udp':
        part.allow([...keys, 'port', 'packetsPerSecond', 'payloadBytes']);
        return {
          kind,
          ...common,
          port: part.optionalNumber('port') ?? 4000,
          packetsPerSecond: part.number('packetsPerSecond'),
          payloadBytes: part.optionalNumber('payloadBytes') ?? 200,
        };
      case 'ping':
        part.allow([...keys, 'intervalMs']);
        return {
          kind,
          ...common,
          intervalNs: Math.round((part.optionalNumber('intervalMs') ?? 100) * 1e6),
        };
    }
  });
}
