/**
 * TCP for simulated hosts: slow start and congestion avoidance (RFC 5681), NewReno recovery (RFC
 * 6582), retransmission timeout (RFC 6298), window scale; no SACK, no delayed acknowledgement.
 * Segments are real headers; payload is virtual past what the application makes real.
 */
import { read16, read32, TcpFlag, type PacketPool } from '../packet/index.js';
import type { EventQueue } from './eventQueue.js';
import {
  MSS_BYTES,
  SegmentWriter,
  SYN_OPTION_BYTES,
  WINDOW_SCALE,
  type TcpNetwork,
} from './segment.js';
import { NO_SOCKET, Sockets, SocketState } from './sockets.js';

const INITIAL_WINDOW = 10 * MSS_BYTES;
const RECEIVE_WINDOW = 4 * 1024 * 1024;
const INITIAL_TIMEOUT_NS = 1e9;
const MINIMUM_TIMEOUT_NS = 200e6;
const MAXIMUM_TIMEOUT_NS = 60e9;
const RETRY_LIMIT = 8;

/** What an application hears. */
export interface TcpApplication {
  /** The first bytes of a socket's stream that are real, if any lie at `from` or behind. */
  content(socket: number, from: number): Uint8Array;
  /** A SYN arrived; true accepts it for `flow`. */
  accepts(host: number, port: number, flow: number): boolean;
  connected(socket: number): void;
  /** The start of the peer's stream: `real` bytes of it stand at `at`. May come again. */
  began(socket: number, bytes: Uint8Array, at: number, real: number): void;
  received(socket: number): void;
  acknowledged(socket: number): void;
  /** The peer has sent all it will. */
  finished(socket: number): void;
  /** The connection is gone: refused, reset or given up. The socket is freed afterwards. */
  failed(socket: number): void;
  segmentSent(socket: number, isRetransmission: boolean): void;
}

/** TCP of all hosts. Socket s's retransmission timer is event source `firstSource + s`. */
export class Tcp {
  readonly #writer: SegmentWriter;

  constructor(
    readonly sockets: Sockets,
    private readonly pool: PacketPool,
    private readonly events: EventQueue,
    private readonly firstSource: number,
    private readonly now: Float64Array,
    network: TcpNetwork,
    private readonly application: TcpApplication,
  ) {
    this.#writer = new SegmentWriter(pool, now, network);
  }

  /** Opens a connection and sends its SYN. NO_SOCKET when there is no free one. */
  connect(host: number, port: number, peerIp: number, peerPort: number, flow: number): number {
    const s = this.sockets.open(host, port, peerIp, peerPort, flow, true);
    if (s === NO_SOCKET) return NO_SOCKET;
    this.#initialise(s, SocketState.SYN_SENT);
    this.#segment(s, 0, 0, TcpFlag.SYN);
    this.#arm(s);
    return s;
  }

  /** Adds bytes to what a socket sends; Infinity never ends. */
  write(s: number, bytes: number): void {
    this.sockets.dataEnd[s]! += bytes;
    this.#output(s);
  }

  /** Sends a FIN behind the data. */
  finish(s: number): void {
    this.sockets.finQueued[s] = 1;
    this.#output(s);
  }

  /** Sends a RST and frees the socket. */
  abort(s: number): void {
    if (this.sockets.state[s] === SocketState.OPEN) {
      this.#segment(s, this.sockets.nextSend[s]!, 0, TcpFlag.RST | TcpFlag.ACK);
    }
    this.#free(s);
  }

  /** A segment for `host`; `at` is where its TCP header begins. The packet stays the caller's. */
  receive(host: number, packet: number, at: number, sourceIp: number, segmentBytes: number): void {
    const { bytes, mark } = this.pool;
    const peerPort = read16(bytes, at);
    const port = read16(bytes, at + 2);
    const flags = bytes[at + 13]!;
    const s = this.sockets.find(host, port, sourceIp, peerPort);
    if (s === NO_SOCKET) {
      this.#unknown(host, port, sourceIp, peerPort, flags, at, mark[packet]!, segmentBytes);
      return;
    }
    if (flags & TcpFlag.RST) {
      this.#fail(s);
      return;
    }
    const sequence = read32(bytes, at + 4);
    const acknowledgement = read32(bytes, at + 8);
    const headerBytes = (bytes[at + 12]! >> 4) * 4;
    if (this.sockets.state[s] === SocketState.SYN_SENT) {
      this.#synSent(s, flags, sequence);
      return;
    }
    if (flags & TcpFlag.SYN) {
      // The peer did not hear our SYN's answer, or our last acknowledgement.
      const isServer = this.sockets.state[s] === SocketState.SYN_RECEIVED;
      this.#segment(s, 0, 0, isServer ? TcpFlag.SYN | TcpFlag.ACK : TcpFlag.ACK);
      return;
    }
    if (this.sockets.state[s] === SocketState.SYN_RECEIVED) {
      this.sockets.state[s] = SocketState.OPEN;
      this.sockets.retries[s] = 0;
      this.events.cancel(this.firstSource + s);
      this.application.connected(s);
    }
    const length = segmentBytes - headerBytes;
    if (length > 0 && sequence === (this.sockets.receiveIsn[s]! + 1) >>> 0) {
      const real = this.pool.start[packet]! + this.pool.headLength[packet]! - at - headerBytes;
      this.application.began(s, bytes, at + headerBytes, real);
    }
    this.#open(s, flags, sequence, acknowledgement, length);
  }

  /** A socket's retransmission timer is due. */
  timer(s: number): void {
    const k = this.sockets;
    if (k.state[s] === SocketState.FREE) return;
    if (k.deadlineNs[s]! > this.now[0]!) {
      this.events.schedule(this.firstSource + s, k.deadlineNs[s]!);
      return;
    }
    if (++k.retries[s]! > RETRY_LIMIT) {
      this.#fail(s);
      return;
    }
    k.timeoutNs[s] = Math.min(k.timeoutNs[s]! * 2, MAXIMUM_TIMEOUT_NS);
    k.timedNs[s] = -1;
    if (k.state[s] !== SocketState.OPEN) {
      const flags = k.isClient[s] ? TcpFlag.SYN : TcpFlag.SYN | TcpFlag.ACK;
      this.#segment(s, 0, 0, flags);
      this.#arm(s);
      return;
    }
    const flight = k.nextSend[s]! - k.acknowledged[s]!;
    k.threshold[s] = Math.max(flight / 2, 2 * MSS_BYTES);
    k.window[s] = MSS_BYTES;
    k.inRecovery[s] = 0;
    k.duplicates[s] = 0;
    k.nextSend[s] = k.acknowledged[s]!;
    this.#output(s);
    this.#arm(s);
  }

  #initialise(s: number, state: number): void {
    const k = this.sockets;
    k.state[s] = state;
    k.window[s] = INITIAL_WINDOW;
    k.threshold[s] = RECEIVE_WINDOW;
    k.timeoutNs[s] = INITIAL_TIMEOUT_NS;
    k.sendIsn[s] = Math.imul(s + 1, 0x9e3779b1) ^ (k.localPort[s]! << 8);
    k.beganNs[s] = this.now[0]!;
  }

  #unknown(
    host: number,
    port: number,
    peerIp: number,
    peerPort: number,
    flags: number,
    at: number,
    flow: number,
    segmentBytes: number,
  ): void {
    if (flags & TcpFlag.RST) return;
    const { bytes } = this.pool;
    const sequence = read32(bytes, at + 4);
    const isSyn = (flags & TcpFlag.SYN) !== 0 && (flags & TcpFlag.ACK) === 0;
    if (isSyn && this.application.accepts(host, port, flow)) {
      const s = this.sockets.open(host, port, peerIp, peerPort, flow, false);
      if (s === NO_SOCKET) return;
      this.#initialise(s, SocketState.SYN_RECEIVED);
      this.sockets.receiveIsn[s] = sequence;
      this.#segment(s, 0, 0, TcpFlag.SYN | TcpFlag.ACK);
      this.#arm(s);
      return;
    }
    const headerBytes = (bytes[at + 12]! >> 4) * 4;
    const length = segmentBytes - headerBytes + (flags & TcpFlag.SYN ? 1 : 0);
    const header = this.#writer.header;
    header.sourcePort = port;
    header.destinationPort = peerPort;
    header.sequence = flags & TcpFlag.ACK ? read32(bytes, at + 8) : 0;
    header.acknowledgement = (sequence + length + (flags & TcpFlag.FIN ? 1 : 0)) >>> 0;
    header.flags = TcpFlag.RST | TcpFlag.ACK;
    header.window = 0;
    this.#writer.send(host, peerIp, 0, 0, undefined, flow);
  }

  #synSent(s: number, flags: number, sequence: number): void {
    if (!(flags & TcpFlag.SYN) || !(flags & TcpFlag.ACK)) return;
    const k = this.sockets;
    k.receiveIsn[s] = sequence;
    k.state[s] = SocketState.OPEN;
    k.retries[s] = 0;
    this.#sampleRtt(s, this.now[0]! - k.beganNs[s]!);
    this.events.cancel(this.firstSource + s);
    this.#segment(s, 0, 0, TcpFlag.ACK);
    this.application.connected(s);
  }

  #open(s: number, flags: number, sequence: number, acknowledgement: number, length: number): void {
    const k = this.sockets;
    // Distances from a known offset undo the wrapping of 32-bit sequence numbers.
    const acked =
      k.acknowledged[s]! + ((acknowledgement - (k.sendIsn[s]! + 1) - k.acknowledged[s]!) | 0);
    const start = k.received[s]! + ((sequence - (k.receiveIsn[s]! + 1) - k.received[s]!) | 0);
    const isFin = (flags & TcpFlag.FIN) !== 0;
    const flow = k.flow[s]!;
    this.#acknowledge(s, acked, length === 0 && !isFin);
    if (k.state[s] !== SocketState.OPEN || k.flow[s] !== flow) return;
    if (length === 0 && !isFin) {
      this.#closeIfDone(s);
      return;
    }
    const before = k.received[s]!;
    if (length > 0) k.accept(s, start, start + length);
    if (isFin) k.finAt[s] = start + length;
    const isFinished = k.finAt[s] === k.received[s];
    if (isFinished) k.received[s]!++;
    this.#segment(s, k.nextSend[s]!, 0, TcpFlag.ACK);
    if (k.received[s]! - (isFinished ? 1 : 0) > before) this.application.received(s);
    if (isFinished && k.state[s] === SocketState.OPEN) this.application.finished(s);
    if (k.state[s] === SocketState.OPEN) this.#closeIfDone(s);
  }

  #closeIfDone(s: number): void {
    const k = this.sockets;
    const sentAll = k.finQueued[s] === 1 && k.acknowledged[s]! > k.dataEnd[s]!;
    const gotAll = k.finAt[s]! >= 0 && k.received[s]! > k.finAt[s]!;
    if (sentAll && gotAll) this.#free(s);
  }

  #acknowledge(s: number, acked: number, isPure: boolean): void {
    const k = this.sockets;
    if (acked > k.sentEnd[s]!) return;
    const una = k.acknowledged[s]!;
    if (acked === una) {
      if (isPure && k.nextSend[s]! > una) this.#duplicate(s);
      return;
    }
    if (acked < una) return;
    const newly = acked - una;
    k.acknowledged[s] = acked;
    if (k.nextSend[s]! < acked) k.nextSend[s] = acked;
    k.retries[s] = 0;
    if (k.timedNs[s]! >= 0 && acked >= k.timedOffset[s]!) {
      this.#sampleRtt(s, this.now[0]! - k.timedNs[s]!);
      k.timedNs[s] = -1;
    }
    k.duplicates[s] = 0;
    if (k.inRecovery[s]) {
      if (acked >= k.recoverAt[s]!) {
        k.inRecovery[s] = 0;
        k.window[s] = k.threshold[s]!;
      } else {
        this.#retransmit(s);
        k.window[s] = Math.max(k.window[s]! - newly + MSS_BYTES, MSS_BYTES);
      }
    } else if (k.window[s]! < k.threshold[s]!) {
      k.window[s]! += Math.min(newly, MSS_BYTES);
    } else {
      k.window[s]! += (MSS_BYTES * MSS_BYTES) / k.window[s]!;
    }
    if (acked < k.nextSend[s]!) this.#arm(s);
    else this.events.cancel(this.firstSource + s);
    this.#output(s);
    this.application.acknowledged(s);
  }

  #duplicate(s: number): void {
    const k = this.sockets;
    if (k.inRecovery[s]) {
      k.window[s]! += MSS_BYTES;
      this.#output(s);
      return;
    }
    if (++k.duplicates[s]! !== 3) return;
    const flight = k.nextSend[s]! - k.acknowledged[s]!;
    k.threshold[s] = Math.max(flight / 2, 2 * MSS_BYTES);
    k.recoverAt[s] = k.nextSend[s]!;
    k.inRecovery[s] = 1;
    k.window[s] = k.threshold[s]! + 3 * MSS_BYTES;
    k.timedNs[s] = -1;
    this.#retransmit(s);
    this.#arm(s);
  }

  #retransmit(s: number): void {
    const k = this.sockets;
    const from = k.acknowledged[s]!;
    const length = Math.min(MSS_BYTES, k.dataEnd[s]! - from);
    if (length > 0) this.#segment(s, from, length, TcpFlag.ACK);
    else if (k.finQueued[s]) this.#segment(s, from, 0, TcpFlag.ACK | TcpFlag.FIN);
  }

  /** Sends what the windows allow. */
  #output(s: number): void {
    const k = this.sockets;
    if (k.state[s] !== SocketState.OPEN) return;
    const limit = k.acknowledged[s]! + Math.min(k.window[s]!, RECEIVE_WINDOW);
    for (;;) {
      const from = k.nextSend[s]!;
      const length = Math.min(MSS_BYTES, k.dataEnd[s]! - from);
      if (length > 0) {
        if (from + length > limit && from > k.acknowledged[s]!) break;
        this.#segment(s, from, length, TcpFlag.ACK);
        k.nextSend[s] = from + length;
      } else if (k.finQueued[s] && length === 0) {
        this.#segment(s, from, 0, TcpFlag.ACK | TcpFlag.FIN);
        k.nextSend[s] = from + 1;
      } else {
        break;
      }
      if (k.timedNs[s]! < 0 && from >= k.sentEnd[s]!) {
        k.timedNs[s] = this.now[0]!;
        k.timedOffset[s] = k.nextSend[s]!;
      }
      if (k.nextSend[s]! > k.sentEnd[s]!) k.sentEnd[s] = k.nextSend[s]!;
    }
    const isWaiting = k.nextSend[s]! > k.acknowledged[s]!;
    if (isWaiting && !this.events.isQueued(this.firstSource + s)) this.#arm(s);
  }

  /** Moves the deadline; the queued event follows when it fires. */
  #arm(s: number): void {
    const k = this.sockets;
    k.deadlineNs[s] = this.now[0]! + k.timeoutNs[s]!;
    const source = this.firstSource + s;
    if (!this.events.isQueued(source) || this.events.time[source]! > k.deadlineNs[s]!) {
      this.events.schedule(source, k.deadlineNs[s]!);
    }
  }

  #sampleRtt(s: number, rttNs: number): void {
    const k = this.sockets;
    if (k.smoothedRttNs[s] === 0) {
      k.smoothedRttNs[s] = rttNs;
      k.rttVarianceNs[s] = rttNs / 2;
    } else {
      const error = Math.abs(k.smoothedRttNs[s]! - rttNs);
      k.rttVarianceNs[s] = 0.75 * k.rttVarianceNs[s]! + 0.25 * error;
      k.smoothedRttNs[s] = 0.875 * k.smoothedRttNs[s]! + 0.125 * rttNs;
    }
    const timeout = Math.round(k.smoothedRttNs[s]! + 4 * k.rttVarianceNs[s]!);
    k.timeoutNs[s] = Math.min(Math.max(timeout, MINIMUM_TIMEOUT_NS), MAXIMUM_TIMEOUT_NS);
  }

  #fail(s: number): void {
    this.application.failed(s);
    this.#free(s);
  }

  #free(s: number): void {
    this.events.cancel(this.firstSource + s);
    this.sockets.close(s);
  }

  /** Sends one segment of a socket. */
  #segment(s: number, from: number, length: number, flags: number): void {
    const k = this.sockets;
    const isSyn = (flags & TcpFlag.SYN) !== 0;
    const header = this.#writer.header;
    header.sourcePort = k.localPort[s]!;
    header.destinationPort = k.peerPort[s]!;
    header.sequence = (k.sendIsn[s]! + (isSyn ? 0 : 1 + from)) >>> 0;
    const expects = flags & TcpFlag.ACK ? k.receiveIsn[s]! + 1 + k.received[s]! : 0;
    header.acknowledgement = expects >>> 0;
    header.flags = length > 0 && from + length === k.dataEnd[s]! ? flags | TcpFlag.PSH : flags;
    header.window = isSyn ? 65535 : RECEIVE_WINDOW >> WINDOW_SCALE;
    const content = length > 0 ? this.application.content(s, from) : undefined;
    const real =
      content && from < content.length ? content.subarray(from, from + length) : undefined;
    const options = isSyn ? SYN_OPTION_BYTES : 0;
    this.#writer.send(k.host[s]!, k.peerIp[s]!, length, options, real, k.flow[s]!);
    if (length > 0) this.application.segmentSent(s, from < k.sentEnd[s]!);
  }
}
