/** Findings as a topology file, and as sentences. */
import { parseIpv4 } from '../base/address.js';
import type { Endpoint } from '../topology/index.js';
import type { Findings } from './discovery.js';

/** A host that somebody named, and where it hangs. */
export interface GivenHost {
  at: Endpoint;
  name: string;
  /** `10.0.1.1/24`. */
  address: string;
  /** Follows from the address unless given. */
  mac?: string;
}

const end = ({ node, port }: Endpoint): string => `${node}:${port}`;

/**
 * The network that was found, as a file that `readTopology` reads. Hosts are those that were given
 * and those that were seen besides, in the order of their addresses. Links have the usual rate and
 * delay: LLDP tells of neither. Device ids that are not unique are left out.
 */
export function discoveredFile(
  switches: readonly { name: string; deviceId: number }[],
  findings: Findings,
  given: readonly GivenHost[] = [],
): string {
  const isGiven = new Set(given.map(({ address }) => address.split('/')[0]));
  const seen = findings.hosts
    .filter(({ ip }) => !isGiven.has(ip))
    .sort((a, b) => parseIpv4(a.ip) - parseIpv4(b.ip))
    .map(({ at, ip, mac }, i): GivenHost => ({ at, name: `seen${i + 1}`, address: ip, mac }));
  const hosts = [...given, ...seen];
  const isUnique = new Set(switches.map(({ deviceId }) => deviceId)).size === switches.length;
  const file = {
    name: 'discovered',
    switches: Object.fromEntries(
      switches.map(({ name, deviceId }) => [name, isUnique ? { id: deviceId } : {}]),
    ),
    hosts: Object.fromEntries(
      hosts.map(({ name, address, mac }) => [name, { ip: address, ...(mac && { mac }) }]),
    ),
    links: [
      ...hosts.map(({ name, at }) => ({ a: name, b: end(at) })),
      ...findings.links.map(({ a, b }) => ({ a: end(a), b: end(b) })),
    ],
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** What of the findings is no link, a line each. */
export function describeFindings(findings: Findings): string[] {
  return [
    ...findings.oneWay.map(({ from, to }) => `one way only: ${end(from)} to ${end(to)}`),
    ...findings.loops.map(({ from, to }) =>
      from.port === to.port
        ? `a loop: ${end(from)} hears itself`
        : `a loop: ${end(to)} hears ${end(from)} of the same switch`,
    ),
    ...findings.shared.map(
      ({ at, from }) => `no cable: ${end(at)} hears ${from.map(end).join(', ')}`,
    ),
    ...findings.foreign.map(
      ({ at, chassis, port }) => `another LLDP speaker at ${end(at)}: ${chassis}, port ${port}`,
    ),
    ...findings.silent.map(({ node, ports }) => `no answer: ${node}:${rangesOf(ports)}`),
  ];
}

/** `1-3,7`. */
function rangesOf(ports: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const port of ports) {
    const last = ranges.at(-1);
    if (last && last[1] === port - 1) last[1] = port;
    else ranges.push([port, port]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}
