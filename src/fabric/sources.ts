/** How the sources of events are numbered, and which part of the network each belongs to. */
import type { Topology } from '../topology/index.js';

/** Where each kind of event source begins; the directions of links come first, from 0. */
export interface SourceNumbers {
  nodes: number;
  hosts: number;
  tcp: number;
  flows: number;
  sockets: number;
  servers: number;
  /** How many there are in all. */
  end: number;
}

/** Numbers the sources of a network with room for so many sockets and flows. */
export function numberSources(topology: Topology, sockets: number, flows: number): SourceNumbers {
  const nodes = topology.links.length * 2;
  const hosts = nodes + topology.switches.length;
  const tcp = hosts + topology.hosts.length;
  const servers = tcp + sockets + flows + sockets;
  return {
    nodes,
    hosts,
    tcp,
    flows: tcp + sockets,
    sockets: tcp + sockets + flows,
    servers,
    end: servers + topology.hosts.length,
  };
}

/** The part that each source belongs to: 0 for all hosts, then one for each switch. */
export function partsOf(
  { links, switches }: Topology,
  nodeIndex: ReadonlyMap<string, number>,
  source: SourceNumbers,
): Int32Array {
  const parts = new Int32Array(source.end);
  const partOf = (name: string): number => 1 + (nodeIndex.get(name) ?? -1);
  links.forEach(({ a, b }, i) => {
    parts[2 * i] = partOf(b.node);
    parts[2 * i + 1] = partOf(a.node);
  });
  switches.forEach((_, i) => (parts[source.nodes + i] = 1 + i));
  return parts;
}
