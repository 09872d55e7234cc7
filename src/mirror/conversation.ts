/**
 * What TCP connections between one client and one server's port have exchanged, read off their
 * segments: requests, answers, bytes without retransmissions, and the server's time to answer.
 */

import type { Answers } from './answers.js';

/** A jump of sequence numbers beyond this is no data that was missed: the numbers start anew. */
const JUMP_LIMIT_BYTES = 16 * 1024 * 1024;
/** No sequence number seen yet. */
const UNKNOWN = -1;

/** Times of one kind: how many, their sum in ns, and the sum of their squares. */
export interface Moments {
  count: number;
  sum: number;
  squares: number;
}

function add(moments: Moments, ns: number): void {
  moments.count++;
  moments.sum += ns;
  moments.squares += ns * ns;
}

/** Sums over all connections of a client to a server's port. Times in ns. */
export interface Conversation {
  client: string;
  server: string;
  port: number;
  connections: number;
  /** A request began with an HTTP method. */
  isHttp: boolean;
  clientBytes: number;
  serverBytes: number;
  /** Runs of client data, and how many of them the server answered. */
  exchanges: number;
  answered: number;
  /** How the server's port answers, clients of other conversations included; bounded in number. */
  answers: Answers | undefined;
  /** Sum over answered exchanges. */
  serviceNs: number;
  /** From a SYN to its answer in the latest handshake: what the way adds to every answer. */
  wayNs: number;
  /** From a SYN to its answer, and from a request to the first of its answer, as seen. */
  handshakes: Moments;
  responses: Moments;
  /** SYNs of clients and segments with data, and those of them that brought nothing new. */
  segments: number;
  repeated: number;
}

/** A conversation of which nothing was seen. */
export function emptyConversation(
  client: string,
  server: string,
  port: number,
  answers?: Answers,
): Conversation {
  return {
    answers,
    client,
    server,
    port,
    connections: 0,
    isHttp: false,
    clientBytes: 0,
    serverBytes: 0,
    exchanges: 0,
    answered: 0,
    serviceNs: 0,
    wayNs: 0,
    handshakes: { count: 0, sum: 0, squares: 0 },
    responses: { count: 0, sum: 0, squares: 0 },
    segments: 0,
    repeated: 0,
  };
}

/** Follows one TCP connection and adds what it sees to its conversation. */
export class Connection {
  /** The client's first byte; copies may come out of order, so that data is seen before a SYN. */
  #clientFirst = UNKNOWN;
  #clientNext = UNKNOWN;
  #serverNext = UNKNOWN;
  #synNs = NaN;
  /** Of this connection's handshake; NaN when it was not seen. */
  #wayNs = NaN;
  #lastRequestNs = NaN;
  #awaitsAnswer = false;
  /** Of the answer under way; 0 when there is none. */
  #answerBytes = 0;
  #finished = 0;

  constructor(readonly conversation: Conversation) {
    conversation.connections++;
  }

  /** Both sides have said that they will send no more. */
  get isFinished(): boolean {
    return this.#finished === 3;
  }

  /** The client's SYN; true when it belongs to another connection between the same ports. */
  isAnotherSyn(sequence: number): boolean {
    return this.#clientFirst !== UNKNOWN && (sequence + 1) >>> 0 !== this.#clientFirst;
  }

  /** The client's SYN, or its repetition. */
  open(sequence: number, timeNs: number): void {
    this.#count(Number.isNaN(this.#synNs) ? 1 : 0);
    this.#clientFirst = (sequence + 1) >>> 0;
    if (this.#clientNext === UNKNOWN) this.#clientNext = this.#clientFirst;
    this.#synNs = timeNs;
  }

  /** The server's SYN. */
  accept(sequence: number, timeNs: number): void {
    if (this.#serverNext !== UNKNOWN) return;
    this.#serverNext = (sequence + 1) >>> 0;
    this.#wayNs = timeNs - this.#synNs;
    if (Number.isNaN(this.#wayNs)) return;
    this.conversation.wayNs = this.#wayNs;
    if (this.#wayNs > 0) add(this.conversation.handshakes, this.#wayNs);
  }

  /** Data from the client; true when it begins an exchange. */
  request(sequence: number, bytes: number, timeNs: number): boolean {
    if (this.#clientFirst === UNKNOWN) this.#clientFirst = sequence;
    const fresh = newBytes(this.#clientNext, sequence, bytes);
    this.#count(fresh);
    if (fresh === 0) return false;
    this.#clientNext = (sequence + bytes) >>> 0;
    this.conversation.clientBytes += fresh;
    this.#lastRequestNs = timeNs;
    if (this.#awaitsAnswer) return false;
    this.#awaitsAnswer = true;
    this.#endAnswer();
    this.conversation.exchanges++;
    return true;
  }

  /** Data from the server; true when it begins an answer. */
  answer(sequence: number, bytes: number, timeNs: number): boolean {
    const fresh = newBytes(this.#serverNext, sequence, bytes);
    this.#count(fresh);
    if (fresh === 0) return false;
    this.#serverNext = (sequence + bytes) >>> 0;
    this.conversation.serverBytes += fresh;
    if (!this.#awaitsAnswer) {
      if (this.#answerBytes > 0) this.#answerBytes += fresh;
      return false;
    }
    this.#awaitsAnswer = false;
    this.#answerBytes = fresh;
    this.conversation.answered++;
    const wayNs = Number.isNaN(this.#wayNs) ? this.conversation.wayNs : this.#wayNs;
    add(this.conversation.responses, timeNs - this.#lastRequestNs);
    const serviceNs = Math.max(0, timeNs - this.#lastRequestNs - wayNs);
    this.conversation.serviceNs += serviceNs;
    this.conversation.answers?.time(serviceNs);
    return true;
  }

  #count(fresh: number): void {
    this.conversation.segments++;
    if (fresh === 0) this.conversation.repeated++;
  }

  /** A FIN of one side. */
  finish(isClient: boolean): void {
    this.#finished |= isClient ? 1 : 2;
    if (!isClient) this.#endAnswer();
  }

  #endAnswer(): void {
    if (this.#answerBytes > 0) this.conversation.answers?.size(this.#answerBytes);
    this.#answerBytes = 0;
  }
}

/** Bytes of a segment that were not seen before. */
function newBytes(next: number, sequence: number, bytes: number): number {
  if (next === UNKNOWN) return bytes;
  const ahead = (sequence + bytes - next) | 0;
  if (ahead > JUMP_LIMIT_BYTES || ahead < -JUMP_LIMIT_BYTES) return bytes;
  return Math.max(0, ahead);
}
