/** First-come queues of sockets, one per host, as linked lists in the arena. */
import type { Arena } from '../base/arena.js';
import { assert } from '../base/assert.js';
import { NO_SOCKET } from './sockets.js';

/** Queues of sockets; a socket is in one of them at most. */
export class SocketQueues {
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #length: Int32Array;
  readonly #next: Int32Array;

  constructor(arena: Arena, queues: number, sockets: number) {
    this.#first = arena.int32(queues).fill(NO_SOCKET);
    this.#last = arena.int32(queues).fill(NO_SOCKET);
    this.#length = arena.int32(queues);
    this.#next = arena.int32(sockets);
  }

  length(queue: number): number {
    return this.#length[queue]!;
  }

  push(queue: number, socket: number): void {
    this.#next[socket] = NO_SOCKET;
    if (this.#length[queue]!++ === 0) this.#first[queue] = socket;
    else this.#next[this.#last[queue]!] = socket;
    this.#last[queue] = socket;
  }

  /** Takes the one that came first; there must be one. */
  shift(queue: number): number {
    assert(this.#length[queue]! > 0, 'a queue with a socket');
    const socket = this.#first[queue]!;
    this.#first[queue] = this.#next[socket]!;
    this.#length[queue]!--;
    return socket;
  }

  /** Takes one out that is in the queue. */
  remove(queue: number, socket: number): void {
    let before = NO_SOCKET;
    let at = this.#first[queue]!;
    while (at !== socket) {
      before = at;
      at = this.#next[at]!;
    }
    if (before === NO_SOCKET) this.#first[queue] = this.#next[socket]!;
    else this.#next[before] = this.#next[socket]!;
    if (this.#last[queue] === socket) this.#last[queue] = before;
    this.#length[queue]!--;
  }
}
