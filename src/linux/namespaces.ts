/**
 * Network namespaces as hosts, joined by veth pairs. Everything carries a run's own prefix, and
 * exactly what was made is taken away again.
 */
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { UmbraError } from '../base/errors.js';
import { cableMark } from './abandoned.js';

/** A host to be: its namespace's one interface and where its packets go first. */
export interface HostPort {
  name: string;
  mac: string;
  /** `10.0.1.1/24`. */
  address: string;
  gateway: string;
  /** Name of the other end of its veth pair, in the root namespace. */
  peer: string;
}

/** The namespaces and interfaces of one run. */
export class Namespaces {
  readonly #namespaces: string[] = [];
  readonly #interfaces: string[] = [];
  readonly #children: ChildProcess[] = [];

  /** @param run short and unique: interface names have 15 characters */
  constructor(readonly run: string) {
    if (process.getuid?.() !== 0) {
      throw new UmbraError('PERMISSION', 'network namespaces need root');
    }
  }

  /** The namespace of a host. */
  namespaceOf(host: string): string {
    return `umbra-${this.run}-${host}`;
  }

  /** Makes a namespace with `eth0`, addresses, a default route and offloads off. */
  addHost(host: HostPort): void {
    const namespace = this.namespaceOf(host.name);
    this.#ip('netns', 'add', namespace);
    this.#namespaces.push(namespace);
    const inner = `${host.peer}h`;
    this.#ip('link', 'add', host.peer, 'type', 'veth', 'peer', 'name', inner);
    this.#interfaces.push(host.peer);
    this.#ip('link', 'set', inner, 'netns', namespace);
    const inside = (...args: string[]): void => this.#ip('-n', namespace, ...args);
    inside('link', 'set', inner, 'name', 'eth0', 'address', host.mac);
    // No IPv6: its neighbour discovery would only be noise in the mirror.
    const quiet = 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6';
    this.#run('ip', ['netns', 'exec', namespace, 'sh', '-c', quiet], true);
    inside('addr', 'add', host.address, 'dev', 'eth0');
    inside('link', 'set', 'eth0', 'up');
    inside('link', 'set', 'lo', 'up');
    inside('route', 'add', 'default', 'via', host.gateway);
    // Without this the kernel leaves checksums to a device that does not exist.
    this.#run('ip', ['netns', 'exec', namespace, 'ethtool', '-K', 'eth0', 'tx', 'off'], true);
    this.#up(host.peer);
  }

  /** Takes a host away, with whatever runs in it and its cable. */
  removeHost(name: string): void {
    const namespace = this.namespaceOf(name);
    const at = this.#namespaces.indexOf(namespace);
    if (at < 0) return;
    this.#namespaces.splice(at, 1);
    this.#endPrograms(namespace);
    this.#run('ip', ['netns', 'del', namespace], true);
  }

  /** Joins two switch ports by a veth pair in the root namespace. */
  addCable(a: string, b: string, mtu = 1500): void {
    const size = ['mtu', String(mtu)];
    this.#ip('link', 'add', a, ...size, 'type', 'veth', 'peer', 'name', b, ...size);
    this.#interfaces.push(a);
    this.#ip('link', 'set', a, 'alias', cableMark());
    this.#up(a);
    this.#up(b);
  }

  /** Runs a program in a host's namespace and waits. */
  execute(host: string, command: readonly string[], timeoutMs = 30_000) {
    return spawnSync('ip', ['netns', 'exec', this.namespaceOf(host), ...command], {
      encoding: 'utf8',
      timeout: timeoutMs,
    });
  }

  /** Starts a program in a host's namespace; it ends with this run. */
  start(host: string, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const args = ['netns', 'exec', this.namespaceOf(host), ...command];
    const child = spawn('ip', args, { stdio: 'ignore', ...options });
    this.#children.push(child);
    return child;
  }

  /** Ends every program and removes what was made. May be called again. */
  close(): void {
    for (const child of this.#children.splice(0)) child.kill('SIGKILL');
    for (const name of this.#namespaces) this.#endPrograms(name);
    for (const name of this.#interfaces.splice(0)) this.#run('ip', ['link', 'del', name], true);
    for (const name of this.#namespaces.splice(0)) this.#run('ip', ['netns', 'del', name], true);
  }

  /** What a shell had started lives on in its namespace; it is ended by its number. */
  #endPrograms(namespace: string): void {
    const pids = spawnSync('ip', ['netns', 'pids', namespace], { encoding: 'utf8' }).stdout ?? '';
    for (const pid of pids.split('\n').filter((line) => line !== '')) endProcess(Number(pid));
  }

  #up(name: string): void {
    this.#run('sh', ['-c', `echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6`], true);
    this.#run('ethtool', ['-K', name, 'tx', 'off'], true);
    this.#ip('link', 'set', name, 'up');
  }

  #ip(...args: string[]): void {
    this.#run('ip', args, false);
  }

  #run(program: string, args: readonly string[], mayFail: boolean): void {
    const done = spawnSync(program, args, { encoding: 'utf8' });
    if (mayFail || done.status === 0) return;
    const why = done.stderr?.trim() || done.error?.message || `status ${done.status}`;
    throw new UmbraError('UNAVAILABLE', `${program} ${args.join(' ')}: ${why}`);
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself in the meantime.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
