/**
 * A network in virtual time: switches as nodes, hosts, links, traffic. One event queue; all state
 * that changes is in one arena or in what the nodes save, so that a network forks by a copy.
 */
import { Arena } from '../base/arena.js';
import { assert, defined } from '../base/assert.js';
import { UmbraError } from '../base/errors.js';
import type { HostControl } from '../base/hostLimits.js';
import { deriveSeed } from '../base/prng.js';
import { fabricPool, NO_PACKET, PacketPool, type PacketPoolOptions } from '../packet/index.js';
import type { Endpoint, SwitchDevice, Topology, TrafficFlow } from '../topology/index.js';
import { EventQueue } from './eventQueue.js';
import { FlowTable, type FlowStats } from './flowStats.js';
import { Hosts, NO_FLOW, type HostSurroundings } from './hosts.js';
import { Links, type LinkCounters } from './links.js';
import type { Attachment, Node } from './node.js';
import { Servers, type ServerStats } from './servers.js';
import { Sockets } from './sockets.js';
import { numberSources, partsOf, type SourceNumbers } from './sources.js';
import { Tcp } from './tcp.js';
import { Traffic } from './traffic.js';

/** Ports of a switch are numbered below this. */
export const PORT_LIMIT = 512;

/** How large a network may become. */
export interface FabricOptions {
  seed: number;
  pool?: PacketPoolOptions;
  maxFlows?: number;
  maxSockets?: number;
}

/** Makes the node of one switch; its ports are the topology's. */
export type NodeMaker = (
  device: SwitchDevice,
  attachment: Attachment,
  pool: PacketPool,
  now: () => number,
) => Node;

/** Hears frames that leave a switch by a port without a link. The bytes are a view. */
export type PortTap = (frame: Uint8Array, wireLength: number, nowNs: number) => void;

/** A whole network as it was. */
export interface FabricSnapshot {
  arena: Uint8Array;
  nodes: unknown[];
  traffic: unknown;
}

/** A network. */
export class Fabric {
  readonly pool: PacketPool;
  /** Hears every frame that a simulated host sends, when it sends it. */
  hostListener: PortTap | undefined;
  readonly #arena: Arena;
  readonly #events: EventQueue;
  readonly #links: Links;
  readonly #hosts: Hosts;
  readonly #sockets: Sockets;
  readonly #tcp: Tcp;
  readonly #traffic: Traffic;
  readonly #servers: Servers;
  readonly #stats: FlowTable;
  readonly #nodes: Node[] = [];
  readonly #nodeIndex: Map<string, number>;
  /** [0] now. */
  readonly #now: Float64Array;
  /**
   * [0] packets that reached a switch, [1] events, [2] packets to ports without link or tap,
   * [3] frames from outside that found no room.
   */
  readonly #counts: Float64Array;
  /** Node and port to the direction of a link that leaves there, or -1. */
  readonly #out: Int32Array;
  readonly #hostOut: Int32Array;
  /** Where a direction leads: node (hosts after switches) and port. */
  readonly #toNode: Int32Array;
  readonly #toPort: Int32Array;
  readonly #taps = new Map<number, PortTap>();
  readonly #source: SourceNumbers;

  constructor(
    readonly topology: Topology,
    options: FabricOptions,
    makeNode: NodeMaker,
  ) {
    const { hosts, switches, links } = topology;
    const maxSockets = options.maxSockets ?? 1024;
    const maxFlows = options.maxFlows ?? 256;
    const poolOptions = options.pool ?? fabricPool;
    this.#arena = new Arena(
      poolOptions.slots * (poolOptions.slotBytes + 64) +
        maxSockets * 1024 +
        maxFlows * 8192 +
        hosts.length * 8192 +
        links.length * 256 +
        1024 * 1024,
    );
    const arena = this.#arena;
    const now = (this.#now = arena.float64(1));
    this.#counts = arena.float64(4);
    const pool = (this.pool = new PacketPool(poolOptions, arena));
    const source = (this.#source = numberSources(topology, maxSockets, maxFlows));
    this.#nodeIndex = new Map(switches.map((device, i) => [device.name, i]));
    const events = new EventQueue(arena, partsOf(topology, this.#nodeIndex, source));
    this.#events = events;
    this.#links = new Links(arena, links, pool, events, now);
    this.#stats = new FlowTable(arena, maxFlows);
    const sockets = (this.#sockets = new Sockets(arena, maxSockets));
    this.#traffic = new Traffic(
      arena,
      hosts,
      switches,
      maxFlows,
      sockets,
      this.#stats,
      events,
      source,
      now,
    );
    this.#hosts = new Hosts(arena, hosts, pool, events, source.hosts, now, this.#aroundHosts());
    this.#tcp = new Tcp(sockets, pool, events, source.tcp, now, this.#hosts, this.#traffic);
    this.#servers = new Servers(arena, hosts, sockets, events, source, now, this.#traffic);
    this.#traffic.attach(this.#tcp, this.#hosts, this.#servers);
    this.#out = new Int32Array(switches.length * PORT_LIMIT).fill(-1);
    this.#hostOut = new Int32Array(hosts.length).fill(-1);
    this.#toNode = new Int32Array(links.length * 2);
    this.#toPort = new Int32Array(links.length * 2);
    this.#wire();
    switches.forEach((device, i) => {
      this.#nodes.push(makeNode(device, this.#attachment(i), pool, () => now[0]!));
    });
  }

  get nowNs(): number {
    return this.#now[0]!;
  }

  /** Packets that reached a switch. */
  get packetHops(): number {
    return this.#counts[0]!;
  }

  /** Frames from outside that found no room. */
  get refusedFrames(): number {
    return this.#counts[3]!;
  }

  get eventCount(): number {
    return this.#counts[1]!;
  }

  /** When the next event is due, ns; Infinity when nothing will happen. */
  get nextEventNs(): number {
    return this.#events.nextNs;
  }

  /** Bytes of the arena: what a snapshot copies besides the nodes' own state. */
  get stateBytes(): number {
    return this.#arena.byteLength;
  }

  /** Packets lost to a lack of slots, sockets or next hops: limits of the model, not of links. */
  get shortages(): { packets: number; sockets: number; unresolved: number } {
    return {
      packets: this.pool.exhausted,
      sockets: this.#sockets.exhausted,
      unresolved: this.#hosts.unresolved[0]!,
    };
  }

  node(name: string): Node {
    const index = this.#nodeIndex.get(name);
    if (index === undefined) throw new UmbraError('NOT_FOUND', `no switch '${name}'`);
    return this.#nodes[index]!;
  }

  /** Replaces all traffic and clears its statistics. */
  start(flows: readonly TrafficFlow[], seed: number): void {
    this.#servers.reseed(seed);
    this.#traffic.start(flows, seed);
  }

  stopTraffic(): void {
    this.#traffic.stop();
  }

  flowStats(): FlowStats[] {
    return this.#traffic.flows.map((flow, i) => this.#stats.read(i, flow));
  }

  /** What limits act through on a host: faults of the shadow. Throws NOT_FOUND. */
  hostControl(name: string): HostControl {
    return this.#servers.control(this.#hostOf(name));
  }

  /** What a host's servers have done. Throws NOT_FOUND. */
  serverStats(name: string): ServerStats {
    return this.#servers.statsOf(this.#hostOf(name));
  }

  /** Both directions of a link: [a to b, b to a]. */
  linkCounters(name: string): [LinkCounters, LinkCounters] {
    const i = this.topology.links.findIndex((link) => link.name === name);
    if (i < 0) throw new UmbraError('NOT_FOUND', `no link '${name}'`);
    return [this.#links.counters(2 * i), this.#links.counters(2 * i + 1)];
  }

  /** Hears what leaves a switch by a port that has no link. */
  tap(device: string, port: number, listener: PortTap): void {
    const index = defined(this.#nodeIndex.get(device), device);
    assert(this.#out[index * PORT_LIMIT + port] === -1, 'a tap is on a port without a link');
    this.#taps.set(index * PORT_LIMIT + port, listener);
  }

  /** A frame arrives at a switch's port, as if from outside. False when there is no room. */
  inject(device: string, port: number, frame: Uint8Array, wireLength = frame.length): boolean {
    const packet = this.pool.allocFrom(frame, wireLength);
    if (packet === NO_PACKET) {
      this.#counts[3]!++;
      return false;
    }
    this.pool.mark[packet] = NO_FLOW;
    this.pool.bornNs[packet] = this.#now[0]!;
    this.#counts[0]!++;
    this.node(device).receive(port, packet, this.#now[0]!);
    return true;
  }

  /**
   * Runs every event up to and including `untilNs`; the clock ends there. A part of the network
   * goes on while nothing that another part still has to do could reach it.
   */
  runUntil(untilNs: number): void {
    const events = this.#events;
    const now = this.#now;
    const { lookaheadNs } = this.#links;
    while (events.nextNs <= untilNs) {
      const part = events.begin();
      try {
        do {
          now[0] = part.nextNs;
          this.#counts[1]!++;
          this.#dispatch(part.take());
        } while (part.nextNs <= untilNs && part.nextNs < events.nextNs + lookaheadNs);
      } finally {
        events.end();
      }
    }
    if (untilNs > now[0]!) now[0] = untilNs;
  }

  /** Starts the random streams of traffic and switches again. */
  reseed(seed: number): void {
    this.#traffic.reseed(seed);
    this.#servers.reseed(seed);
    this.topology.switches.forEach((device, i) => {
      this.#nodes[i]!.reseed(deriveSeed(seed, device.name));
    });
  }

  save(): FabricSnapshot {
    return {
      arena: this.#arena.save(),
      nodes: this.#nodes.map((node) => node.save()),
      traffic: this.#traffic.active,
    };
  }

  load(snapshot: FabricSnapshot): void {
    this.#arena.load(snapshot.arena);
    this.#nodes.forEach((node, i) => node.load(snapshot.nodes[i]));
    this.#traffic.active = snapshot.traffic;
  }

  #dispatch(source: number): void {
    const { nodes, hosts, tcp, flows, sockets, servers } = this.#source;
    if (source < nodes) this.#arrive(source);
    else if (source < hosts) this.#nodes[source - nodes]!.wake(this.#now[0]!);
    else if (source < tcp) this.#hosts.timer(source - hosts);
    else if (source < flows) this.#tcp.timer(source - tcp);
    else if (source < sockets) this.#traffic.flowTimer(source - flows);
    else if (source < servers) this.#traffic.socketTimer(source - sockets);
    else this.#servers.limitsTimer(source - servers);
  }

  #arrive(direction: number): void {
    const packet = this.#links.take(direction);
    const to = this.#toNode[direction]!;
    if (to < this.#nodes.length) {
      this.#counts[0]!++;
      this.#nodes[to]!.receive(this.#toPort[direction]!, packet, this.#now[0]!);
    } else {
      const host = to - this.#nodes.length;
      if (this.#servers.isSilent(host)) this.pool.free(packet);
      else this.#hosts.receive(host, packet);
    }
  }

  #hostOf(name: string): number {
    const host = this.topology.hosts.findIndex((one) => one.name === name);
    if (host < 0) throw new UmbraError('NOT_FOUND', `no host '${name}'`);
    return host;
  }

  #aroundHosts(): HostSurroundings {
    const { pool } = this;
    return {
      transmit: (host, packet) => {
        if (this.#servers.isSilent(host)) {
          pool.free(packet);
          return;
        }
        this.hostListener?.(pool.view(packet), pool.wireLength[packet]!, this.#now[0]!);
        this.#links.send(this.#hostOut[host]!, packet);
      },
      tcp: (host, packet, at, ip, bytes) => this.#tcp.receive(host, packet, at, ip, bytes),
      datagram: (_, p) => {
        this.#traffic.datagram(pool.mark[p]!, pool.wireLength[p]!, pool.bornNs[p]!);
      },
      echoReply: (_, p) => this.#traffic.echoReply(pool.mark[p]!, pool.bornNs[p]!),
    };
  }

  #attachment(index: number): Attachment {
    return {
      transmit: (port, packet) => {
        const direction = port < PORT_LIMIT ? this.#out[index * PORT_LIMIT + port]! : -1;
        if (direction >= 0) this.#links.send(direction, packet);
        else this.#unlinked(index * PORT_LIMIT + port, packet);
      },
      wakeAt: (timeNs) => {
        const source = this.#source.nodes + index;
        if (timeNs === Infinity) this.#events.cancel(source);
        else this.#events.schedule(source, timeNs);
      },
    };
  }

  #unlinked(key: number, packet: number): void {
    const tap = this.#taps.get(key);
    if (tap) tap(this.pool.view(packet), this.pool.wireLength[packet]!, this.#now[0]!);
    else this.#counts[2]!++;
    this.pool.free(packet);
  }

  #wire(): void {
    const { hosts, links, switches } = this.topology;
    const hostIndex = new Map(hosts.map((host, i) => [host.name, i]));
    const place = (end: Endpoint): [node: number, port: number] => {
      const node = this.#nodeIndex.get(end.node);
      if (node !== undefined) return [node, end.port];
      return [switches.length + defined(hostIndex.get(end.node), end.node), 0];
    };
    const leave = ([node, port]: [number, number], direction: number): void => {
      if (node < switches.length) this.#out[node * PORT_LIMIT + port] = direction;
      else this.#hostOut[node - switches.length] = direction;
    };
    links.forEach((link, i) => {
      const a = place(link.a);
      const b = place(link.b);
      leave(a, 2 * i);
      leave(b, 2 * i + 1);
      [this.#toNode[2 * i], this.#toPort[2 * i]] = b;
      [this.#toNode[2 * i + 1], this.#toPort[2 * i + 1]] = a;
    });
  }
}

/** Runs several networks on one clock, event by event in the order of time. */
export function runTogether(fabrics: readonly Fabric[], untilNs: number): void {
  for (;;) {
    let next = Infinity;
    for (const fabric of fabrics) next = Math.min(next, fabric.nextEventNs);
    if (next > untilNs) break;
    for (const fabric of fabrics) fabric.runUntil(next);
  }
  for (const fabric of fabrics) fabric.runUntil(untilNs);
}
