/** Applications by name: well-known ones by their ports, and services of the topology's hosts. */
import { IpProtocol } from '../packet/index.js';
import type { Topology } from '../topology/index.js';

const { TCP, UDP } = IpProtocol;

/** Where an application answers. */
export interface Endpoint {
  protocol: number;
  port: number;
  /** Addresses of its host, IPv4 and IPv6; any host unless given. */
  addresses?: readonly string[];
}

/** Protocol and port of well-known applications (IANA's registry of service names and ports). */
const wellKnown: Record<string, readonly [protocol: number, port: number][]> = {
  ssh: [[TCP, 22]],
  smtp: [[TCP, 25]],
  dns: [
    [UDP, 53],
    [TCP, 53],
  ],
  dhcp: [
    [UDP, 67],
    [UDP, 68],
  ],
  http: [[TCP, 80]],
  ntp: [[UDP, 123]],
  snmp: [[UDP, 161]],
  ldap: [[TCP, 389]],
  https: [
    [TCP, 443],
    [UDP, 443],
  ],
  syslog: [[UDP, 514]],
  nfs: [[TCP, 2049]],
  mysql: [[TCP, 3306]],
  postgres: [[TCP, 5432]],
  amqp: [[TCP, 5672]],
  redis: [[TCP, 6379]],
  kafka: [[TCP, 9092]],
  memcached: [[TCP, 11211]],
  mongodb: [[TCP, 27017]],
};

/**
 * Where an application answers, or why that is not known. A service of the topology comes before
 * a well-known name, because it says more.
 */
export function endpointsOf(name: string, topology: Topology): Endpoint[] | string {
  const own = topology.hosts.flatMap(({ ip, ip6, services }) =>
    services
      .filter((service) => service.name === name)
      .map(({ protocol, port }): Endpoint => {
        const addresses = ip6 === undefined ? [ip] : [ip, ip6];
        return { protocol: protocol === 'udp' ? UDP : TCP, port, addresses };
      }),
  );
  if (own.length > 0) return own;
  const known = Object.hasOwn(wellKnown, name) ? wellKnown[name] : undefined;
  if (known) return known.map(([protocol, port]) => ({ protocol, port }));
  const services = new Set(topology.hosts.flatMap((host) => host.services.map((s) => s.name)));
  const names = [...services, ...Object.keys(wellKnown)].join(', ');
  return `no application '${name}'; there are ${names}`;
}
