/** Production of namespaces, veth cables and switch processes. Linux and root. */
import type { ChildProcess } from 'node:child_process';
import { defined } from '../base/assert.js';
import { Namespaces, removeAbandonedCables } from '../linux/index.js';
import { MIRROR_PORT } from '../mirror/index.js';
import type { Endpoint, Topology, TrafficFlow } from '../topology/index.js';
import { trafficCommands } from './hostTraffic.js';
import type { MirrorInlet } from './mirrorInlet.js';
import type { RealNetwork } from './realNetwork.js';
import { startSwitch, type SwitchKind } from './switchTarget.js';

/** Room for a whole frame in its ERSPAN wrapping. */
const MIRROR_MTU = 9216;

/** A network of namespaces and daemons. */
export class NamespaceNetwork implements RealNetwork {
  readonly addresses = new Map<string, string>();
  /** Names of this run: two networks can stand side by side. */
  readonly #run = process.pid.toString(36);
  readonly #namespaces = new Namespaces(`live-${this.#run}`);
  readonly #daemons: ChildProcess[] = [];
  #traffic: ChildProcess[] = [];

  constructor(
    private readonly topology: Topology,
    private readonly kind: SwitchKind,
  ) {}

  get description(): string {
    const { switches, hosts } = this.topology;
    const program = this.kind === 'bmv2' ? 'simple_switch_grpc' : 'switch daemons';
    return `${switches.length} switches (${program}), ${hosts.length} hosts in namespaces`;
  }

  async start(inlet: MirrorInlet): Promise<void> {
    const interfaces = this.#addLinks();
    const run = this.#run;
    const mirrorOf = await mirrorPorts(this.kind, inlet, this.topology, this.#namespaces, run);
    await Promise.all(
      this.topology.switches.map(async ({ name, deviceId }) => {
        const ports = [...(interfaces.get(name) ?? []), mirrorOf.get(name)!];
        const started = await startSwitch(this.kind, { name, deviceId, ports });
        this.#daemons.push(started.process);
        this.addresses.set(name, started.address);
      }),
    );
  }

  startTraffic(flows: readonly TrafficFlow[], seed: number): void {
    for (const [host, commands] of trafficCommands(this.topology, flows, seed)) {
      for (const command of commands) this.#traffic.push(this.#namespaces.start(host, command));
    }
  }

  stopTraffic(): void {
    for (const program of this.#traffic.splice(0)) program.kill('SIGKILL');
  }

  execute(host: string, command: readonly string[]): string {
    const done = this.#namespaces.execute(host, command);
    return `${done.stdout ?? ''}${done.stderr ?? ''}`.trim();
  }

  close(): void {
    this.stopTraffic();
    this.#namespaces.close();
    for (const daemon of this.#daemons.splice(0)) daemon.kill('SIGTERM');
  }

  /** Hosts and cables; gives the interfaces of each switch as `PORT@NAME`. */
  #addLinks(): Map<string, string[]> {
    const interfaces = new Map<string, string[]>();
    this.topology.links.forEach((link, i) => {
      const ends: [Endpoint, string][] = [
        [link.a, `u${this.#run}${i}a`],
        [link.b, `u${this.#run}${i}b`],
      ];
      const host = ends.find(([end]) => this.#isHost(end.node));
      for (const [end, name] of ends) {
        if (this.#isHost(end.node)) continue;
        interfaces.set(end.node, [...(interfaces.get(end.node) ?? []), `${end.port}@${name}`]);
      }
      if (host) this.#addHost(host[0].node, ends.find((end) => end !== host)![1]);
      else this.#namespaces.addCable(ends[0]![1], ends[1]![1]);
    });
    return interfaces;
  }

  #isHost(name: string): boolean {
    return this.topology.hosts.some((host) => host.name === name);
  }

  #addHost(name: string, peer: string): void {
    const host = defined(
      this.topology.hosts.find((h) => h.name === name),
      name,
    );
    const address = `${host.ip}/${host.prefixLength}`;
    this.#namespaces.addHost({ name, mac: host.mac, address, gateway: host.gateway, peer });
  }
}

/**
 * The mirror port of every switch as `PORT@WHERE`, its other end at the inlet. Umbra's daemons send
 * over UDP; BMv2 has interfaces only, so it gets a cable.
 * @param run makes the cables' names unique on this machine
 */
export async function mirrorPorts(
  kind: SwitchKind,
  inlet: MirrorInlet,
  { switches }: Topology,
  namespaces: Namespaces,
  run: string,
): Promise<Map<string, string>> {
  if (kind === 'umbra') {
    const port = await inlet.openUdp();
    return new Map(switches.map(({ name }) => [name, port]));
  }
  removeAbandonedCables();
  const ports = new Map<string, string>();
  for (const [i, { name }] of switches.entries()) {
    const [near, far] = [`u${run}m${i}a`, `u${run}m${i}b`];
    namespaces.addCable(near, far, MIRROR_MTU);
    await inlet.openInterface(far);
    ports.set(name, `${MIRROR_PORT}@${near}`);
  }
  return ports;
}
