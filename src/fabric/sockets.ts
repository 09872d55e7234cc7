/**
 * The TCP sockets of all hosts: one row each in typed arrays, found by host, ports and peer.
 * Positions in a stream are byte offsets from its start, not wrapped sequence numbers.
 */
import type { Arena } from '../base/arena.js';

/** No socket. */
export const NO_SOCKET = -1;

/** Socket states; a socket that closes stays OPEN until both FINs are through. */
export const SocketState = { FREE: 0, SYN_SENT: 1, SYN_RECEIVED: 2, OPEN: 3 } as const;

/** Ranges that one socket can hold ahead of a gap. */
const GAPS = 16;
const BUCKETS = 4096;

/** All sockets. */
export class Sockets {
  readonly state: Int32Array;
  readonly host: Int32Array;
  readonly peerIp: Uint32Array;
  readonly localPort: Int32Array;
  readonly peerPort: Int32Array;
  readonly flow: Int32Array;
  readonly isClient: Int32Array;
  /** Initial sequence numbers of both ends. */
  readonly sendIsn: Uint32Array;
  readonly receiveIsn: Uint32Array;
  /** First byte not acknowledged, next to send, end of what was ever sent, end of the data. */
  readonly acknowledged: Float64Array;
  readonly nextSend: Float64Array;
  readonly sentEnd: Float64Array;
  readonly dataEnd: Float64Array;
  readonly finQueued: Int32Array;
  readonly received: Float64Array;
  /** Offset of the peer's FIN, or -1. */
  readonly finAt: Float64Array;
  readonly window: Float64Array;
  readonly threshold: Float64Array;
  readonly smoothedRttNs: Float64Array;
  readonly rttVarianceNs: Float64Array;
  readonly timeoutNs: Float64Array;
  readonly deadlineNs: Float64Array;
  readonly duplicates: Int32Array;
  readonly inRecovery: Int32Array;
  readonly recoverAt: Float64Array;
  readonly timedOffset: Float64Array;
  readonly timedNs: Float64Array;
  readonly retries: Int32Array;
  /** When the application's exchange began, ns. */
  readonly beganNs: Float64Array;
  /** The application's own: a phase, the status of the answer, and bytes it has taken. */
  readonly phase: Int32Array;
  readonly status: Int32Array;
  readonly taken: Float64Array;
  /** Bytes of the whole answer, when its head has said so. */
  readonly expected: Float64Array;
  readonly #gapStart: Float64Array;
  readonly #gapEnd: Float64Array;
  readonly #gaps: Int32Array;
  readonly #bucket: Int32Array;
  readonly #next: Int32Array;
  /** [0] head of the free list, [1] sockets in use, [2] failed opens. */
  readonly #free: Int32Array;

  constructor(
    arena: Arena,
    readonly count: number,
  ) {
    const ints = (): Int32Array => arena.int32(count);
    const doubles = (): Float64Array => arena.float64(count);
    this.state = ints();
    this.host = ints();
    this.peerIp = arena.uint32(count);
    this.localPort = ints();
    this.peerPort = ints();
    this.flow = ints();
    this.isClient = ints();
    this.sendIsn = arena.uint32(count);
    this.receiveIsn = arena.uint32(count);
    this.acknowledged = doubles();
    this.nextSend = doubles();
    this.sentEnd = doubles();
    this.dataEnd = doubles();
    this.finQueued = ints();
    this.received = doubles();
    this.finAt = doubles();
    this.window = doubles();
    this.threshold = doubles();
    this.smoothedRttNs = doubles();
    this.rttVarianceNs = doubles();
    this.timeoutNs = doubles();
    this.deadlineNs = doubles();
    this.duplicates = ints();
    this.inRecovery = ints();
    this.recoverAt = doubles();
    this.timedOffset = doubles();
    this.timedNs = doubles();
    this.retries = ints();
    this.beganNs = doubles();
    this.phase = ints();
    this.status = ints();
    this.taken = doubles();
    this.expected = doubles();
    this.#gapStart = arena.float64(count * GAPS);
    this.#gapEnd = arena.float64(count * GAPS);
    this.#gaps = ints();
    this.#bucket = arena.int32(BUCKETS).fill(NO_SOCKET);
    this.#next = ints();
    this.#free = arena.int32(3);
    for (let s = 0; s < count; s++) this.#next[s] = s + 1 < count ? s + 1 : NO_SOCKET;
  }

  /** Sockets in use. */
  get used(): number {
    return this.#free[1]!;
  }

  /** Connections that found no free socket. */
  get exhausted(): number {
    return this.#free[2]!;
  }

  find(host: number, localPort: number, peerIp: number, peerPort: number): number {
    let s = this.#bucket[bucketOf(host, localPort, peerIp, peerPort)]!;
    while (s !== NO_SOCKET) {
      const isIt =
        this.localPort[s] === localPort &&
        this.peerPort[s] === peerPort &&
        this.peerIp[s] === peerIp &&
        this.host[s] === host;
      if (isIt) return s;
      s = this.#next[s]!;
    }
    return NO_SOCKET;
  }

  /** A fresh socket, or NO_SOCKET. */
  open(
    host: number,
    localPort: number,
    peerIp: number,
    peerPort: number,
    flow: number,
    isClient: boolean,
  ): number {
    const s = this.#free[0]!;
    if (s === NO_SOCKET) {
      this.#free[2]!++;
      return NO_SOCKET;
    }
    this.#free[0] = this.#next[s]!;
    this.#free[1]!++;
    this.host[s] = host;
    this.localPort[s] = localPort;
    this.peerIp[s] = peerIp;
    this.peerPort[s] = peerPort;
    this.flow[s] = flow;
    this.isClient[s] = isClient ? 1 : 0;
    for (const column of [
      this.acknowledged,
      this.nextSend,
      this.sentEnd,
      this.dataEnd,
      this.finQueued,
      this.received,
      this.smoothedRttNs,
      this.rttVarianceNs,
      this.duplicates,
      this.inRecovery,
      this.recoverAt,
      this.retries,
      this.phase,
      this.status,
      this.#gaps,
      this.receiveIsn,
      this.beganNs,
      this.taken,
      this.expected,
      this.status,
    ]) {
      column[s] = 0;
    }
    this.finAt[s] = -1;
    this.timedNs[s] = -1;
    const bucket = bucketOf(host, localPort, peerIp, peerPort);
    this.#next[s] = this.#bucket[bucket]!;
    this.#bucket[bucket] = s;
    return s;
  }

  close(s: number): void {
    const peer = this.peerIp[s]!;
    const bucket = bucketOf(this.host[s]!, this.localPort[s]!, peer, this.peerPort[s]!);
    let at = this.#bucket[bucket]!;
    if (at === s) {
      this.#bucket[bucket] = this.#next[s]!;
    } else {
      while (this.#next[at] !== s) at = this.#next[at]!;
      this.#next[at] = this.#next[s]!;
    }
    this.state[s] = SocketState.FREE;
    this.#next[s] = this.#free[0]!;
    this.#free[0] = s;
    this.#free[1]!--;
  }

  /** Takes bytes [start, end) of the peer's stream; moves `received` over what is now whole. */
  accept(s: number, start: number, end: number): void {
    if (end <= this.received[s]!) return;
    if (start > this.received[s]!) {
      this.#addGap(s, start, end);
      return;
    }
    this.received[s] = end;
    const base = s * GAPS;
    for (let i = 0; i < this.#gaps[s]!;) {
      if (this.#gapStart[base + i]! > this.received[s]!) {
        i++;
        continue;
      }
      this.received[s] = Math.max(this.received[s]!, this.#gapEnd[base + i]!);
      const last = base + --this.#gaps[s]!;
      this.#gapStart[base + i] = this.#gapStart[last]!;
      this.#gapEnd[base + i] = this.#gapEnd[last]!;
      i = 0;
    }
  }

  #addGap(s: number, start: number, end: number): void {
    const base = s * GAPS;
    const count = this.#gaps[s]!;
    for (let i = base; i < base + count; i++) {
      if (start > this.#gapEnd[i]! || end < this.#gapStart[i]!) continue;
      this.#gapStart[i] = Math.min(start, this.#gapStart[i]!);
      this.#gapEnd[i] = Math.max(end, this.#gapEnd[i]!);
      return;
    }
    // More gaps than a socket holds: the segment counts as lost.
    if (count === GAPS) return;
    this.#gapStart[base + count] = start;
    this.#gapEnd[base + count] = end;
    this.#gaps[s] = count + 1;
  }
}

function bucketOf(host: number, localPort: number, peerIp: number, peerPort: number): number {
  let hash = Math.imul(peerIp ^ (localPort << 16) ^ peerPort, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ host, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) & (BUCKETS - 1);
}
