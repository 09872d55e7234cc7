/** A channel that calls the service directly: same messages, no transport, no timers. */
import type {
  GetForwardingPipelineConfigRequest,
  ReadRequest,
  SetForwardingPipelineConfigRequest,
  StreamMessageRequest,
  StreamMessageResponse,
  WriteRequest,
} from '../proto/index.js';
import type { Channel, Stream } from './channel.js';
import type { P4RuntimeService } from './service.js';
import { statusErrorOf, WriteError } from './status.js';

/** Calls finish within promise jobs, so that they are deterministic while virtual time stands. */
export class InProcessChannel implements Channel {
  readonly peer = 'in process';

  constructor(private readonly service: P4RuntimeService) {}

  async write(request: WriteRequest): Promise<void> {
    attempt(() => this.service.write(request));
  }

  async read(request: ReadRequest) {
    const { entities, error } = attempt(() => this.service.read(request));
    if (error) throw error;
    return [{ entities }];
  }

  async setPipeline(request: SetForwardingPipelineConfigRequest): Promise<void> {
    attempt(() => this.service.setPipeline(request));
  }

  async getPipeline(request: GetForwardingPipelineConfigRequest) {
    return { config: attempt(() => this.service.getPipeline(request)) };
  }

  async capabilities(deviceId: bigint) {
    const capabilities = attempt(() => this.service.capabilities(deviceId));
    return { ...capabilities, experimental: undefined };
  }

  openStream(
    onMessage: (message: StreamMessageResponse) => void,
    onEnd: (error: unknown) => void,
  ): Stream {
    const stream = this.service.openStream(onMessage);
    return {
      send(message: StreamMessageRequest): void {
        try {
          stream.receive(message);
        } catch (error) {
          stream.close();
          onEnd(statusErrorOf(error));
        }
      },
      close: () => stream.close(),
    };
  }

  close(): void {}
}

/** What the service throws, as the errors of a channel. */
function attempt<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof WriteError ? error : statusErrorOf(error);
  }
}
