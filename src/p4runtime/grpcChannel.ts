/** P4Runtime over gRPC, the client's side. */
import {
  Metadata,
  status as grpcStatus,
  credentials,
  type ChannelCredentials,
  type ClientReadableStream,
  type ServiceError,
} from '@grpc/grpc-js';
import {
  P4RuntimeClient as Stub,
  P4RuntimeService,
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
import { DETAILS_KEY, unpackFailures } from './errorDetails.js';
import { Code, ReadError, StatusError, WriteError, type UpdateFailure } from './status.js';

/** Messages of up to this many bytes are taken; a device's JSON can be large. */
export const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
const DEFAULT_DEADLINE_MS = 10_000;
/** A server that comes back is reached after this long at most, however long it was away. */
const MAX_RECONNECT_MS = 2000;
const FIRST_RECONNECT_MS = 500;

/** How a channel calls. */
export interface GrpcChannelOptions {
  /** Of every call, and of every answer to an arbitration. */
  deadlineMs?: number;
  credentials?: ChannelCredentials;
}

/** A channel to `host:port`. Connects at the first call. */
export class GrpcChannel implements Channel {
  readonly #stub: Stub;
  readonly deadlineMs: number;
  #isClosed = false;

  constructor(
    readonly peer: string,
    options: GrpcChannelOptions = {},
  ) {
    this.deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#stub = new Stub(peer, options.credentials ?? credentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.initial_reconnect_backoff_ms': FIRST_RECONNECT_MS,
      'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_MS,
    });
  }

  async write(request: WriteRequest): Promise<void> {
    try {
      await this.#unary((done) => this.#stub.write(request, new Metadata(), this.#options(), done));
    } catch (error) {
      const total = request.updates.length;
      const failures = failuresOf((error as StatusError).cause as ServiceError, total);
      if (failures.length === 0) throw error;
      throw new WriteError(failures, total, this.peer);
    }
  }

  read(request: ReadRequest): Promise<ReadResponse[]> {
    return this.#collect(request, () =>
      this.#stub.read(request, new Metadata(), this.#options()),
    );
  }

  readBytes(request: ReadRequest): Promise<Uint8Array[]> {
    const { path, requestSerialize } = P4RuntimeService.read;
    return this.#collect(request, () =>
      this.#stub.makeServerStreamRequest(
        path,
        requestSerialize,
        (bytes: Buffer): Uint8Array => bytes,
        request,
        new Metadata(),
        this.#options(),
      ),
    );
  }

  /** All messages of a Read. */
  #collect<T>(request: ReadRequest, start: () => ClientReadableStream<T>): Promise<T[]> {
    return new Promise((resolve, reject) => {
      this.#requireOpen();
      const parts: T[] = [];
      const call = start();
      call.on('data', (part: T) => parts.push(part));
      call.on('error', (error: ServiceError) => {
        const total = request.entities.length;
        const failures = failuresOf(error, total);
        const isBatch = failures.length > 0;
        reject(isBatch ? new ReadError(failures, total, this.peer) : this.#error(error));
      });
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
    this.#requireOpen();
    const call = this.#stub.streamChannel();
    let isOpen = true;
    const end = (error: unknown): void => {
      if (!isOpen) return;
      isOpen = false;
      onEnd(error);
    };
    call.on('data', (message: StreamMessageResponse) => {
      if (isOpen) onMessage(message);
    });
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
    return { deadline: Date.now() + this.deadlineMs };
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

/** The failures in the details of an error; none when it carries no such list. */
function failuresOf(error: ServiceError | undefined, total: number): UpdateFailure[] {
  const [details] = error?.metadata?.get(DETAILS_KEY) ?? [];
  return details && typeof details !== 'string' ? unpackFailures(details, total) : [];
}
