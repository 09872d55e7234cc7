/** Traffic that simulated hosts can run, from sums over an observation. */
import type { TrafficFlow } from '../topology/index.js';
import type { Conversation } from './conversation.js';

/** From here on a one-sided conversation is a transfer, not requests with small answers. */
const BULK_BYTES = 65_536;
/** Answers longer than this on average are transfers from the server. */
const DOWNLOAD_BYTES = 1e6;
/** One side sends this many times what the other does. */
const ONE_SIDED = 10;
/** The longest datagram that is not fragmented on Ethernet. */
const DATAGRAM_BYTES = 1472;

/** Datagrams of one direction between two hosts. */
export interface Stream {
  client: string;
  server: string;
  port: number;
  packets: number;
  bytes: number;
}

/**
 * One flow for all connections of a client to a server's port, or undefined when they tell too
 * little. An HTTP conversation stays one whatever its sizes, unless its answers are downloads.
 */
export function conversationFlow(seen: Conversation, seconds: number): TrafficFlow | undefined {
  const { client, server, port, clientBytes, serverBytes, isHttp } = seen;
  const exchanges = Math.max(1, seen.exchanges);
  const isUpload = clientBytes > ONE_SIDED * serverBytes;
  if (!isHttp && isUpload && (clientBytes > BULK_BYTES || serverBytes === 0)) {
    return {
      kind: 'bulk',
      name: `bulk ${client}-${server}:${port}`,
      client,
      server,
      port,
      transferBytes: Math.round(clientBytes / seen.connections),
      transfersPerSecond: seen.connections / seconds,
    };
  }
  if (serverBytes === 0) return undefined;
  if (serverBytes / exchanges > DOWNLOAD_BYTES) {
    return {
      kind: 'bulk',
      name: `download ${server}-${client}:${port}`,
      client: server,
      server: client,
      port,
      transferBytes: Math.round(serverBytes / exchanges),
      transfersPerSecond: exchanges / seconds,
    };
  }
  const answers = seen.answers?.profile();
  return {
    kind: 'http',
    name: `${isHttp ? 'http' : 'tcp'} ${client}-${server}:${port}`,
    client,
    server,
    port,
    requestsPerSecond: exchanges / seconds,
    requestBytes: Math.max(1, Math.round(clientBytes / exchanges)),
    responseBytes: Math.max(1, Math.round(serverBytes / exchanges)),
    serviceNs: seen.answered > 0 ? Math.round(seen.serviceNs / seen.answered) : 0,
    ...(answers ? { answers } : {}),
  };
}

/** Datagrams at their mean rate and size. */
export function datagramFlow(seen: Stream, seconds: number): TrafficFlow {
  const { client, server, port, packets, bytes } = seen;
  const payloadBytes = Math.min(DATAGRAM_BYTES, Math.max(1, Math.round(bytes / packets)));
  return {
    kind: 'udp',
    name: `udp ${client}-${server}:${port}`,
    client,
    server,
    port,
    packetsPerSecond: packets / seconds,
    payloadBytes,
  };
}

/** Echo requests at their mean rate. */
export function echoFlow(seen: Stream, seconds: number): TrafficFlow {
  const { client, server, packets } = seen;
  const intervalNs = Math.max(1, Math.round((seconds * 1e9) / packets));
  return { kind: 'ping', name: `ping ${client}-${server}`, client, server, intervalNs };
}
