/** Traffic for a network that brings none: something of every kind, between distant hosts. */
import type { Host, TrafficFlow } from './topology.js';

/** Hosts that take part; further ones are idle, so that a large network stays quick to run. */
const HOST_LIMIT = 32;

type FlowEnds = Pick<TrafficFlow, 'name' | 'client' | 'server'>;

/**
 * Requests from every host to the one half the list away, so that most cross the network; one
 * transfer, one stream of datagrams and pings. About 3 Mbit/s per host. Empty below two hosts.
 */
export function demoTraffic(hosts: readonly Pick<Host, 'name'>[]): TrafficFlow[] {
  const names = hosts.slice(0, HOST_LIMIT).map((host) => host.name);
  const count = names.length;
  if (count < 2) return [];
  const across = (i: number): string => names[(i + Math.ceil(count / 2)) % count]!;
  const flows = names.map((client, i): TrafficFlow => {
    const server = across(i);
    return {
      kind: 'http',
      name: `http ${client}-${server}`,
      client,
      server,
      port: 80,
      requestsPerSecond: 30,
      requestBytes: 400,
      responseBytes: 12_000,
      serviceNs: 2e6,
    };
  });
  const ends = (kind: TrafficFlow['kind'], i: number): FlowEnds => {
    const [client, server] = [names[i % count]!, across(i % count)];
    return { name: `${kind} ${client}-${server}`, client, server };
  };
  flows.push({
    kind: 'bulk',
    ...ends('bulk', 0),
    port: 5001,
    transferBytes: 250_000,
    transfersPerSecond: 2,
  });
  flows.push({
    kind: 'udp',
    ...ends('udp', 1),
    port: 4000,
    packetsPerSecond: 50,
    payloadBytes: 160,
  });
  flows.push({ kind: 'ping', ...ends('ping', 0), intervalNs: 100e6 });
  if (count > 2) flows.push({ kind: 'ping', ...ends('ping', 2), intervalNs: 100e6 });
  return flows;
}
