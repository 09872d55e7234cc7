/** How much of a flow a failure can touch: the share of its packets that pass the failed part. */
import { Graph, type Host, type Topology, type TrafficFlow } from '../topology/index.js';
import { serversOf, type Server } from './app.js';
import { isOfControl } from './control.js';
import type { Failure, FlowMatch } from './failure.js';
import { valuesMeet } from './entry.js';
import { linksOf } from './partition.js';

/** Shares of a flow's packets by link and by switch, both directions together. */
export interface Exposure {
  links: Map<string, number>;
  devices: Map<string, number>;
  client: string;
  /** Who answers the flow's requests. */
  server: { host: string; port: number | undefined };
  flow: TrafficFlow;
}

/** Exposure of every flow, when each switch spreads evenly over its shortest paths. */
export function exposuresOf(
  topology: Topology,
  flows: readonly TrafficFlow[],
): Map<string, Exposure> {
  const graph = new Graph(topology);
  const isSwitch = new Set(topology.switches.map((device) => device.name));
  return new Map(
    flows.map((flow) => {
      const server = { host: flow.server, port: 'port' in flow ? flow.port : undefined };
      const { client } = flow;
      const exposure: Exposure = { links: new Map(), devices: new Map(), client, server, flow };
      spread(graph, isSwitch, flow.client, flow.server, exposure);
      spread(graph, isSwitch, flow.server, flow.client, exposure);
      return [flow.name, exposure];
    }),
  );
}

/** Follows one direction from node to node, dividing its packets among the next hops. */
function spread(
  graph: Graph,
  isSwitch: ReadonlySet<string>,
  from: string,
  to: string,
  exposure: Exposure,
): void {
  const distance = graph.distancesTo(to);
  const next = graph.nextHopsTo(to);
  const add = (map: Map<string, number>, key: string, share: number): void => {
    map.set(key, (map.get(key) ?? 0) + share / 2);
  };
  let frontier = new Map([[from, 1]]);
  for (let steps = distance.get(from) ?? 0; steps > 0; steps--) {
    const following = new Map<string, number>();
    for (const [node, share] of frontier) {
      if (isSwitch.has(node)) add(exposure.devices, node, share);
      const hops = isSwitch.has(node) ? (next.get(node) ?? []) : graph.neighbours(node);
      for (const hop of hops) {
        const part = share / hops.length;
        add(exposure.links, hop.link, part);
        following.set(hop.node, (following.get(hop.node) ?? 0) + part);
      }
    }
    frontier = following;
  }
}

/** The share of a flow's packets, or of its answers, that a failure can touch. */
export function exposureTo(topology: Topology, exposure: Exposure, failure: Failure): number {
  if (failure.type === 'device_failure') {
    const { device } = failure;
    // What hinders the controller touches no packet.
    if (isOfControl(failure)) return 0;
    const isAtEnd = device === exposure.client || device === exposure.server.host;
    return isAtEnd ? 1 : (exposure.devices.get(device) ?? 0);
  }
  if (failure.type === 'resource_exhaustion') {
    const { device, host } = failure;
    if (device !== undefined) return exposure.devices.get(device) ?? 0;
    return host === exposure.server.host ? 1 : 0;
  }
  if (failure.type === 'app_error') {
    const { server } = exposure;
    const isServedBy = ({ host, port }: Server): boolean =>
      host.name === server.host && port === server.port;
    return serversOf(topology, failure).some(isServedBy) ? 1 : 0;
  }
  if (failure.flow && !isOfFlow(topology, exposure.flow, failure.flow)) return 0;
  const shares = linksOf(topology, failure).map(({ name }) => exposure.links.get(name) ?? 0);
  const share = Math.min(
    1,
    shares.reduce((sum, one) => sum + one, 0),
  );
  return failure.direction === 'both' ? share : share / 2;
}

const protocols = { http: 6, bulk: 6, udp: 17, ping: 1 } as const;

/** Whether packets of a flow, in either direction, can be among those that are matched. */
function isOfFlow(topology: Topology, flow: TrafficFlow, match: FlowMatch): boolean {
  const hostOf = (name: string): Host | undefined => topology.hosts.find((h) => h.name === name);
  const [client, server] = [hostOf(flow.client)?.ip, hostOf(flow.server)?.ip];
  const port = 'port' in flow ? flow.port : undefined;
  if (match.protocol !== undefined && match.protocol !== protocols[flow.kind]) return false;
  // The client's port is any: it is not known.
  const agrees = (wanted: number | undefined, is: number | undefined): boolean =>
    wanted === undefined || is === undefined || wanted === is;
  const { source, destination, sourcePort, destinationPort } = match;
  const isRequest =
    isWithin(client, source) && isWithin(server, destination) && agrees(destinationPort, port);
  const isAnswer =
    isWithin(server, source) && isWithin(client, destination) && agrees(sourcePort, port);
  return isRequest || isAnswer;
}

/** Whether an address lies within a prefix; a host that is not known could be anywhere. */
function isWithin(address: string | undefined, prefix: string | undefined): boolean {
  if (address === undefined || prefix === undefined) return true;
  return valuesMeet(address, prefix);
}
