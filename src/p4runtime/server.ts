/** P4Runtime over gRPC, the server's side. */
import {
  Metadata,
  Server,
  ServerCredentials,
  logVerbosity,
  setLogVerbosity,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type handleUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import {
  P4RuntimeService as Definition,
  type Entity,
  type ReadRequest,
  type ReadResponse,
  type StreamMessageRequest,
  type StreamMessageResponse,
  type WriteResponse,
  type P4RuntimeServer as Handlers,
} from '../proto/index.js';
import { UmbraError, messageOf } from '../base/errors.js';
import type { Channel } from './channel.js';
import { DETAILS_KEY, packFailures } from './errorDetails.js';
import { MAX_MESSAGE_BYTES } from './grpcChannel.js';
import { InProcessChannel } from './inProcessChannel.js';
import { P4RuntimeService } from './service.js';
import { briefMessage, Code, ReadError, StatusError, statusOf, WriteError } from './status.js';
import type { Target } from './target.js';
import { WireWrite } from './wireWrite.js';

/** The service, with Writes as they come. */
const definition = {
  ...Definition,
  write: { ...Definition.write, requestDeserialize: (bytes: Buffer) => new WireWrite(bytes) },
};

type Method = Exclude<keyof typeof Definition, 'write'>;
type WireHandlers = Pick<Handlers, Method> & { write: handleUnaryCall<WireWrite, WriteResponse> };

/** Entities in one ReadResponse. */
const READ_CHUNK = 4096;
/**
 * Messages that may wait for a slow reader of the stream; more are dropped and counted. What says
 * who is primary is not dropped: a stream on which even that piles up is ended.
 */
const BACKLOG_LIMIT = 4096;
/** Open streams; one more is refused. */
const STREAM_LIMIT = 1024;

/** Serves a set of targets, in process and over gRPC. */
export class P4RuntimeServer {
  readonly #service: P4RuntimeService;
  readonly #server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  });
  /** Ends each open stream, saying that the server is stopping. */
  readonly #streams = new Set<() => void>();
  /** Packets and digests that a slow client did not take. */
  streamDrops = 0;

  constructor(targets: readonly Target[]) {
    this.#service = new P4RuntimeService(targets);
    this.#server.addService(definition, this.#handlers());
  }

  /** A channel within the process. */
  inProcess(): Channel {
    return new InProcessChannel(this.#service);
  }

  /** Listens on `host:port` and returns the port. Throws ADDRESS_IN_USE naming the address. */
  listen(address: string, tls: ServerCredentials = ServerCredentials.createInsecure()) {
    // What goes wrong is in the statuses; grpc-js would print it a second time.
    if (!process.env['GRPC_VERBOSITY']) setLogVerbosity(logVerbosity.NONE);
    return new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, tls, (error, port) => {
        if (!error) return resolve(port);
        const isInUse = messageOf(error).includes('EADDRINUSE');
        const what = isInUse ? 'address is already in use' : messageOf(error);
        const code = isInUse ? 'ADDRESS_IN_USE' : 'UNAVAILABLE';
        reject(new UmbraError(code, `P4Runtime server on ${address}: ${what}`, { cause: error }));
      });
    });
  }

  /** Takes no new calls, ends streams, and waits for calls under way, at most `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    for (const stop of this.#streams) stop();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
    const done = new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    await Promise.race([late, done]);
    clearTimeout(timer);
  }

  /** Ends every call and stops listening. */
  close(): void {
    this.#server.forceShutdown();
  }

  #handlers(): WireHandlers {
    const service = this.#service;
    const unary =
      <Q, R>(run: (request: Q) => R) =>
      (call: ServerUnaryCall<Q, R>, done: sendUnaryData<R>): void => {
        try {
          done(null, run(call.request));
        } catch (error) {
          done(serviceError(error));
        }
      };
    return {
      write: unary((request) => {
        service.writeWire(request);
        return {};
      }),
      read: (call) => {
        try {
          const { entities, error } = service.read(call.request);
          sendInParts(call, entities, () => {
            if (error) call.emit('error', serviceError(error));
            else call.end();
          });
        } catch (error) {
          call.emit('error', serviceError(error));
        }
      },
      setForwardingPipelineConfig: unary((request) => {
        service.setPipeline(request);
        return {};
      }),
      getForwardingPipelineConfig: unary((request) => ({ config: service.getPipeline(request) })),
      capabilities: unary((request) => ({
        ...service.capabilities(request.deviceId),
        experimental: undefined,
      })),
      streamChannel: (call) => this.#stream(call),
    };
  }

  #stream(call: ServerDuplexStream<StreamMessageRequest, StreamMessageResponse>): void {
    if (this.#streams.size >= STREAM_LIMIT) {
      const limit = `${STREAM_LIMIT} streams are open already`;
      call.emit('error', serviceError(new StatusError(Code.RESOURCE_EXHAUSTED, limit)));
      return;
    }
    let isOpen = true;
    const stream = this.#service.openStream((message) => {
      if (!isOpen) return;
      const mayDrop = message.update?.$case !== 'arbitration';
      const waiting = call.writableLength;
      if (mayDrop && waiting >= BACKLOG_LIMIT) {
        this.streamDrops++;
      } else if (waiting >= 2 * BACKLOG_LIMIT) {
        close();
        const what = `${waiting} messages wait to be read`;
        call.emit('error', serviceError(new StatusError(Code.RESOURCE_EXHAUSTED, what)));
      } else {
        call.write(message);
      }
    });
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#streams.delete(stop);
      stream.close();
    };
    const stop = (): void => {
      close();
      const what = 'the server is stopping';
      call.emit('error', serviceError(new StatusError(Code.UNAVAILABLE, what)));
    };
    this.#streams.add(stop);
    call.on('data', (message: StreamMessageRequest) => {
      try {
        stream.receive(message);
      } catch (error) {
        close();
        call.emit('error', serviceError(error));
      }
    });
    call.on('end', () => {
      close();
      call.end();
    });
    call.on('cancelled', close);
    call.on('error', close);
    call.on('close', close);
  }
}

/** Sends entities no faster than they are taken; ends early when the reader is gone. */
function sendInParts(
  call: ServerWritableStream<ReadRequest, ReadResponse>,
  entities: readonly Entity[],
  done: () => void,
): void {
  let from = 0;
  const send = (): void => {
    while (from < entities.length) {
      if (call.cancelled) return;
      const isTaken = call.write({ entities: entities.slice(from, from + READ_CHUNK) });
      from += READ_CHUNK;
      if (!isTaken && from < entities.length) {
        call.once('drain', send);
        return;
      }
    }
    done();
  };
  send();
}

/** The gRPC form of an error; of a batch with the status of every update or request. */
function serviceError(error: unknown): Partial<ServiceError> {
  const details = briefMessage(error);
  if (!(error instanceof WriteError || error instanceof ReadError)) {
    return { code: statusOf(error), details };
  }
  const packed = packFailures(error.failures, error.total);
  const metadata = new Metadata();
  if (packed) metadata.set(DETAILS_KEY, Buffer.from(packed));
  return { code: Code.UNKNOWN, details, metadata };
}
