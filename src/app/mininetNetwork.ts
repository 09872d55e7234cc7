/**
 * Production in Mininet: `mininet/run.py` builds hosts, links and switches from a plan, and hands
 * over Mininet's prompt when it is told to. Linux and root.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { defined } from '../base/assert.js';
import { UmbraError } from '../base/errors.js';
import { shippedFile } from '../base/paths.js';
import { Namespaces } from '../linux/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import { setEgressQueues } from './bmv2Queues.js';
import { trafficCommands } from './hostTraffic.js';
import type { MirrorInlet } from './mirrorInlet.js';
import { mirrorPorts } from './namespaceNetwork.js';
import type { RealNetwork } from './realNetwork.js';
import { freeAddress, portOf, QUEUE_PACKETS, type SwitchKind } from './switchTarget.js';

/** The Python that Debian's Mininet is installed for. */
export const MININET_PYTHON = '/usr/bin/python3';
const BUILD_DEADLINE_MS = 60_000;
const COMMAND_DEADLINE_MS = 30_000;

/** What the Python side is told; it says `host` and `switch` in its own constructors' words. */
interface Plan {
  switch: SwitchKind;
  hosts: { name: string; address: string; mac: string; gateway: string }[];
  switches: Record<string, unknown>[];
  links: Pick<Topology['links'][number], 'a' | 'b'>[];
}

/** A network that Mininet builds. */
export class MininetNetwork implements RealNetwork {
  readonly addresses = new Map<string, string>();
  readonly #cables = new Namespaces('mininet');
  #python: ChildProcess | undefined;
  #orders: Writable | undefined;
  #ended: Promise<void> | undefined;
  #hosts: Record<string, number> = {};
  #traffic: ChildProcess[] = [];

  constructor(
    private readonly topology: Topology,
    private readonly kind: SwitchKind,
  ) {}

  get description(): string {
    const { switches, hosts } = this.topology;
    return `Mininet with ${switches.length} switches (${this.kind}), ${hosts.length} hosts`;
  }

  async start(inlet: MirrorInlet): Promise<void> {
    const run = process.pid.toString(36);
    const mirrors = await mirrorPorts(this.kind, inlet, this.topology, this.#cables, run);
    const thriftPorts: number[] = [];
    const plan = await this.#plan(mirrors, thriftPorts);
    const args = ['-B', shippedFile('mininet/run.py')];
    // What Mininet prints is for people: standard output stays one document.
    const python = spawn(MININET_PYTHON, args, {
      stdio: ['inherit', process.stderr, 'inherit', 'pipe', 'pipe'],
      env: { ...process.env, UMBRA_NODE: process.execPath },
    });
    this.#python = python;
    this.#ended = new Promise((resolve) => python.once('close', () => resolve()));
    this.#orders = python.stdio[3] as Writable;
    // A child that has ended takes no orders; its end says why.
    this.#orders.on('error', () => {});
    this.#orders.write(`${JSON.stringify(plan)}\n`);
    this.#hosts = await this.#ready(python.stdio[4] as Readable);
    for (const port of thriftPorts) await setEgressQueues(port, QUEUE_PACKETS);
  }

  /** Gives the terminal to Mininet's prompt until the user leaves it. */
  async prompt(): Promise<void> {
    this.#orders?.write('prompt\n');
    await this.#ended;
  }

  startTraffic(flows: readonly TrafficFlow[], seed: number): void {
    for (const [host, commands] of trafficCommands(this.topology, flows, seed)) {
      for (const command of commands) {
        const [program, ...args] = this.#inHost(host, command);
        this.#traffic.push(spawn(program!, args, { stdio: 'ignore' }));
      }
    }
  }

  stopTraffic(): void {
    for (const program of this.#traffic.splice(0)) program.kill('SIGKILL');
  }

  execute(host: string, command: readonly string[]): string {
    const [program, ...args] = this.#inHost(host, command);
    const options = { encoding: 'utf8', timeout: COMMAND_DEADLINE_MS } as const;
    const done = spawnSync(program!, args, options);
    return `${done.stdout ?? ''}${done.stderr ?? ''}`.trim();
  }

  async close(): Promise<void> {
    this.stopTraffic();
    this.#orders?.end();
    await this.#ended;
    this.#cables.close();
  }

  async #plan(mirrors: Map<string, string>, thriftPorts: number[]): Promise<Plan> {
    const { hosts, switches, links } = this.topology;
    const planned: Plan['switches'] = [];
    for (const { name, deviceId } of switches) {
      const address = await freeAddress();
      this.addresses.set(name, address);
      const thriftPort = portOf(await freeAddress());
      if (this.kind === 'bmv2') thriftPorts.push(thriftPort);
      planned.push({
        name,
        dpid: deviceId.toString(16),
        device_id: deviceId,
        grpc_port: portOf(address),
        more_ports: [defined(mirrors.get(name), name)],
        ...(this.kind === 'bmv2' && { thrift_port: thriftPort }),
      });
    }
    return {
      switch: this.kind,
      hosts: hosts.map(({ name, ip, prefixLength, mac, gateway }) => ({
        name,
        address: `${ip}/${prefixLength}`,
        mac,
        gateway,
      })),
      switches: planned,
      links: links.map(({ a, b }) => ({ a, b })),
    };
  }

  async #ready(answers: Readable): Promise<Record<string, number>> {
    const deadline = setTimeout(() => this.#python?.kill('SIGTERM'), BUILD_DEADLINE_MS);
    try {
      for await (const line of createInterface({ input: answers })) {
        const answer = JSON.parse(line) as { hosts?: Record<string, number>; error?: string };
        if (answer.hosts) return answer.hosts;
        throw new UmbraError('UNAVAILABLE', `Mininet: ${answer.error}`);
      }
    } finally {
      clearTimeout(deadline);
    }
    throw new UmbraError('UNAVAILABLE', 'Mininet ended before its network stood');
  }

  #inHost(host: string, command: readonly string[]): string[] {
    const pid = defined(this.#hosts[host], `host ${host}`);
    return ['mnexec', '-a', String(pid), ...command];
  }
}
