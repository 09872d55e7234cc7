/** Paths through a topology. Hosts are leaves: no path leads through one. */
import type { Endpoint, Link, Topology } from './topology.js';

/** One step from a switch towards a destination: the port, and what lies behind it. */
export interface NextHop {
  port: number;
  node: string;
  link: string;
}

/** What paths must not use. */
export interface Avoided {
  links?: ReadonlySet<string>;
  devices?: ReadonlySet<string>;
}

/** Neighbours of every node, in the order of the topology's links. */
export class Graph {
  readonly #neighbours = new Map<string, NextHop[]>();

  constructor(
    readonly topology: Topology,
    avoided: Avoided = {},
  ) {
    for (const link of topology.links) {
      const isAvoided =
        avoided.links?.has(link.name) ||
        avoided.devices?.has(link.a.node) ||
        avoided.devices?.has(link.b.node);
      if (isAvoided) continue;
      this.#add(link, link.a, link.b);
      this.#add(link, link.b, link.a);
    }
  }

  neighbours(node: string): readonly NextHop[] {
    return this.#neighbours.get(node) ?? [];
  }

  /** Hops from every node to `host`; a node that cannot reach it is absent. */
  distancesTo(host: string): Map<string, number> {
    const hosts = new Set(this.topology.hosts.map((h) => h.name));
    const distance = new Map([[host, 0]]);
    const queue = [host];
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      if (node !== host && hosts.has(node)) continue;
      for (const next of this.neighbours(node)) {
        if (distance.has(next.node)) continue;
        distance.set(next.node, distance.get(node)! + 1);
        queue.push(next.node);
      }
    }
    return distance;
  }

  /** Per switch, all next hops on shortest paths to `host`, in the order of ports. */
  nextHopsTo(host: string): Map<string, NextHop[]> {
    const distance = this.distancesTo(host);
    const result = new Map<string, NextHop[]>();
    for (const { name } of this.topology.switches) {
      const own = distance.get(name);
      if (own === undefined) continue;
      const hops = this.neighbours(name).filter((next) => {
        const isForwarder = next.node === host || this.#isSwitch(next.node);
        return isForwarder && distance.get(next.node) === own - 1;
      });
      result.set(
        name,
        [...hops].sort((a, b) => a.port - b.port),
      );
    }
    return result;
  }

  #isSwitch(name: string): boolean {
    return this.topology.switches.some((device) => device.name === name);
  }

  #add(link: Link, from: Endpoint, to: Endpoint): void {
    const hop = { port: from.port, node: to.node, link: link.name };
    const list = this.#neighbours.get(from.node);
    if (list) list.push(hop);
    else this.#neighbours.set(from.node, [hop]);
  }
}

/** The other end of a link. */
export function farEnd(link: Link, node: string): Endpoint {
  return link.a.node === node ? link.b : link.a;
}

/** Ports of a switch that lead to hosts, with the host's name. */
export function hostPorts(topology: Topology, device: string): Map<number, string> {
  const hosts = new Set(topology.hosts.map((host) => host.name));
  const ports = new Map<number, string>();
  for (const link of topology.links) {
    for (const end of [link.a, link.b]) {
      const other = farEnd(link, end.node).node;
      if (end.node === device && hosts.has(other)) ports.set(end.port, other);
    }
  }
  return ports;
}
