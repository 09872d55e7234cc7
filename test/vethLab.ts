/**
 * Two kernel hosts in namespaces with one switch process between them, on veth pairs: what live
 * tests and benchmarks run a daemon in. The switch may be Umbra's or another with the same flags.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { shippedFile } from '../src/base/paths.js';
import { shippedProgram } from '../src/app/index.js';
import { planRoutes } from '../src/control/index.js';
import { ProductionDevice } from '../src/device/index.js';
import { Namespaces } from '../src/linux/index.js';
import { compareEntities, GrpcChannel, updatesFor } from '../src/p4runtime/index.js';
import { pair } from './laboratory.js';

/** A program that takes simple_switch_grpc's command line. */
export interface SwitchProgram {
  command: string;
  /** Arguments before the flags. */
  before: readonly string[];
}

/** `umbra switch`. */
export const umbraSwitch: SwitchProgram = {
  command: process.execPath,
  before: [shippedFile('bin/umbra.js'), 'switch'],
};

/** The switch process under test. */
export interface RunningSwitch {
  process: ChildProcess;
  /** What it has written so far, both streams. */
  output(): string;
  /** Status or signal of its end. */
  ended: Promise<string | number>;
}

const START_DEADLINE_MS = 20_000;

/** Hosts a (10.0.1.1) and b (10.0.2.1), each at one end of a veth pair. */
export class VethLab {
  readonly hosts = ['a', 'b'] as const;
  readonly namespaces: Namespaces;
  readonly #running: RunningSwitch[] = [];

  constructor(run: string) {
    this.namespaces = new Namespaces(run);
    try {
      for (const name of this.hosts) this.addHost(name);
    } catch (error) {
      this.namespaces.close();
      throw error;
    }
  }

  /** Name of the switch's end of a host's cable. */
  port(host: 'a' | 'b'): string {
    return `${this.namespaces.run}${host}`;
  }

  /** Flags that attach both hosts as ports 1 and 2. */
  get portFlags(): string[] {
    return ['-i', `1@${this.port('a')}`, '-i', `2@${this.port('b')}`];
  }

  addHost(name: 'a' | 'b'): void {
    const host = pair.hosts.find((h) => h.name === name)!;
    this.namespaces.addHost({
      name,
      mac: host.mac,
      address: `${host.ip}/${host.prefixLength}`,
      gateway: host.gateway,
      peer: this.port(name),
    });
  }

  /** Takes a host away, with its cable. */
  removeHost(name: 'a' | 'b'): void {
    this.namespaces.removeHost(name);
  }

  /** Starts a switch; it is listening on `address` when this returns. */
  async start(
    program: SwitchProgram,
    address: string,
    flags: readonly string[],
    target: readonly string[] = [],
  ): Promise<RunningSwitch> {
    const after = ['--', '--grpc-server-addr', address, ...target];
    const args = [...program.before, ...flags, ...after];
    const running = startProcess(program.command, args);
    this.#running.push(running);
    await listening(address, running);
    return running;
  }

  /** Sets production.p4 and the routes between the hosts, over P4Runtime. */
  async setRoutes(address: string, deviceId = 1n): Promise<void> {
    const channel = new GrpcChannel(address);
    const config = shippedProgram('production');
    const device = await ProductionDevice.open({ name: 's1', channel, deviceId, config });
    const plan = planRoutes(pair, () => device.schema).get('s1')!;
    // Written without a look at what is there: not every switch answers a Read of everything.
    for (const batch of updatesFor(compareEntities([], plan))) await device.write(batch);
    device.close();
    channel.close();
  }

  /** Output of a command in host a. */
  inA(...command: string[]): { output: string; status: number | null } {
    const { stdout, stderr, status } = this.namespaces.execute('a', command);
    return { output: `${stdout}${stderr}`, status };
  }

  close(): void {
    for (const { process: child } of this.#running.splice(0)) child.kill('SIGKILL');
    this.namespaces.close();
  }
}

/** Starts a program and keeps what it writes. */
export function startProcess(command: string, args: readonly string[]): RunningSwitch {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const add = (part: Buffer): void => {
    // The end is what matters; a switch that traces writes without limit.
    text = (text + part.toString()).slice(-200_000);
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as string | number);
  return { process: child, output: () => text, ended };
}

/** Waits until someone listens; fails when the process ends before, or it takes too long. */
export async function listening(address: string, running?: RunningSwitch): Promise<void> {
  const end = performance.now() + START_DEADLINE_MS;
  while (!(await answers(address))) {
    if (performance.now() > end || (running && running.process.exitCode !== null)) {
      throw new Error(`nobody listens on ${address}: ${running?.output() ?? ''}`);
    }
    await sleep(20);
  }
}

/** An address on loopback that nobody listens on. */
export async function freeAddress(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

function answers(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
