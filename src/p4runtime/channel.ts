/** The way from a client to a server: over gRPC, or within the process. */
import type {
  CapabilitiesResponse,
  GetForwardingPipelineConfigRequest,
  GetForwardingPipelineConfigResponse,
  ReadRequest,
  ReadResponse,
  SetForwardingPipelineConfigRequest,
  StreamMessageRequest,
  StreamMessageResponse,
  WriteRequest,
} from '../proto/index.js';

/** One StreamChannel. */
export interface Stream {
  send(message: StreamMessageRequest): void;
  close(): void;
}

/** What a guest may do: look. It has no write method and no stream. */
export interface GuestChannel {
  /** Names the peer in errors. */
  readonly peer: string;
  read(request: ReadRequest): Promise<ReadResponse[]>;
  /** As `read`, each ReadResponse as its bytes; absent where nothing is encoded. */
  readBytes?(request: ReadRequest): Promise<Uint8Array[]>;
  getPipeline(
    request: GetForwardingPipelineConfigRequest,
  ): Promise<GetForwardingPipelineConfigResponse>;
  capabilities(deviceId: bigint): Promise<CapabilitiesResponse>;
  close(): void;
}

/**
 * All of P4Runtime. Every call fails with a StatusError; a Write with failed updates with a
 * WriteError, a Read with failed requests with a ReadError.
 */
export interface Channel extends GuestChannel {
  /** How long an answer on the stream may take; undefined where it comes at once. */
  readonly deadlineMs?: number;
  write(request: WriteRequest): Promise<void>;
  setPipeline(request: SetForwardingPipelineConfigRequest): Promise<void>;
  openStream(
    onMessage: (message: StreamMessageResponse) => void,
    onEnd: (error: unknown) => void,
  ): Stream;
}

/** The looking half of a channel, as an object that has nothing else (invariant I2). */
export function guestOf(channel: GuestChannel): GuestChannel {
  return Object.freeze({
    peer: channel.peer,
    read: (request: ReadRequest) => channel.read(request),
    ...(channel.readBytes && {
      readBytes: (request: ReadRequest) => channel.readBytes!(request),
    }),
    getPipeline: (request: GetForwardingPipelineConfigRequest) => channel.getPipeline(request),
    capabilities: (deviceId: bigint) => channel.capabilities(deviceId),
    close: () => channel.close(),
  });
}
