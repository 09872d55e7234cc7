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
  readonly #hosts: ReadonlySet<string>;

  constructor(
    readonly topology: Topology,
    avoided: Avoided = {},
  ) {
    this.#hosts = new Set(topology.hosts.map((host) => host.name));
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
    const distance = new Map([[host, 0]]);
    const queue = [host];
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      if (node !== host && this.#hosts.has(node)) continue;
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
      if (distance.has(name)) result.set(name, this.#closer(name, host, distance));
    }
    return result;
  }

  /**
   * Shortest paths from a node to a host as lists of hops, in the order of ports, at most `limit`.
   * Empty when there is none.
   */
  shortestPaths(from: string, host: string, limit = 64): NextHop[][] {
    const distance = this.distancesTo(host);
    const paths: NextHop[][] = [];
    const extend = (node: string, path: NextHop[]): void => {
      if (paths.length === limit) return;
      if (node === host) {
        paths.push(path);
        return;
      }
      for (const hop of this.#closer(node, host, distance)) extend(hop.node, [...path, hop]);
    };
    if (distance.has(from)) extend(from, []);
    return paths;
  }

  /** Neighbours of `node` that are one hop nearer to `host`, in the order of ports. */
  #closer(node: string, host: string, distance: ReadonlyMap<string, number>): NextHop[] {
    const nearer = distance.get(node)! - 1;
    return this.neighbours(node)
      .filter((next) => next.node === host || !this.#hosts.has(next.node))
      .filter((next) => distance.get(next.node) === nearer)
      .sort((a, b) => a.port - b.port);
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

/** The ports that a host's cables lead to. */
export function attachmentsOf({ links }: Topology, host: string): Endpoint[] {
  const own = links.filter(({ a, b }) => a.node === host || b.node === host);
  return own.map((link) => farEnd(link, host));
}

/** Ports of a switch that lead to hosts, with the host's name. */
export function hostPorts(topology: Topology, device: string): Map<number, string> {
  const hosts = new Set(topology.hosts.map((host) => host.name));
  return new Map([...switchPorts(topology, device)].filter(([, other]) => hosts.has(other)));
}

/** Ports of a switch with a cable, and what is at its other end. */
export function switchPorts(topology: Topology, device: string): Map<number, string> {
  const ports = new Map<number, string>();
  for (const link of topology.links) {
    for (const end of [link.a, link.b]) {
      if (end.node === device) ports.set(end.port, farEnd(link, end.node).node);
    }
  }
  return ports;
}
