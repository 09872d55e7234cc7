/** Production for real: kernel hosts in namespaces, switch daemons, and the hosts' traffic. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { shippedFile } from '../base/paths.js';
import { UmbraError } from '../base/errors.js';
import { defined } from '../base/assert.js';
import { Namespaces } from '../linux/index.js';
import { MIRROR_PORT } from '../mirror/index.js';
import type { Endpoint, Topology, TrafficFlow } from '../topology/index.js';

const START_DEADLINE_MS = 20_000;
const DAEMON = 'bin/umbra.js';

/** A network of namespaces and daemons. */
export class LiveNetwork {
  readonly #namespaces = new Namespaces('live');
  readonly #daemons: ChildProcess[] = [];
  /** P4Runtime addresses by device. */
  readonly addresses = new Map<string, string>();

  /** @param collectorPort UDP port to which the mirror sends */
  constructor(
    private readonly topology: Topology,
    private readonly collectorPort: number,
  ) {}

  /** Builds hosts and cables, then starts one daemon per switch. */
  async start(): Promise<void> {
    const interfaces = new Map<string, string[]>();
    this.topology.links.forEach((link, i) => {
      const ends: [Endpoint, string][] = [
        [link.a, `umbl${i}a`],
        [link.b, `umbl${i}b`],
      ];
      const host = ends.find(([end]) => this.#isHost(end.node));
      for (const [end, name] of ends) {
        if (this.#isHost(end.node)) continue;
        interfaces.set(end.node, [...(interfaces.get(end.node) ?? []), `${end.port}@${name}`]);
      }
      if (host) this.#addHost(host[0].node, ends.find((end) => end !== host)![1]);
      else this.#namespaces.addCable(ends[0]![1], ends[1]![1]);
    });
    await Promise.all(
      this.topology.switches.map(async ({ name, deviceId }) => {
        const mirror = `${MIRROR_PORT}@udp:0:127.0.0.1:${this.collectorPort}`;
        const ports = [...(interfaces.get(name) ?? []), mirror];
        this.addresses.set(name, await this.#startDaemon(name, deviceId, ports));
      }),
    );
  }

  /** Starts servers and clients for the flows; a program that is missing is an error. */
  startTraffic(flows: readonly TrafficFlow[]): void {
    const servers = new Set<string>();
    for (const flow of flows) {
      const server = defined(
        this.topology.hosts.find((h) => h.name === flow.server),
        flow.server,
      );
      const command = trafficCommand(flow, server.ip);
      const key = `${flow.kind} ${flow.server}`;
      if (command.server && !servers.has(key)) {
        this.#namespaces.start(flow.server, command.server);
        servers.add(key);
      }
      this.#namespaces.start(flow.client, command.client);
    }
  }

  /** Runs one command in a host and gives its output. */
  execute(host: string, command: readonly string[]): string {
    const done = this.#namespaces.execute(host, command);
    return `${done.stdout ?? ''}${done.stderr ?? ''}`.trim();
  }

  /** Ends everything that was started. May be called again. */
  close(): void {
    this.#namespaces.close();
    for (const daemon of this.#daemons.splice(0)) daemon.kill('SIGTERM');
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

  /** Starts a daemon and waits for the line that says where it listens. */
  async #startDaemon(name: string, deviceId: number, ports: string[]): Promise<string> {
    const args = [
      shippedFile(DAEMON),
      'switch',
      '--no-p4',
      '--until-stdin-ends',
      '--device-id',
      String(deviceId),
      ...ports.flatMap((port) => ['-i', port]),
      '--',
      '--grpc-server-addr',
      '127.0.0.1:0',
    ];
    const daemon = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    this.#daemons.push(daemon);
    const deadline = setTimeout(() => daemon.kill('SIGKILL'), START_DEADLINE_MS);
    let last = '';
    try {
      for await (const line of createInterface({ input: daemon.stderr })) {
        last = line;
        const found = /P4Runtime on port (\d+)/.exec(line);
        if (found) return `127.0.0.1:${found[1]}`;
      }
    } finally {
      clearTimeout(deadline);
      daemon.stderr.resume();
    }
    throw new UmbraError('UNAVAILABLE', `switch ${name} did not start: ${last}`);
  }
}

/** An HTTP server that answers every path with the number of bytes that the path names. */
const httpServer = `
require('http').createServer((request, response) => {
  const bytes = Number(request.url.slice(1)) || 1000;
  response.end('x'.repeat(bytes));
}).listen(80);`;

/** The real programs that make a flow. */
function trafficCommand(flow: TrafficFlow, ip: string): { server?: string[]; client: string[] } {
  switch (flow.kind) {
    case 'http': {
      const pause = (1 / flow.requestsPerSecond).toFixed(3);
      const url = `http://${ip}/${flow.responseBytes}`;
      const loop = `while :; do curl -s -m 2 -o /dev/null ${url}; sleep ${pause}; done`;
      return { server: [process.execPath, '-e', httpServer], client: ['sh', '-c', loop] };
    }
    case 'bulk': {
      const rate = '8M';
      const loop = `while :; do iperf3 -c ${ip} -p 5201 -b ${rate} -t 3; sleep 0.2; done`;
      const server = ['sh', '-c', 'while :; do iperf3 -s -1 -p 5201; done'];
      return { server, client: ['sh', '-c', loop] };
    }
    case 'udp': {
      const bits = flow.packetsPerSecond * flow.payloadBytes * 8;
      const options = `-u -b ${bits} -l ${flow.payloadBytes} -t 60 -p 5202`;
      const server = ['sh', '-c', 'while :; do iperf3 -s -1 -p 5202; done'];
      const loop = `while :; do iperf3 -c ${ip} ${options}; sleep 0.2; done`;
      return { server, client: ['sh', '-c', loop] };
    }
    case 'ping':
      return { client: ['ping', '-i', String(flow.intervalNs / 1e9), ip] };
  }
}
