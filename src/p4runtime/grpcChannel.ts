/** P4Runtime over gRPC, the client's side. */
import {
  Metadata,
  status as grpcStatus,
  credentials,
  type ChannelCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  Error as P4Error,
  P4RuntimeClient as Stub,
  Status,
  type CapabilitiesResponse,
  type GetForwardingPipelineConfigRequest,
  type GetForwardingPipelineConfigResponse,
  type ReadRequest,
  type ReadResponse,
  type SetForwardingPipelineConfigRequest,
  type StreamMessageResponse,
  type WriteRequest,
} from '../proto/index.js';
import type { Channel, Stream } from './channel.js';
import { Code, StatusError, WriteError, type UpdateFailure } from './status.js';

/** Messages of up to this many bytes are taken; a device's JSON can be large. */
export const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
const DETAILS_KEY = 'grpc-status-details-bin';
const DEFAULT_DEADLINE_MS = 10_000;

export interface GrpcChannelOptions {
  /** Of every unary call. */
  deadlineMs?: number;
  credentials?: ChannelCredentials;
}

/** A channel to `host:port`. Connects at the first call. */
export class GrpcChannel implements Channel {
  readonly #stub: Stub;
  readonly #deadlineMs: number;
  #isClosed = false;

  constructor(
    readonly peer: string,
    options: GrpcChannelOptions = {},
  ) {
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#stub = new Stub(peer, options.credentials ?? credentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
    });
  }

  async write(request: WriteRequest): Promise<void> {
    try {
      await this.#unary((done) => this.#stub.write(request, new Metadata(), this.#options(), done));
    } catch (error) {
      const failures = failuresOf((error as StatusError).cause as ServiceError);
      if (failures.length === 0) throw error;
      throw new WriteError(failures, request.updates.length, `${this.peer}`);
    }
  }

  read(request: ReadRequest): Promise<ReadResponse[]> {
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      const parts: ReadResponse[] = [];
      const call = this.#stub.read(request, new Metadata(), this.#options());
      call.on('data', (part: ReadResponse) => parts.push(part));
      call.on('error', (error: ServiceError) => reject(this.#error(error)));
      call.on('end', () => resolve(parts));
    });
  }

  async setPipeline(request: SetForwardingPipelineConfigRequest): Promise<void> {
    await this.#unary((done) =>
      this.#stub.setForwardingPipelineConfig(request, new Metadata(), this.#options(), done),
    );
  }

  getPipeline(
    request: GetForwardingPipelineConfigRequest,
  ): Promise<GetForwardingPipelineConfigResponse> {
    return this.#unary((done) =>
      this.#stub.getForwardingPipelineConfig(request, new Metadata(), this.#options(), done),
    );
  }

  capabilities(deviceId: bigint): Promise<CapabilitiesResponse> {
    return this.#unary((done) =>
      this.#stub.capabilities({ deviceId }, new Metadata(), this.#options(), done),
    );
  }

  openStream(
    onMessage: (message: StreamMessageResponse) => void,
    onEnd: (error: unknown) => void,
  ): Stream {
    const call = this.#stub.streamChannel();
    let isOpen = true;
    const end = (error: unknown): void => {
      if (!isOpen) return;
      isOpen = false;
      onEnd(error);
    };
    call.on('data', onMessage);
    call.on('error', (error: ServiceError) => end(this.#error(error)));
    call.on('end', () => end(undefined));
    return {
      send: (message) => {
        if (isOpen) call.write(message);
      },
      close: () => {
        isOpen = false;
        call.end();
        call.cancel();
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#stub.close();
  }

  /** A call on a closed channel is an operating error: something else closed it meanwhile. */
  #requireOpen(): void {
    if (this.#isClosed) throw new StatusError(Code.CANCELLED, `${this.peer}: channel is closed`);
  }

  #options(): { deadline: number } {
    return { deadline: Date.now() + this.#deadlineMs };
  }

  #unary<T>(start: (done: (error: ServiceError | null, response: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      start((error, response) => (error ? reject(this.#error(error)) : resolve(response)));
    });
  }

  #error(error: ServiceError): StatusError {
    const what =
      error.code === grpcStatus.UNAVAILABLE ? 'no P4Runtime server answers' : error.details;
    return new StatusError(error.code, `${this.peer}: ${what}`, { cause: error });
  }
}

/** The updates that failed, from a Write's details: one p4.v1.Error per update, in order. */
function failuresOf(error: ServiceError | undefined): UpdateFailure[] {
  const [details] = error?.metadata?.get(DETAILS_KEY) ?? [];
  if (!details || typeof details === 'string') return [];
  return Status.decode(details).details.flatMap((any, index) => {
    const one = P4Error.decode(any.value);
    if (one.canonicalCode === 0) return [];
    return [{ index, status: one.canonicalCode, message: one.message }];
  });
}
