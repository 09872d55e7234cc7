/**
 * Servers of the hosts as a queueing model. A request needs work; a host's workers do it in the
 * order of arrival, at a rate that limits may lower. What the workers are done with may still wait
 * for the disk. Requests beyond what fits into memory wait in a backlog; beyond that the answer is
 * 503. A host without bounds or limits answers every request after its work (M/G/infinity).
 * A request whose client goes away leaves its place at once.
 */
import type { Arena } from '../base/arena.js';
import type { HostControl, HostLimits } from '../base/hostLimits.js';
import { deriveSeed, Prng } from '../base/prng.js';
import type { Host } from '../topology/index.js';
import type { EventQueue } from './eventQueue.js';
import { LimitTable } from './limitTable.js';
import { SocketQueues } from './socketQueues.js';
import type { Sockets } from './sockets.js';

/** Requests that wait beyond a bound of memory, unless the topology says otherwise. */
const DEFAULT_BACKLOG = 128;

/** What a host's servers have done since the network began. */
export interface ServerStats {
  requests: number;
  /** Begun by a worker, how long they had waited for it in all, ns, and the work in them, ns. */
  begun: number;
  waitedNs: number;
  workedNs: number;
  /** Refused for want of room, failed for want of disk, left without an answer. */
  refused: number;
  failed: number;
  unanswered: number;
  /** Times the server was killed for want of memory. */
  restarts: number;
}

const stats = [
  'requests',
  'begun',
  'waitedNs',
  'workedNs',
  'refused',
  'failed',
  'unanswered',
  'restarts',
] as const satisfies readonly (keyof ServerStats)[];

/** Where a request is. */
const Stage = { NONE: 0, BACKLOG: 1, READY: 2, WORKING: 3, STORING: 4 } as const;

/** What the servers ask of the applications above them. */
export interface ServerSurroundings {
  /** Sends a socket's answer; 0 is the status of success. */
  answer(socket: number, status: number): void;
  /** Ends the connections of a host; `isWhole`: also those that it opened itself. */
  drop(host: number, isWhole: boolean): void;
}

/** Event sources: a timer per host for its limits, one per socket for its request. */
export interface ServerSources {
  servers: number;
  sockets: number;
}

/** The servers of all hosts. */
export class Servers {
  readonly #limits: LimitTable;
  readonly #capacities: { workers: number; concurrent: number; backlog: number }[];
  /** What acts on each host now. Shares 0 to 1; ns. */
  readonly #rate: Float64Array;
  readonly #workers: Float64Array;
  readonly #concurrent: Float64Array;
  readonly #restartNs: Float64Array;
  readonly #diskShare: Float64Array;
  readonly #diskNs: Float64Array;
  readonly #lateNs: Float64Array;
  readonly #unanswered: Float64Array;
  readonly #isDiskFull: Int32Array;
  readonly #isSilent: Int32Array;
  readonly #isRefusing: Int32Array;
  readonly #killedUntilNs: Float64Array;
  /** Requests at the workers, and in memory. */
  readonly #busy: Int32Array;
  readonly #inside: Int32Array;
  readonly #backlog: SocketQueues;
  readonly #ready: SocketQueues;
  /** Of each socket's request: where it is, work left at full rate, what follows, when it came. */
  readonly #stage: Int32Array;
  readonly #workNs: Float64Array;
  readonly #afterNs: Float64Array;
  readonly #cameNs: Float64Array;
  readonly #status: Int32Array;
  readonly #streams: Prng[];
  readonly #stats: Float64Array;

  constructor(
    arena: Arena,
    private readonly hosts: readonly Host[],
    private readonly sockets: Sockets,
    private readonly events: EventQueue,
    private readonly sources: ServerSources,
    private readonly now: Float64Array,
    private readonly surroundings: ServerSurroundings,
  ) {
    const doubles = (value = 0): Float64Array => arena.float64(hosts.length).fill(value);
    const ints = (): Int32Array => arena.int32(hosts.length);
    this.#limits = new LimitTable(arena, hosts.length);
    this.#capacities = hosts.map(({ server = {} }) => ({
      ...{ workers: Infinity, concurrent: Infinity, backlog: DEFAULT_BACKLOG },
      ...server,
    }));
    this.#rate = doubles(1);
    this.#workers = doubles();
    this.#concurrent = doubles();
    this.#restartNs = doubles();
    this.#diskShare = doubles();
    this.#diskNs = doubles();
    this.#lateNs = doubles();
    this.#unanswered = doubles();
    this.#isDiskFull = ints();
    this.#isSilent = ints();
    this.#isRefusing = ints();
    this.#killedUntilNs = doubles();
    this.#busy = ints();
    this.#inside = ints();
    this.#backlog = new SocketQueues(arena, hosts.length, sockets.count);
    this.#ready = new SocketQueues(arena, hosts.length, sockets.count);
    this.#stage = arena.int32(sockets.count);
    this.#workNs = arena.float64(sockets.count);
    this.#afterNs = arena.float64(sockets.count);
    this.#cameNs = arena.float64(sockets.count);
    this.#status = arena.int32(sockets.count);
    this.#streams = hosts.map(() => new Prng(0, arena.uint32(4)));
    this.#stats = arena.float64(hosts.length * stats.length);
    hosts.forEach((_, host) => this.#take(host, {}));
  }

  /** Starts the streams that decide which requests a limit hits. */
  reseed(seed: number): void {
    this.hosts.forEach(({ name }, i) => {
      this.#streams[i]!.reseed(deriveSeed(seed, `${name} server`));
    });
  }

  /** A host that neither hears nor sends. */
  isSilent(host: number): boolean {
    return this.#isSilent[host] === 1;
  }

  /** A host whose servers are not there. */
  isRefusing(host: number): boolean {
    return this.#isRefusing[host] === 1 || this.#killedUntilNs[host]! > this.now[0]!;
  }

  statsOf(host: number): ServerStats {
    const at = host * stats.length;
    const entries = stats.map((name, i) => [name, this.#stats[at + i]!]);
    return Object.fromEntries(entries) as unknown as ServerStats;
  }

  /** What limits go through for one host. */
  control(host: number): HostControl {
    const changed = <T>(value: T): T => {
      this.limitsTimer(host);
      return value;
    };
    return {
      apply: (part, timed) => changed(this.#limits.set(host, part, timed)),
      read: (part) => this.#limits.get(host, part),
      clear: (part) => changed(this.#limits.clear(host, part)),
      renew: (nowUs, leaseUs) => {
        this.#limits.renew(host, nowUs + leaseUs);
        if (this.#limits.isLimited(host)) this.limitsTimer(host);
      },
    };
  }

  /** What acts on a host may have changed. */
  limitsTimer(host: number): void {
    const nowUs = this.now[0]! / 1000;
    this.#take(host, this.#limits.acting(host, nowUs));
    const source = this.sources.servers + host;
    const nextUs = this.#limits.nextChangeUs(host, nowUs);
    if (nextUs === Infinity) this.events.cancel(source);
    else this.events.schedule(source, nextUs * 1000);
  }

  /** A whole request has arrived; its work takes so long at full rate. */
  request(s: number, workNs: number): void {
    const host = this.sockets.host[s]!;
    this.#count(host, 'requests', 1);
    if (this.#hits(host, this.#unanswered[host]!)) {
      this.#count(host, 'unanswered', 1);
      return;
    }
    const usesDisk =
      (this.#isDiskFull[host] === 1 || this.#diskNs[host]! > 0) &&
      this.#hits(host, this.#diskShare[host]!);
    this.#workNs[s] = workNs;
    this.#afterNs[s] = this.#lateNs[host]! + (usesDisk ? this.#diskNs[host]! : 0);
    this.#status[s] = usesDisk && this.#isDiskFull[host] === 1 ? 500 : 0;
    this.#cameNs[s] = this.now[0]!;
    if (this.#inside[host]! < this.#concurrent[host]!) {
      this.#enter(host, s);
    } else if (this.#restartNs[host]! > 0) {
      this.#kill(host);
    } else if (this.#backlog.length(host) < this.#capacities[host]!.backlog) {
      this.#stage[s] = Stage.BACKLOG;
      this.#backlog.push(host, s);
    } else {
      this.#count(host, 'refused', 1);
      this.surroundings.answer(s, 503);
    }
  }

  /** A socket's timer is due: its work is done, or what followed it. */
  due(s: number): void {
    const host = this.sockets.host[s]!;
    if (this.#stage[s] === Stage.WORKING) {
      this.#busy[host]!--;
      if (this.#afterNs[s]! > 0) this.#store(s);
      else this.#finish(host, s);
    } else if (this.#stage[s] === Stage.STORING) {
      this.#finish(host, s);
    }
    this.#pull(host);
  }

  /** A socket ends; whatever its request held is free. */
  leave(s: number): void {
    const stage = this.#stage[s]!;
    if (stage === Stage.NONE) return;
    const host = this.sockets.host[s]!;
    this.#stage[s] = Stage.NONE;
    this.events.cancel(this.sources.sockets + s);
    if (stage === Stage.BACKLOG) {
      this.#backlog.remove(host, s);
      return;
    }
    if (stage === Stage.READY) this.#ready.remove(host, s);
    if (stage === Stage.WORKING) this.#busy[host]!--;
    this.#inside[host]!--;
    this.#pull(host);
  }

  #enter(host: number, s: number): void {
    this.#inside[host]!++;
    if (this.#busy[host]! < this.#workers[host]!) {
      this.#work(host, s);
    } else {
      this.#stage[s] = Stage.READY;
      this.#ready.push(host, s);
    }
  }

  #work(host: number, s: number): void {
    this.#stage[s] = Stage.WORKING;
    this.#busy[host]!++;
    this.#count(host, 'begun', 1);
    this.#count(host, 'waitedNs', this.now[0]! - this.#cameNs[s]!);
    this.#count(host, 'workedNs', this.#workNs[s]!);
    this.#schedule(s, this.#workNs[s]!, this.#rate[host]!);
  }

  #store(s: number): void {
    this.#stage[s] = Stage.STORING;
    this.#workNs[s] = this.#afterNs[s]!;
    this.#schedule(s, this.#workNs[s]!, 1);
  }

  #finish(host: number, s: number): void {
    this.#stage[s] = Stage.NONE;
    this.#inside[host]!--;
    if (this.#status[s] !== 0) this.#count(host, 'failed', 1);
    this.surroundings.answer(s, this.#status[s]!);
  }

  /** Takes from the queues what there is room for. */
  #pull(host: number): void {
    while (this.#backlog.length(host) > 0 && this.#inside[host]! < this.#concurrent[host]!) {
      this.#enter(host, this.#backlog.shift(host));
    }
    while (this.#ready.length(host) > 0 && this.#busy[host]! < this.#workers[host]!) {
      this.#work(host, this.#ready.shift(host));
    }
  }

  /** Out of memory: the server is killed, and its connections with it. */
  #kill(host: number): void {
    this.#count(host, 'restarts', 1);
    this.#killedUntilNs[host] = this.now[0]! + this.#restartNs[host]!;
    this.surroundings.drop(host, false);
  }

  /** Makes limits what acts on a host. */
  #take(host: number, limits: HostLimits): void {
    const whole = this.#capacities[host]!;
    const { isSilent = false, isRefusing = false, keepsConnections = false } = limits;
    const wasSilent = this.isSilent(host);
    const wasRefusing = this.isRefusing(host);
    this.#workers[host] = Math.min(whole.workers, limits.workers ?? Infinity);
    this.#concurrent[host] = Math.min(whole.concurrent, limits.concurrent ?? Infinity);
    this.#restartNs[host] = limits.restartNs ?? 0;
    this.#diskShare[host] = limits.diskShare ?? 1;
    this.#diskNs[host] = limits.diskNs ?? 0;
    this.#isDiskFull[host] = limits.isDiskFull ? 1 : 0;
    this.#lateNs[host] = limits.lateNs ?? 0;
    this.#unanswered[host] = limits.unanswered ?? 0;
    this.#isSilent[host] = isSilent ? 1 : 0;
    this.#isRefusing[host] = isRefusing ? 1 : 0;
    if (this.#restartNs[host] === 0) this.#killedUntilNs[host] = 0;
    if (isSilent && !wasSilent && !keepsConnections) this.surroundings.drop(host, true);
    if (isRefusing && !wasRefusing) this.surroundings.drop(host, false);
    this.#setRate(host, isSilent ? 0 : (limits.serviceRate ?? 1));
    this.#pull(host);
  }

  /** Requests under way go on at another rate; at 0 they stop, the disk's too. */
  #setRate(host: number, rate: number): void {
    const before = this.#rate[host]!;
    this.#rate[host] = rate;
    if (rate === before) return;
    for (let s = 0; s < this.sockets.count; s++) {
      const stage = this.#stage[s]!;
      if (stage < Stage.WORKING || this.sockets.host[s] !== host) continue;
      const isWorking = stage === Stage.WORKING;
      const old = isWorking ? before : Math.sign(before);
      if (old > 0) {
        const leftNs = this.events.time[this.sources.sockets + s]! - this.now[0]!;
        this.#workNs[s] = leftNs * old;
      }
      this.#schedule(s, this.#workNs[s]!, isWorking ? rate : Math.sign(rate));
    }
  }

  #schedule(s: number, workNs: number, rate: number): void {
    const source = this.sources.sockets + s;
    if (rate > 0) this.events.schedule(source, this.now[0]! + Math.round(workNs / rate));
    else this.events.cancel(source);
  }

  /** Whether a limit of a share hits the next request; sure ones take no draw. */
  #hits(host: number, share: number): boolean {
    return share > 0 && (share >= 1 || this.#streams[host]!.unit() < share);
  }

  #count(host: number, name: keyof ServerStats, amount: number): void {
    this.#stats[host * stats.length + stats.indexOf(name)]! += amount;
  }
}
