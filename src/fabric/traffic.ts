/**
 * Applications of the simulated hosts: they run the traffic flows. Every flow draws from streams of
 * its own, so that what happens to one does not shift the draws of another: two runs from one seed
 * stay comparable when only one of them has a failure.
 */
import type { Arena } from '../base/arena.js';
import { UmbraError } from '../base/errors.js';
import { deriveSeed, Prng } from '../base/prng.js';
import type { Host, SwitchDevice, TrafficFlow } from '../topology/index.js';
import { FlowResolver, type ActiveFlow } from './activeFlow.js';
import { drawQuantile, drawStatus } from './draws.js';
import type { EventQueue } from './eventQueue.js';
import { FlowColumn, type FlowTable } from './flowStats.js';
import type { Hosts } from './hosts.js';
import {
  CONTENT_BYTES,
  isErrorStatus,
  messageBytesOf,
  NO_CONTENT,
  responseHead,
  STATUS_END,
  statusOf,
} from './http.js';
import type { Servers, ServerSurroundings } from './servers.js';
import { NO_SOCKET, type Sockets } from './sockets.js';
import type { Tcp, TcpApplication } from './tcp.js';

/** A request that takes longer is an error, and its connection is given up. */
export const REQUEST_TIMEOUT_NS = 500e6;
const FIRST_EPHEMERAL_PORT = 32768;
const SECOND_NS = 1e9;

type HttpFlow = Extract<TrafficFlow, { kind: 'http' }>;

/** Phases of an HTTP exchange at either end. */
const Phase = { REQUESTING: 0, THINKING: 1, ANSWERED: 2 } as const;

/** Event sources of the traffic: a timer per flow, then an application timer per socket. */
export interface TrafficSources {
  flows: number;
  sockets: number;
}

/** The applications of all hosts. */
export class Traffic implements TcpApplication, ServerSurroundings {
  #flows: readonly ActiveFlow[] = [];
  readonly #ephemeral: Int32Array;
  readonly #arrivals: Prng[];
  readonly #service: Prng[];
  readonly #sequence: Int32Array;
  readonly #resolver: FlowResolver;
  #tcp!: Tcp;
  #hosts!: Hosts;
  #servers!: Servers;

  constructor(
    arena: Arena,
    hostList: readonly Host[],
    switches: readonly SwitchDevice[],
    readonly maxFlows: number,
    private readonly sockets: Sockets,
    private readonly stats: FlowTable,
    private readonly events: EventQueue,
    private readonly sources: TrafficSources,
    private readonly now: Float64Array,
  ) {
    this.#ephemeral = arena.int32(hostList.length);
    this.#sequence = arena.int32(maxFlows);
    const streams = (): Prng[] =>
      Array.from({ length: maxFlows }, () => new Prng(0, arena.uint32(4)));
    this.#arrivals = streams();
    this.#service = streams();
    this.#resolver = new FlowResolver(hostList, switches);
  }

  /** What the applications stand on; they are made for each other. */
  attach(tcp: Tcp, hosts: Hosts, servers: Servers): void {
    this.#tcp = tcp;
    this.#hosts = hosts;
    this.#servers = servers;
  }

  get flows(): readonly TrafficFlow[] {
    return this.#flows.map((active) => active.flow);
  }

  /** Flows with their ends, as saved and put back with the fabric. */
  get active(): unknown {
    return this.#flows;
  }

  set active(flows: unknown) {
    this.#flows = flows as readonly ActiveFlow[];
  }

  /** Replaces all traffic. Throws NOT_FOUND for an unknown host, LIMIT for too many flows. */
  start(flows: readonly TrafficFlow[], seed: number): void {
    if (flows.length > this.maxFlows) {
      throw new UmbraError('LIMIT', `${flows.length} flows, ${this.maxFlows} at most`);
    }
    const active = flows.map((flow) => this.#resolver.resolve(flow));
    this.stop();
    this.stats.clear();
    this.#flows = active;
    this.reseed(seed);
    active.forEach((_, i) => {
      const firstNs = Math.floor(this.#arrivals[i]!.unit() * this.#meanGapNs(i));
      this.events.schedule(this.sources.flows + i, this.now[0]! + firstNs);
    });
  }

  stop(): void {
    this.#flows.forEach((_, i) => this.events.cancel(this.sources.flows + i));
    for (let s = 0; s < this.sockets.count; s++) {
      if (this.sockets.state[s] === 0) continue;
      this.#servers.leave(s);
      this.events.cancel(this.sources.sockets + s);
      this.#tcp.abort(s);
    }
    this.#flows = [];
  }

  /** Starts every flow's streams again. */
  reseed(seed: number): void {
    this.#flows.forEach(({ flow }, i) => {
      this.#arrivals[i]!.reseed(deriveSeed(seed, `${flow.name} arrivals`));
      this.#service[i]!.reseed(deriveSeed(seed, `${flow.name} service`));
    });
  }

  /** A flow's timer: the next request, transfer, datagram or echo. */
  flowTimer(i: number): void {
    const active = this.#flows[i]!;
    const { flow } = active;
    this.stats.add(i, FlowColumn.REQUESTS, 1);
    if (flow.kind === 'udp') {
      this.stats.add(i, FlowColumn.SENT_PACKETS, 1);
      this.stats.add(i, FlowColumn.SENT_BYTES, flow.payloadBytes);
      const source = FIRST_EPHEMERAL_PORT + i;
      this.#hosts.sendUdp(active.client, source, active.serverIp, flow.port, flow.payloadBytes, i);
    } else if (flow.kind === 'ping') {
      this.stats.add(i, FlowColumn.SENT_PACKETS, 1);
      this.#hosts.sendEcho(active.client, active.serverIp, i, this.#sequence[i]!++ & 0xffff);
    } else {
      this.#connect(i, active);
    }
    const isOnce =
      flow.kind === 'bulk' && (flow.transferBytes === 0 || flow.transfersPerSecond === 0);
    if (isOnce) return;
    const mean = this.#meanGapNs(i);
    const isRegular = flow.kind === 'udp' || flow.kind === 'ping';
    const gap = isRegular ? mean : Math.max(1, this.#arrivals[i]!.exponential(mean));
    this.events.schedule(this.sources.flows + i, this.now[0]! + Math.round(gap));
  }

  /** A socket's application timer: the server has its answer, or the client has waited enough. */
  socketTimer(s: number): void {
    const k = this.sockets;
    if (k.state[s] === 0) return;
    if (k.isClient[s]) {
      this.stats.add(k.flow[s]!, FlowColumn.ERRORS, 1);
      this.#tcp.abort(s);
      return;
    }
    this.#servers.due(s);
  }

  answer(s: number, status: number): void {
    const k = this.sockets;
    const { flow } = this.#flows[k.flow[s]!]!;
    if (flow.kind !== 'http') return;
    k.phase[s] = Phase.ANSWERED;
    this.#tcp.write(s, this.#answerBytes(s, status, flow));
    if (k.state[s] !== 0) this.#tcp.finish(s);
  }

  drop(host: number, isWhole: boolean): void {
    const k = this.sockets;
    for (let s = 0; s < k.count; s++) {
      if (k.state[s] === 0 || k.host[s] !== host || !(isWhole || !k.isClient[s])) continue;
      this.failed(s);
      this.#tcp.abort(s);
    }
  }

  datagram(flow: number, wireBytes: number, bornNs: number): void {
    const active = this.#flows[flow];
    if (active?.flow.kind !== 'udp') return;
    this.stats.add(flow, FlowColumn.DELIVERED_PACKETS, 1);
    this.stats.add(flow, FlowColumn.DELIVERED_BYTES, wireBytes - 42);
    this.stats.add(flow, FlowColumn.COMPLETED, 1);
    this.stats.addLatency(flow, this.now[0]! - bornNs);
  }

  echoReply(flow: number, bornNs: number): void {
    if (this.#flows[flow]?.flow.kind !== 'ping') return;
    this.stats.add(flow, FlowColumn.DELIVERED_PACKETS, 1);
    this.stats.add(flow, FlowColumn.COMPLETED, 1);
    this.stats.addLatency(flow, this.now[0]! - bornNs);
  }

  content(s: number, from: number): Uint8Array {
    const k = this.sockets;
    const active = this.#flows[k.flow[s]!];
    if (!active || from >= CONTENT_BYTES) return NO_CONTENT;
    if (k.isClient[s]) return active.requestHead;
    const isPlain = k.status[s] === 0 && k.expected[s] === 0;
    return isPlain ? active.responseHead : responseHead(k.status[s]! || 200, k.dataEnd[s]!);
  }

  accepts(host: number, port: number, flow: number): boolean {
    const active = this.#flows[flow];
    if (!active) return false;
    const { flow: spec, ends } = active;
    if (this.#servers.isRefusing(host)) return false;
    if (spec.kind !== 'http' && spec.kind !== 'bulk') return false;
    return ends.some((end) => end.host === host && end.port === port);
  }

  connected(s: number): void {
    const k = this.sockets;
    const { flow } = this.#flows[k.flow[s]!]!;
    if (!k.isClient[s]) return;
    if (flow.kind === 'http') {
      this.#tcp.write(s, flow.requestBytes);
    } else if (flow.kind === 'bulk') {
      this.#tcp.write(s, flow.transferBytes === 0 ? Infinity : flow.transferBytes);
      if (flow.transferBytes > 0 && k.state[s] !== 0) this.#tcp.finish(s);
    }
  }

  began(s: number, bytes: Uint8Array, at: number, real: number): void {
    const k = this.sockets;
    if (!k.isClient[s] || this.#flows[k.flow[s]!]?.flow.kind !== 'http') return;
    k.status[s] = real >= STATUS_END ? statusOf(bytes, at) : 0;
    k.expected[s] = messageBytesOf(bytes, at, real);
  }

  received(s: number): void {
    const k = this.sockets;
    const i = k.flow[s]!;
    const active = this.#flows[i];
    if (!active) return;
    const { flow } = active;
    if (flow.kind === 'http' && !k.isClient[s]) {
      if (k.phase[s] !== Phase.REQUESTING || k.received[s]! < flow.requestBytes) return;
      k.phase[s] = Phase.THINKING;
      this.#servers.request(s, Math.round(this.#work(i, s, flow)));
    } else if (flow.kind === 'http' && k.phase[s] !== Phase.ANSWERED) {
      const answerBytes = k.expected[s]! || flow.responseBytes;
      if (k.received[s]! < answerBytes) return;
      k.phase[s] = Phase.ANSWERED;
      this.events.cancel(this.sources.sockets + s);
      this.#complete(i, s, flow.requestBytes + answerBytes);
      this.#tcp.finish(s);
    } else if (flow.kind === 'bulk' && !k.isClient[s]) {
      this.#deliver(i, s);
    }
  }

  acknowledged(): void {}

  finished(s: number): void {
    const k = this.sockets;
    const i = k.flow[s]!;
    const flow = this.#flows[i]?.flow;
    if (flow?.kind === 'http' && k.isClient[s] && k.phase[s] !== Phase.ANSWERED) {
      // The server is done, and the answer is not whole.
      this.events.cancel(this.sources.sockets + s);
      this.stats.add(i, FlowColumn.ERRORS, 1);
      this.#tcp.abort(s);
      return;
    }
    if (flow?.kind !== 'bulk') return;
    if (!k.isClient[s]) {
      this.#tcp.finish(s);
      return;
    }
    this.stats.add(i, FlowColumn.COMPLETED, 1);
    this.stats.addLatency(i, this.now[0]! - k.beganNs[s]!);
  }

  failed(s: number): void {
    const k = this.sockets;
    this.#servers.leave(s);
    this.events.cancel(this.sources.sockets + s);
    const isDone = k.phase[s] === Phase.ANSWERED;
    if (k.isClient[s] && !isDone && this.#flows[k.flow[s]!]) {
      this.stats.add(k.flow[s]!, FlowColumn.ERRORS, 1);
    }
  }

  segmentSent(s: number, isRetransmission: boolean): void {
    const i = this.sockets.flow[s]!;
    this.stats.add(i, FlowColumn.SENT_PACKETS, 1);
    if (isRetransmission) this.stats.add(i, FlowColumn.RETRANSMITS, 1);
  }

  #connect(i: number, { client, serverIp, flow }: ActiveFlow): void {
    if (flow.kind !== 'http' && flow.kind !== 'bulk') return;
    const offset = this.#ephemeral[client]!++ % (65536 - FIRST_EPHEMERAL_PORT);
    const s = this.#tcp.connect(client, FIRST_EPHEMERAL_PORT + offset, serverIp, flow.port, i);
    if (s === NO_SOCKET) {
      this.stats.add(i, FlowColumn.ERRORS, 1);
    } else if (flow.kind === 'http') {
      this.events.schedule(this.sources.sockets + s, this.now[0]! + REQUEST_TIMEOUT_NS);
    }
  }

  /** A whole answer; one with an error status took its time, too. */
  #complete(i: number, s: number, bytes: number): void {
    const isError = isErrorStatus(this.sockets.status[s]!);
    this.stats.add(i, isError ? FlowColumn.ERRORS : FlowColumn.COMPLETED, 1);
    this.stats.add(i, FlowColumn.DELIVERED_BYTES, bytes);
    this.stats.addLatency(i, this.now[0]! - this.sockets.beganNs[s]!);
  }

  /** Counts what newly became whole. */
  #deliver(i: number, s: number): void {
    const k = this.sockets;
    const total = k.received[s]! - (k.finAt[s]! >= 0 && k.received[s]! > k.finAt[s]! ? 1 : 0);
    this.stats.add(i, FlowColumn.DELIVERED_BYTES, total - k.taken[s]!);
    k.taken[s] = total;
  }

  /** A request's work, and with it what its answer will be like; all from the flow's stream. */
  #work(i: number, s: number, { answers, serviceNs }: HttpFlow): number {
    const stream = this.#service[i]!;
    if (!answers) return stream.exponential(serviceNs);
    const workNs = drawQuantile(answers.serviceNs, stream.unit());
    this.sockets.expected[s] = Math.round(drawQuantile(answers.bytes, stream.unit()));
    if (answers.errors) this.sockets.status[s] = drawStatus(answers.errors, stream.unit());
    return workNs;
  }

  /** Bytes of an answer: what was drawn, a head at least; the head alone when a limit fails it. */
  #answerBytes(s: number, status: number, { responseBytes }: HttpFlow): number {
    const k = this.sockets;
    if (status !== 0) {
      k.status[s] = status;
      return responseHead(status, 0).length;
    }
    const drawn = k.expected[s]!;
    if (drawn === 0) return responseBytes;
    return Math.max(drawn, responseHead(k.status[s]! || 200, 0).length);
  }

  #meanGapNs(i: number): number {
    const { flow } = this.#flows[i]!;
    switch (flow.kind) {
      case 'http':
        return SECOND_NS / flow.requestsPerSecond;
      case 'bulk':
        return flow.transfersPerSecond > 0 ? SECOND_NS / flow.transfersPerSecond : 10e6;
      case 'udp':
        return SECOND_NS / flow.packetsPerSecond;
      case 'ping':
        return flow.intervalNs;
    }
  }
}
