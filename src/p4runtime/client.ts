/** The controller's client of one device: mastership, pipeline, entities, packets. */
import {
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  SetForwardingPipelineConfigRequest_Action as SetAction,
  Update_Type,
  WriteRequest_Atomicity,
  ReadResponse,
  type DigestList,
  type Entity,
  type ForwardingPipelineConfig,
  type MasterArbitrationUpdate,
  type PacketIn,
  type PacketOut,
  type Uint128,
  type Update,
} from '../proto/index.js';
import type { Channel, GuestChannel, Stream } from './channel.js';
import { conforming } from './deviations.js';
import { isOutcomeUnknown, notCarriedOut, readBackRequests } from './readBack.js';
import { Code, StatusError, WriteError, type UpdateFailure } from './status.js';
import type { StateChange, WireState } from './wireState.js';

/** Updates in one Write: more would let error details outgrow what grpc-js takes. */
export const WRITE_BATCH = 256;

/** Reads a device as a guest: no stream, no mastership, nothing that writes (invariant I2). */
export class P4RuntimeReader {
  readonly #channel: GuestChannel;

  constructor(
    channel: GuestChannel,
    readonly deviceId: bigint,
  ) {
    this.#channel = conforming(channel);
  }

  get peer(): string {
    return this.#channel.peer;
  }

  /** Undefined when no pipeline has been set. */
  async getPipelineConfig(
    responseType = ResponseType.ALL,
  ): Promise<ForwardingPipelineConfig | undefined> {
    const { deviceId } = this;
    const { config } = await this.#channel.getPipeline({ deviceId, responseType });
    return config;
  }

  /** Everything that the requests name; ids of 0 are wildcards. */
  async read(entities: Entity[]): Promise<Entity[]> {
    const { deviceId } = this;
    const parts = await this.#channel.read({ deviceId, role: '', entities });
    return parts.flatMap((part) => part.entities);
  }

  /** Looks at everything that the requests name, and says what changed since the last look. */
  async look(entities: Entity[], state: WireState): Promise<StateChange> {
    const { deviceId } = this;
    const request = { deviceId, role: '', entities };
    const channel = this.#channel;
    if (channel.readBytes) return state.update(await channel.readBytes(request));
    const parts = await channel.read(request);
    return state.update(parts.map((part) => ReadResponse.encode(part).finish()));
  }

  /** The server's API version; one without this call is 1.0. */
  async capabilities(): Promise<string> {
    try {
      return (await this.#channel.capabilities(0n)).p4runtimeApiVersion;
    } catch (error) {
      if (error instanceof StatusError && error.status === Code.UNIMPLEMENTED) return '1.0.0';
      throw error;
    }
  }

  close(): void {
    this.#channel.close();
  }
}

/** Who the client is. */
export interface ClientOptions {
  deviceId: bigint;
  /** The highest one wins; 1 unless given. */
  electionId?: Uint128;
  role?: string;
}

/** What a client hears on its stream. */
export interface ClientListener {
  packetIn?(packet: PacketIn): void;
  digest?(list: DigestList): void;
  /** Mastership was gained, or lost (`isPrimary` false; an error when the stream broke). */
  arbitration?(isPrimary: boolean, error?: unknown): void;
}

/** A client that can become primary and then write. */
export class P4RuntimeClient extends P4RuntimeReader {
  readonly #channel: Channel;
  readonly #electionId: Uint128;
  readonly #role: string;
  #stream: Stream | undefined;
  #isPrimary = false;
  /** Calls that wait for the answer to an arbitration. */
  #waiting: ((error?: unknown) => void)[] = [];

  constructor(
    channel: Channel,
    options: ClientOptions,
    private readonly listener: ClientListener = {},
  ) {
    super(channel, options.deviceId);
    this.#channel = channel;
    this.#electionId = options.electionId ?? { high: 0n, low: 1n };
    this.#role = options.role ?? '';
  }

  get isPrimary(): boolean {
    return this.#isPrimary;
  }

  /** Opens the stream and waits until this client is primary. Throws when another one is. */
  async becomePrimary(): Promise<void> {
    // BMv2 does not answer an arbitration that changes nothing.
    if (this.#isPrimary) return;
    this.#stream ??= this.#channel.openStream(
      (message) => {
        const update = message.update;
        if (update?.$case === 'arbitration') this.#arbitrate(update.value);
        else if (update?.$case === 'packet') this.listener.packetIn?.(update.value);
        else if (update?.$case === 'digest') this.listener.digest?.(update.value);
      },
      (error) => this.#ended(error),
    );
    const answered = new Promise<void>((resolve, reject) => {
      const { deadlineMs } = this.#channel;
      const timer = deadlineMs && setTimeout(() => this.#giveUp(deadlineMs), deadlineMs);
      this.#waiting.push((error) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error as Error);
      });
    });
    const role = this.#role === '' ? undefined : { id: 0n, name: this.#role, config: undefined };
    this.#stream.send({
      update: {
        $case: 'arbitration',
        value: { deviceId: this.deviceId, role, electionId: this.#electionId, status: undefined },
      },
    });
    await answered;
  }

  /** Sets the pipeline; all state of the device is gone. */
  async setPipelineConfig(config: ForwardingPipelineConfig): Promise<void> {
    await this.#channel.setPipeline({
      ...this.#identity(),
      action: SetAction.VERIFY_AND_COMMIT,
      config,
    });
  }

  /**
   * Writes in batches. Throws one WriteError with every failed update; the others are done. A batch
   * of which the server does not say what became of it is read back to find out. Throws
   * PERMISSION_DENIED before a batch when this client is not primary, whatever the server allows.
   */
  async write(updates: readonly Update[]): Promise<void> {
    const failures: UpdateFailure[] = [];
    for (let from = 0; from < updates.length; from += WRITE_BATCH) {
      if (!this.#isPrimary) throw this.#notPrimary(Code.PERMISSION_DENIED);
      const batch = updates.slice(from, from + WRITE_BATCH);
      const failed = await this.#writeBatch(batch);
      failures.push(...failed.map((f) => ({ ...f, index: f.index + from })));
    }
    if (failures.length > 0) {
      throw new WriteError(failures, updates.length, `${this.peer}, device ${this.deviceId}`);
    }
  }

  async insert(entities: readonly Entity[]): Promise<void> {
    await this.write(entities.map((entity) => ({ type: Update_Type.INSERT, entity })));
  }

  async modify(entities: readonly Entity[]): Promise<void> {
    await this.write(entities.map((entity) => ({ type: Update_Type.MODIFY, entity })));
  }

  async delete(entities: readonly Entity[]): Promise<void> {
    await this.write(entities.map((entity) => ({ type: Update_Type.DELETE, entity })));
  }

  /** Tells the device that a digest list has arrived, so that it may send what is in it again. */
  acknowledge({ digestId, listId }: DigestList): void {
    this.#stream?.send({ update: { $case: 'digestAck', value: { digestId, listId } } });
  }

  packetOut(packet: PacketOut): void {
    this.#stream?.send({ update: { $case: 'packet', value: packet } });
  }

  override close(): void {
    this.#endStream(new StatusError(Code.CANCELLED, `${this.peer}: closed`));
    super.close();
  }

  async #writeBatch(updates: readonly Update[]): Promise<readonly UpdateFailure[]> {
    try {
      await this.#channel.write({
        ...this.#identity(),
        updates: [...updates],
        atomicity: WriteRequest_Atomicity.CONTINUE_ON_ERROR,
      });
      return [];
    } catch (error) {
      if (error instanceof WriteError) return error.failures;
      if (!isOutcomeUnknown(error)) throw error;
      const requests = readBackRequests(updates);
      if (!requests) throw error;
      const found = await this.read(requests).catch(() => undefined);
      if (!found) throw error;
      return notCarriedOut(updates, found);
    }
  }

  #identity() {
    return {
      deviceId: this.deviceId,
      roleId: 0n,
      role: this.#role,
      electionId: this.#electionId,
    };
  }

  #notPrimary(code: number): StatusError {
    return new StatusError(code, `${this.peer}, device ${this.deviceId}: not primary`);
  }

  #arbitrate(update: MasterArbitrationUpdate): void {
    const code = update.status?.code ?? Code.OK;
    this.#isPrimary = code === Code.OK;
    this.#answer(this.#isPrimary ? undefined : this.#notPrimary(code));
    this.listener.arbitration?.(this.#isPrimary);
  }

  #answer(error: unknown): void {
    for (const answer of this.#waiting.splice(0)) answer(error);
  }

  #ended(error: unknown): void {
    this.#isPrimary = false;
    this.#stream = undefined;
    const reason = error ?? new StatusError(Code.CANCELLED, `${this.peer}: stream ended`);
    this.#answer(reason);
    this.listener.arbitration?.(false, reason);
  }

  #giveUp(deadlineMs: number): void {
    const what = `no answer to the arbitration within ${deadlineMs} ms`;
    this.#endStream(new StatusError(Code.DEADLINE_EXCEEDED, `${this.peer}: ${what}`));
  }

  #endStream(reason: StatusError): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#isPrimary = false;
    this.#answer(reason);
  }
}
