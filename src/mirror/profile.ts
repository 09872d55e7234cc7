/**
 * Learns what traffic a network carries from copies of its packets: who asks whom for what, how
 * often, how much, how long the server takes and what it answers. The result can be run again by
 * simulated hosts.
 */
import { assert } from '../base/assert.js';
import { formatIpv6, parseIpv6 } from '../base/address.js';
import {
  destinationAddress,
  dissect,
  emptyDissection,
  IpProtocol,
  isEchoRequest,
  sourceAddress,
  TcpFlag,
} from '../packet/index.js';
import type { TrafficFlow } from '../topology/index.js';
import { Answers } from './answers.js';
import { Connection, emptyConversation, type Conversation } from './conversation.js';
import { conversationFlow, datagramFlow, echoFlow, type Stream } from './learnedFlow.js';
import type { OriginalEnds } from './originalEnds.js';

const HTTP_START = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) /;
const HTTP_START_BYTES = 8;
const HTTP_STATUS = /^HTTP\/1\.[01] ([1-5]\d\d)/;
const HTTP_STATUS_BYTES = 12;

/** Bounds of what is remembered. */
export interface ProfileLimits {
  /** Conversations, datagram streams and pings together; further ones are counted only. */
  flows?: number;
  /** Open TCP connections; beyond it the oldest is forgotten, what it did stays counted. */
  connections?: number;
  /** Ports of servers of which more than means is learned. */
  services?: number;
  /** Rates of a shorter observation are those of this time, ns. */
  leastWindowNs?: number;
}

/**
 * The host of an address (as `formatIpv4` and `formatIpv6` write it), which may depend on its part
 * in a flow and on the peer's address. Undefined leaves the flow out.
 */
export type HostNames = (
  address: string,
  role: 'client' | 'server',
  peer: string,
) => string | undefined;

/** Follows mirrored packets. */
export class ProfileLearner {
  /** Packets of flows beyond the limit. */
  untracked = 0;
  /** Connections forgotten before their end. */
  forgotten = 0;
  readonly #limits: Required<ProfileLimits>;
  #firstNs = Infinity;
  #lastNs = -Infinity;
  readonly #conversations = new Map<string, Conversation>();
  readonly #open = new Map<string, Connection>();
  readonly #answers = new Map<string, Answers>();
  readonly #datagrams = new Map<string, Stream>();
  readonly #echoes = new Map<string, Stream>();
  readonly #found = emptyDissection();

  /** @param ends of what balancers and NATs translate; without, ends are as packets show them */
  constructor(
    limits: ProfileLimits = {},
    private readonly ends?: OriginalEnds,
  ) {
    this.#limits = {
      ...{ flows: 16_384, connections: 65_536, services: 1024, leastWindowNs: 0 },
      ...limits,
    };
    assert(this.#limits.flows > 0 && this.#limits.connections > 0, 'limits above 0');
  }

  /** Length of the observed time, ns. */
  get windowNs(): number {
    return this.#lastNs < this.#firstNs ? 0 : this.#lastNs - this.#firstNs;
  }

  /** What TCP connections have exchanged so far. */
  get conversations(): Iterable<Conversation> {
    return this.#conversations.values();
  }

  /**
   * Takes one frame (its real bytes) as it entered the network. Frames of the shadow, what is not
   * IP, and later fragments teach nothing.
   */
  observe(entered: Uint8Array, timeNs: number, wireLength = entered.length): void {
    const frame = this.ends?.of(entered, timeNs) ?? entered;
    const found = dissect(frame, wireLength, this.#found);
    if (found.ipVersion === 0 || found.hasShadowTag) return;
    if (timeNs < this.#firstNs) this.#firstNs = timeNs;
    if (timeNs > this.#lastNs) this.#lastNs = timeNs;
    const isEcho = isEchoRequest(found) && found.echoId >= 0;
    if (!isEcho && found.sourcePort < 0) return;
    const source = sourceAddress(frame, found);
    const destination = destinationAddress(frame, found);
    if (isEcho) {
      this.#count(this.#echoes, source, destination, 0, found.payloadLength);
    } else if (found.protocol === IpProtocol.UDP) {
      this.#datagram(source, destination);
    } else if (found.tcpFlags >= 0) {
      this.#segment(frame, source, destination, timeNs);
    }
  }

  /**
   * The flows that would make this traffic, for hosts that `nameOf` knows. Empty when less than a
   * moment was observed.
   */
  flows(nameOf: HostNames): TrafficFlow[] {
    const seconds = Math.max(this.windowNs, this.#limits.leastWindowNs) / 1e9;
    if (!(seconds > 0)) return [];
    const flows: TrafficFlow[] = [];
    const learn = <T extends { client: string; server: string }>(
      seen: Iterable<T>,
      flowOf: (of: T, seconds: number) => TrafficFlow | undefined,
    ): void => {
      for (const one of seen) {
        const client = nameOf(one.client, 'client', one.server);
        const server = nameOf(one.server, 'server', one.client);
        if (client === undefined || server === undefined || client === server) continue;
        const flow = flowOf({ ...one, client, server }, seconds);
        if (flow) flows.push(flow);
      }
    };
    learn(this.#conversations.values(), conversationFlow);
    learn(this.#datagrams.values(), datagramFlow);
    learn(this.#echoes.values(), echoFlow);
    return flows;
  }

  #segment(frame: Uint8Array, source: string, destination: string, timeNs: number): void {
    const { sourcePort, destinationPort, tcpFlags, sequence } = this.#found;
    const { payloadLength, payloadOffset } = this.#found;
    const forward = `${source} ${sourcePort} ${destination} ${destinationPort}`;
    const backward = `${destination} ${destinationPort} ${source} ${sourcePort}`;
    const isSyn = (tcpFlags & TcpFlag.SYN) !== 0;
    if (isSyn && (tcpFlags & TcpFlag.ACK) === 0) {
      const known = this.#open.get(forward);
      const isKnown = known !== undefined && !known.isAnotherSyn(sequence);
      const opened = isKnown ? known : this.#begin(forward, source, destination, destinationPort);
      opened?.open(sequence, timeNs);
      return;
    }
    let own = this.#open.get(forward);
    let peer = own ? undefined : this.#open.get(backward);
    if (!own && !peer && payloadLength > 0) {
      // The connection is older than the observation: services have the lower port.
      if (sourcePort < destinationPort) {
        peer = this.#begin(backward, destination, source, sourcePort);
      } else {
        own = this.#begin(forward, source, destination, destinationPort);
      }
    }
    if (isSyn) peer?.accept(sequence, timeNs);
    else if (payloadLength > 0 && peer?.answer(sequence, payloadLength, timeNs)) {
      const start = textAt(frame, payloadOffset, HTTP_STATUS_BYTES);
      const [, status] = HTTP_STATUS.exec(start) ?? [];
      if (status !== undefined) peer.conversation.answers?.status(Number(status));
    }
    if (own && payloadLength > 0 && own.request(sequence, payloadLength, timeNs)) {
      const start = textAt(frame, payloadOffset, HTTP_START_BYTES);
      if (HTTP_START.test(start)) own.conversation.isHttp = true;
    }
    const connection = own ?? peer;
    if (!connection) return;
    if (tcpFlags & TcpFlag.FIN) connection.finish(own !== undefined);
    const isOver = connection.isFinished || (tcpFlags & TcpFlag.RST) !== 0;
    if (isOver) this.#open.delete(own ? forward : backward);
  }

  /** A connection that begins, or undefined when its conversation is beyond the limit. */
  #begin(id: string, client: string, server: string, port: number): Connection | undefined {
    const key = `${client} ${server} ${port}`;
    let conversation = this.#conversations.get(key);
    if (!conversation) {
      if (this.#isFull()) return undefined;
      conversation = emptyConversation(client, server, port, this.#answersOf(server, port));
      this.#conversations.set(key, conversation);
    }
    const connection = new Connection(conversation);
    this.#open.delete(id);
    if (this.#open.size >= this.#limits.connections) {
      this.#open.delete(this.#open.keys().next().value!);
      this.forgotten++;
    }
    this.#open.set(id, connection);
    return connection;
  }

  #answersOf(server: string, port: number): Answers | undefined {
    const key = `${server} ${port}`;
    const known = this.#answers.get(key);
    if (known || this.#answers.size >= this.#limits.services) return known;
    const answers = new Answers();
    this.#answers.set(key, answers);
    return answers;
  }

  #datagram(source: string, destination: string): void {
    const { sourcePort, destinationPort, payloadLength } = this.#found;
    // Answers go to a port that changes: they are one stream, named by the port they come from.
    const isAnswer =
      this.#datagrams.has(`${destination} ${source} ${sourcePort}`) &&
      !this.#datagrams.has(`${source} ${destination} ${destinationPort}`);
    const port = isAnswer ? sourcePort : destinationPort;
    this.#count(this.#datagrams, source, destination, port, payloadLength);
  }

  #count(
    streams: Map<string, Stream>,
    client: string,
    server: string,
    port: number,
    bytes: number,
  ): void {
    const key = `${client} ${server} ${port}`;
    let stream = streams.get(key);
    if (!stream) {
      if (this.#isFull()) return;
      stream = { client, server, port, packets: 0, bytes: 0 };
      streams.set(key, stream);
    }
    stream.packets++;
    stream.bytes += bytes;
  }

  /** True, and counted, when no further flow is remembered. */
  #isFull(): boolean {
    const flows = this.#conversations.size + this.#datagrams.size + this.#echoes.size;
    if (flows < this.#limits.flows) return false;
    this.untracked++;
    return true;
  }
}

function textAt(frame: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...frame.subarray(at, at + length));
}

/** Names for addresses, as `flows` wants them. */
export function namesByAddress(
  hosts: readonly { name: string; ip: string; ip6?: string }[],
): HostNames {
  const names = new Map(hosts.map((host) => [host.ip, host.name]));
  for (const { name, ip6 } of hosts) {
    if (ip6 !== undefined) names.set(formatIpv6(parseIpv6(ip6)), name);
  }
  return (address) => names.get(address);
}
