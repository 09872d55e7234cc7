/**
 * A network from a capture: its busiest hosts on a small leaf-spine, placed so that those who talk
 * sit on different leaves, and the flows that its packets teach. Hosts get addresses of their own;
 * their names keep the captured ones.
 */
import { UmbraError } from '../base/errors.js';
import {
  destinationAddress,
  dissect,
  emptyDissection,
  sourceAddress,
  type CapturedPacket,
} from '../packet/index.js';
import { leafSpineOf, type Service, type Topology, type TrafficFlow } from '../topology/index.js';
import { ProfileLearner } from './profile.js';

/** How large the network may become (our choice: what a laptop runs at ease). */
export interface CaptureLimits {
  hosts?: number;
  flows?: number;
}

/** What became of a capture's packets, hosts and flows. */
export interface CaptureCounts {
  packets: number;
  /** Between two unicast IP hosts. */
  unicast: number;
  /** Of those, packets of hosts beyond the limit. */
  ofDroppedHosts: number;
  droppedHosts: number;
  /** Flows of dropped hosts, and the smallest ones beyond the limit. */
  droppedFlows: number;
}

/** A network made from a capture. */
export interface CapturedNetwork {
  /** Its traffic is `flows`. */
  topology: Topology;
  flows: TrafficFlow[];
  packets: CaptureCounts;
  /** Captured address to host name. */
  hostByAddress: Map<string, string>;
}

/** A host that talks to itself, as on a loopback interface, becomes two: this one asks. */
const CLIENT_SIDE = '-client';
const SPINES = 2;
const LEAVES = 4;
/** Addresses and pairs that are counted at all; packets of further ones count as dropped. */
const ADDRESS_LIMIT = 65_536;
/** Rates of shorter captures are those of a second: one request is no 1,000 a second. */
const LEAST_WINDOW_NS = 1e9;
const FASTEST_PING_NS = 10e6;
const SLOWEST_PING_NS = 1e9;

/** Bytes and packets of a host, or of a pair in one direction. */
interface Load {
  source: string;
  destination: string;
  packets: number;
  bytes: number;
}

/**
 * Makes a network of a capture's packets. Throws INVALID_INPUT when no packet passes between two
 * hosts, and what reading `packets` throws.
 * @param name the network's name, for people
 */
export function topologyFromCapture(
  packets: Iterable<CapturedPacket>,
  name: string,
  limits: CaptureLimits = {},
): CapturedNetwork {
  const { hosts: hostLimit = 24, flows: flowLimit = 128 } = limits;
  const learner = new ProfileLearner({ leastWindowNs: LEAST_WINDOW_NS });
  const seen = readLoads(packets, learner);
  const byHost = hostLoads(seen.pairs.values());
  if (byHost.length === 0) {
    const what = `${seen.packets} packets, none between two IP hosts`;
    throw new UmbraError('INVALID_INPUT', `${name}: ${what}`);
  }
  const hostByAddress = new Map(byHost.slice(0, hostLimit).map(([a]) => [a, hostName(a)]));
  const kept = [...seen.pairs.values()].filter((pair) => {
    return hostByAddress.has(pair.source) && hostByAddress.has(pair.destination);
  });
  const sideOf = (address: string, role: string, peer: string): string =>
    address === peer && role === 'client' ? address + CLIENT_SIDE : address;
  const known = learner.flows((...end) => hostByAddress.get(sideOf(...end)));
  const pings = silentPairs(kept, known, hostByAddress, learner.windowNs);
  const ranked = [...known, ...pings].sort((a, b) => bitRate(b) - bitRate(a));
  const flows = ranked.slice(0, flowLimit);
  const all = learner.flows(sideOf).length + pings.length;
  const topology = leafSpineOf(SPINES, placeHosts(kept, hostByAddress));
  for (const host of topology.hosts) host.services = servicesOf(host.name, flows);
  const keptPackets = kept.reduce((sum, pair) => sum + pair.packets, 0);
  return {
    topology: { ...topology, name, traffic: flows },
    flows,
    packets: {
      packets: seen.packets,
      unicast: seen.unicast,
      ofDroppedHosts: seen.unicast - keptPackets,
      droppedHosts: byHost.length - hostByAddress.size,
      droppedFlows: all - flows.length,
    },
    hostByAddress,
  };
}

interface Loads {
  packets: number;
  unicast: number;
  pairs: Map<string, Load>;
}

function readLoads(packets: Iterable<CapturedPacket>, learner: ProfileLearner): Loads {
  const loads: Loads = { packets: 0, unicast: 0, pairs: new Map() };
  const found = emptyDissection();
  for (const { frame, timeNs, wireLength } of packets) {
    loads.packets++;
    dissect(frame, wireLength, found);
    if (found.ipVersion === 0) continue;
    let source = sourceAddress(frame, found);
    let destination = destinationAddress(frame, found);
    if (!isUnicast(source) || !isUnicast(destination)) continue;
    if (source === destination) {
      const isRequest = found.sourcePort > found.destinationPort;
      if (isRequest) source += CLIENT_SIDE;
      else destination += CLIENT_SIDE;
    }
    loads.unicast++;
    learner.observe(frame, timeNs, wireLength);
    const key = `${source} ${destination}`;
    let pair = loads.pairs.get(key);
    if (!pair) {
      if (loads.pairs.size === ADDRESS_LIMIT) continue;
      pair = { source, destination, packets: 0, bytes: 0 };
      loads.pairs.set(key, pair);
    }
    pair.packets++;
    pair.bytes += wireLength;
  }
  return loads;
}

/** False for multicast, broadcast and unspecified addresses. */
function isUnicast(address: string): boolean {
  if (address.includes(':')) return !/^ff/i.test(address) && address !== '::';
  const first = parseInt(address, 10);
  return first > 0 && first < 224;
}

/** Addresses with their bytes in both directions, the busiest first. */
function hostLoads(pairs: Iterable<Load>): [address: string, bytes: number][] {
  const bytes = new Map<string, number>();
  for (const pair of pairs) {
    for (const address of [pair.source, pair.destination]) {
      bytes.set(address, (bytes.get(address) ?? 0) + pair.bytes);
    }
  }
  return [...bytes].sort((a, b) => b[1] - a[1]);
}

/** `h-10-0-0-1`: a name for hosts, namespaces and files alike. */
function hostName(address: string): string {
  return `h-${address.replace(/[.:]/g, '-')}`;
}

/**
 * Pairs whose packets make no exchange that is understood (refused connections, unknown protocols)
 * talk in small packets: pings of their rate stand for them.
 */
function silentPairs(
  pairs: readonly Load[],
  known: readonly TrafficFlow[],
  hostByAddress: ReadonlyMap<string, string>,
  windowNs: number,
): TrafficFlow[] {
  const talking = new Set(
    known.flatMap((flow) => [`${flow.client} ${flow.server}`, `${flow.server} ${flow.client}`]),
  );
  const flows: TrafficFlow[] = [];
  for (const { source, destination, packets } of pairs) {
    const client = hostByAddress.get(source)!;
    const server = hostByAddress.get(destination)!;
    if (talking.has(`${client} ${server}`)) continue;
    talking.add(`${client} ${server}`).add(`${server} ${client}`);
    const meanNs = Math.max(windowNs, LEAST_WINDOW_NS) / packets;
    const intervalNs = Math.round(Math.min(SLOWEST_PING_NS, Math.max(FASTEST_PING_NS, meanNs)));
    flows.push({ kind: 'ping', name: `ping ${client}-${server}`, client, server, intervalNs });
  }
  return flows;
}

/** Roughly what a flow takes, bit/s: the measure of which flows stay. */
function bitRate(flow: TrafficFlow): number {
  switch (flow.kind) {
    case 'http':
      return flow.requestsPerSecond * (flow.requestBytes + flow.responseBytes) * 8;
    case 'bulk':
      return flow.transfersPerSecond * flow.transferBytes * 8;
    case 'udp':
      return flow.packetsPerSecond * flow.payloadBytes * 8;
    case 'ping':
      return (64 * 8e9) / flow.intervalNs;
  }
}

/** Each host, the busiest first, goes to the leaf where it has least to say; then the emptiest. */
function placeHosts(
  pairs: readonly Load[],
  hostByAddress: ReadonlyMap<string, string>,
): string[][] {
  const leaves = Array.from({ length: LEAVES }, (): string[] => []);
  const leafOf = new Map<string, number>();
  for (const [address, name] of hostByAddress) {
    const talk = new Array<number>(LEAVES).fill(0);
    for (const { source, destination, bytes } of pairs) {
      const other = source === address ? destination : destination === address ? source : undefined;
      const leaf = other === undefined ? undefined : leafOf.get(other);
      if (leaf !== undefined) talk[leaf]! += bytes;
    }
    let best = 0;
    for (let leaf = 1; leaf < LEAVES; leaf++) {
      const difference = talk[leaf]! - talk[best]! || leaves[leaf]!.length - leaves[best]!.length;
      if (difference < 0) best = leaf;
    }
    leaves[best]!.push(name);
    leafOf.set(address, best);
  }
  return leaves;
}

/** What a host serves, by the flows that end there. */
function servicesOf(host: string, flows: readonly TrafficFlow[]): Service[] {
  const services = new Map<string, Service>();
  for (const flow of flows) {
    if (flow.server !== host || flow.kind === 'ping') continue;
    const protocol = flow.kind === 'bulk' ? 'tcp' : flow.kind;
    const name = `${protocol}-${flow.port}`;
    if (services.has(name)) continue;
    const answer =
      flow.kind === 'http'
        ? { meanMs: flow.serviceNs / 1e6, responseBytes: flow.responseBytes }
        : {};
    services.set(name, { name, protocol, port: flow.port, ...answer });
  }
  return [...services.values()];
}
