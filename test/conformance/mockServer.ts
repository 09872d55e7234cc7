/** A P4Runtime server that misbehaves in the ways a test asks for. */
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { Code, GrpcChannel, type GrpcChannelOptions } from '../../src/p4runtime/index.js';
import {
  P4RuntimeService,
  type Entity,
  type ForwardingPipelineConfig,
  type P4RuntimeServer as Handlers,
  type ReadRequest,
  type ReadResponse,
  type SetForwardingPipelineConfigRequest,
  type StreamMessageRequest,
  type StreamMessageResponse,
  type WriteRequest,
} from '../../src/proto/index.js';

/** A call fails with this. */
export interface Failure {
  code: number;
  details?: string;
  metadata?: Metadata;
}

/** What a test may set; every call succeeds unless told otherwise. */
export class MockServer {
  readonly writes: WriteRequest[] = [];
  readonly sets: SetForwardingPipelineConfigRequest[] = [];
  readonly received: StreamMessageRequest[] = [];
  /** The answer to a Write; `never` lets it hang. */
  onWrite: (request: WriteRequest) => Promise<Failure | 'never' | undefined> = async () =>
    undefined;
  /** What comes in answer to a Read, message by message. */
  onRead: (request: ReadRequest) => Entity[][] | 'never' = () => [];
  onCapabilities: () => string | Failure | 'never' = () => '1.5.0';
  config: ForwardingPipelineConfig | undefined | 'never';
  #stream: ServerDuplexStream<StreamMessageRequest, StreamMessageResponse> | undefined;
  readonly #server = new Server();
  #port = 0;

  static async start(): Promise<MockServer> {
    const mock = new MockServer();
    mock.#server.addService(P4RuntimeService, mock.#handlers());
    mock.#port = await new Promise<number>((resolve, reject) =>
      mock.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    return mock;
  }

  channel(options: GrpcChannelOptions = { deadlineMs: 20_000 }): GrpcChannel {
    return new GrpcChannel(`127.0.0.1:${this.#port}`, options);
  }

  /** Sends on the stream that was opened last. */
  send(update: StreamMessageResponse['update']): void {
    this.#stream!.write({ update });
  }

  /** Says who is primary. */
  advise(code: number): void {
    const value = {
      deviceId: 1n,
      role: undefined,
      electionId: { high: 0n, low: 9n },
      status: { code, message: '', details: [] },
    };
    this.send({ $case: 'arbitration', value });
  }

  /** Breaks the stream. */
  breakStream(): void {
    this.#stream!.emit('error', { code: Code.UNAVAILABLE, details: 'broken' });
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #handlers(): Handlers {
    return {
      write: (call, done) => {
        this.writes.push(call.request);
        void this.onWrite(call.request).then((failure) => {
          if (failure === 'never') return;
          if (failure) done(failure);
          else done(null, {});
        });
      },
      read: (call: ServerWritableStream<ReadRequest, ReadResponse>) => {
        const parts = this.onRead(call.request);
        if (parts === 'never') return;
        for (const entities of parts) call.write({ entities });
        call.end();
      },
      setForwardingPipelineConfig: (call, done) => {
        this.sets.push(call.request);
        if (this.config !== 'never') done(null, {});
      },
      getForwardingPipelineConfig: (_call, done) => {
        if (this.config !== 'never') done(null, { config: this.config });
      },
      capabilities: (_call, done) => {
        const answer = this.onCapabilities();
        if (answer === 'never') return;
        if (typeof answer !== 'string') return done(answer);
        done(null, { p4runtimeApiVersion: answer, experimental: undefined });
      },
      streamChannel: (call) => {
        this.#stream = call;
        call.on('data', (message: StreamMessageRequest) => {
          this.received.push(message);
          if (message.update?.$case === 'arbitration') this.advise(Code.OK);
        });
        call.on('end', () => call.end());
      },
    };
  }
}
