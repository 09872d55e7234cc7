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

/** Calls finish within promise jobs, so that they are deterministic while virtual time stands. */
export class InProcessChannel implements Channel {
  readonly peer = 'in process';

  constructor(private readonly service: P4RuntimeService) {}

  async write(request: WriteRequest): Promise<void> {
    this.service.write(request);
  }

  async read(request: ReadRequest) {
    return [{ entities: this.service.read(request) }];
  }

  async setPipeline(request: SetForwardingPipelineConfigRequest): Promise<void> {
    this.service.setPipeline(request);
  }

  async getPipeline(request: GetForwardingPipelineConfigRequest) {
    return { config: this.service.getPipeline(request) };
  }

  async capabilities(deviceId: bigint) {
    return { ...this.service.capabilities(deviceId), experimental: undefined };
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
          onEnd(error);
        }
      },
      close: () => stream.close(),
    };
  }

  close(): void {}
}
