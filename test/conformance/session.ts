/** A client's stream without a client: messages as they come, in order. */
import type { GrpcChannel, Stream } from '../../src/p4runtime/index.js';
import { Code, StatusError } from '../../src/p4runtime/index.js';
import type {
  MasterArbitrationUpdate,
  PacketIn,
  StreamMessageRequest,
  StreamMessageResponse,
} from '../../src/proto/index.js';
import { election, nameOf, statusOfError } from '../p4runtime/world.js';
import { DEVICE_ID } from './targets.js';

type Update = NonNullable<StreamMessageResponse['update']>;
type Heard = StreamMessageResponse | { ended: unknown };

/** One StreamChannel. */
export class Session {
  readonly #heard: Heard[] = [];
  #wake: (() => void) | undefined;
  readonly #stream: Stream;
  /** Told of every message as it comes. */
  onMessage: (() => void) | undefined;

  /** @param limitMs how long to wait for a message before it counts as silence */
  constructor(
    readonly channel: GrpcChannel,
    private readonly limitMs: number,
  ) {
    const put = (message: Heard): void => {
      this.#heard.push(message);
      this.onMessage?.();
      this.#wake?.();
    };
    this.#stream = channel.openStream(put, (error) => put({ ended: error }));
  }

  send(update: StreamMessageRequest['update']): void {
    this.#stream.send({ update });
  }

  /** Sends a MasterArbitrationUpdate; an election id of undefined is unset. */
  arbitrate(id: number | undefined, more: Partial<MasterArbitrationUpdate> = {}): void {
    const electionId = id === undefined ? undefined : election(id);
    const value = { deviceId: DEVICE_ID, role: undefined, electionId, status: undefined, ...more };
    this.send({ $case: 'arbitration', value });
  }

  /** Sends one and waits for what comes: `OK 5`, `ALREADY_EXISTS 7`, `ended NOT_FOUND`. */
  ask(id: number | undefined, more: Partial<MasterArbitrationUpdate> = {}): Promise<string> {
    this.arbitrate(id, more);
    return this.heard();
  }

  /** The next message in short; `silence` when none comes. */
  async heard(): Promise<string> {
    if (this.#heard.length === 0) await this.#wait(this.limitMs);
    const message = this.#heard.shift();
    if (message === undefined) return 'silence';
    if ('ended' in message) {
      const { ended } = message;
      return `ended ${ended === undefined ? 'OK' : nameOf(statusOfError(ended))}`;
    }
    const { update } = message;
    if (update?.$case === 'error') return `error ${nameOf(update.value.canonicalCode)}`;
    if (update?.$case !== 'arbitration') return update?.$case ?? 'nothing';
    const id = update.value.electionId;
    return `${nameOf(update.value.status!.code)} ${id ? id.low : 'unset'}`;
  }

  /** The next PacketIn; other messages stay for later. */
  async packet(limitMs: number): Promise<PacketIn> {
    const found = await this.nextOf((update) =>
      update.$case === 'packet' ? update.value : undefined, limitMs);
    return found;
  }

  /** The first message of which `pick` makes something; others stay for later. */
  async nextOf<T>(pick: (update: Update) => T | undefined, limitMs: number): Promise<T> {
    const limit = Date.now() + limitMs;
    for (;;) {
      const picked = this.take(pick);
      if (picked) return picked;
      const leftMs = limit - Date.now();
      if (leftMs <= 0) throw new StatusError(Code.DEADLINE_EXCEEDED, `nothing in ${limitMs} ms`);
      await this.#wait(leftMs);
    }
  }

  /** The first message that has come of which `pick` makes something. */
  take<T>(pick: (update: Update) => T | undefined): T | undefined {
    for (const [at, message] of this.#heard.entries()) {
      const picked = 'update' in message && message.update && pick(message.update);
      if (!picked) continue;
      this.#heard.splice(at, 1);
      return picked;
    }
    return undefined;
  }

  /** Until something comes, or so long. */
  #wait(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Messages that came and were not taken. */
  get waiting(): number {
    return this.#heard.length;
  }

  close(): void {
    this.#stream.close();
  }
}
