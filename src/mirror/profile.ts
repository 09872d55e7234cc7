/**
 * Learns what traffic a network carries from copies of its packets: who asks whom for what, how
 * often, how much, and how long the server takes. The result can be run again by simulated hosts.
 */
import { ETHERNET_BYTES, EtherType, IpProtocol, read16, read32, TcpFlag } from '../packet/index.js';
import { formatIpv4 } from '../base/address.js';
import type { TrafficFlow } from '../topology/index.js';

/** Connections and datagram streams that are followed at once; further ones are counted only. */
const TRACKED_LIMIT = 65_536;
const BULK_BYTES = 65_536;
const HTTP_START = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) /;

/** One TCP connection as seen so far. Times in ns. */
interface Connection {
  key: string;
  isHttp: boolean;
  synNs: number;
  /** Client's edge to server's edge, from SYN to its answer. */
  oneWayNs: number;
  clientEnd: number;
  serverEnd: number;
  clientIsn: number;
  /** Undefined until the server was heard: copies may come out of order. */
  serverIsn: number | undefined;
  lastClientDataNs: number;
  awaitsAnswer: boolean;
  exchanges: number;
  /** Sums over answered exchanges. */
  serviceNs: number;
  answered: number;
}

interface Talk {
  client: number;
  server: number;
  port: number;
  connections: Connection[];
}

interface Stream {
  client: number;
  server: number;
  port: number;
  packets: number;
  bytes: number;
}

/** Follows mirrored packets. */
export class ProfileLearner {
  /** Packets that opened more connections or streams than are followed. */
  untracked = 0;
  #firstNs = NaN;
  #lastNs = NaN;
  #tracked = 0;
  readonly #talks = new Map<string, Talk>();
  readonly #open = new Map<string, Connection>();
  readonly #datagrams = new Map<string, Stream>();
  readonly #echoes = new Map<string, Stream>();

  /** Takes one frame (its real bytes) as it entered the network; untagged Ethernet, IPv4. */
  observe(frame: Uint8Array, timeNs: number): void {
    if (frame.length < ETHERNET_BYTES + 20) return;
    if (read16(frame, 12) !== EtherType.IPV4) return;
    if (Number.isNaN(this.#firstNs)) this.#firstNs = timeNs;
    this.#lastNs = timeNs;
    const ip = ETHERNET_BYTES;
    const at = ip + (frame[ip]! & 15) * 4;
    const isFragment = (read16(frame, ip + 6) & 0x1fff) !== 0;
    if (isFragment || frame.length < at + 8) return;
    const source = read32(frame, ip + 12);
    const destination = read32(frame, ip + 16);
    const length = read16(frame, ip + 2) - (at - ip);
    const protocol = frame[ip + 9]!;
    if (protocol === IpProtocol.TCP && frame.length >= at + 20) {
      this.#segment(frame, at, source, destination, length, timeNs);
    } else if (protocol === IpProtocol.UDP) {
      this.#datagram(this.#datagrams, source, destination, frame, at, length - 8);
    } else if (protocol === IpProtocol.ICMP && frame[at] === 8) {
      this.#count(this.#echoes, `${source} ${destination}`, source, destination, 0, length - 8);
    }
  }

  /** Length of the observed time, ns. */
  get windowNs(): number {
    return Number.isNaN(this.#firstNs) ? 0 : this.#lastNs - this.#firstNs;
  }

  /**
   * The flows that would make this traffic, for hosts that `nameOf` knows by address.
   * Empty when less than a moment was observed.
   */
  flows(nameOf: (address: number) => string | undefined): TrafficFlow[] {
    const seconds = this.windowNs / 1e9;
    if (seconds <= 0) return [];
    const flows: TrafficFlow[] = [];
    for (const talk of this.#talks.values()) {
      const [client, server] = [nameOf(talk.client), nameOf(talk.server)];
      if (client !== undefined && server !== undefined) {
        flows.push(...talkFlow(talk, client, server, seconds));
      }
    }
    for (const stream of this.#datagrams.values()) {
      const [client, server] = [nameOf(stream.client), nameOf(stream.server)];
      if (client === undefined || server === undefined) continue;
      flows.push({
        kind: 'udp',
        name: `udp ${client}-${server}:${stream.port}`,
        client,
        server,
        port: stream.port,
        packetsPerSecond: stream.packets / seconds,
        payloadBytes: Math.max(1, Math.round(stream.bytes / stream.packets)),
      });
    }
    for (const { client: from, server: to, packets } of this.#echoes.values()) {
      const [client, server] = [nameOf(from), nameOf(to)];
      if (client === undefined || server === undefined) continue;
      const intervalNs = Math.round((seconds * 1e9) / packets);
      flows.push({ kind: 'ping', name: `ping ${client}-${server}`, client, server, intervalNs });
    }
    return flows;
  }

  #segment(
    frame: Uint8Array,
    at: number,
    source: number,
    destination: number,
    length: number,
    timeNs: number,
  ): void {
    const sourcePort = read16(frame, at);
    const destinationPort = read16(frame, at + 2);
    const sequence = read32(frame, at + 4);
    const flags = frame[at + 13]!;
    const headerBytes = (frame[at + 12]! >> 4) * 4;
    const payload = length - headerBytes;
    const forward = `${source}:${sourcePort} ${destination}:${destinationPort}`;
    if (flags & TcpFlag.SYN && !(flags & TcpFlag.ACK)) {
      if (!this.#open.has(forward)) {
        this.#begin(forward, source, destination, destinationPort, sequence, timeNs);
      }
      return;
    }
    const own = this.#open.get(forward);
    if (own) {
      if (payload > 0) this.#clientData(own, sequence, payload, frame, at + headerBytes, timeNs);
      return;
    }
    const peer = this.#open.get(`${destination}:${destinationPort} ${source}:${sourcePort}`);
    if (!peer) return;
    if (flags & TcpFlag.SYN) {
      peer.serverIsn = sequence;
      peer.oneWayNs = timeNs - peer.synNs;
    } else if (payload > 0) {
      serverData(peer, sequence, payload, timeNs);
    }
  }

  #begin(
    id: string,
    client: number,
    server: number,
    port: number,
    sequence: number,
    timeNs: number,
  ): void {
    if (++this.#tracked > TRACKED_LIMIT) {
      this.untracked++;
      return;
    }
    const key = `${client} ${server} ${port}`;
    const connection: Connection = {
      key,
      isHttp: false,
      synNs: timeNs,
      oneWayNs: 0,
      clientEnd: 0,
      serverEnd: 0,
      clientIsn: sequence,
      serverIsn: undefined,
      lastClientDataNs: 0,
      awaitsAnswer: false,
      exchanges: 0,
      serviceNs: 0,
      answered: 0,
    };
    this.#open.set(id, connection);
    const talk = this.#talks.get(key);
    if (talk) talk.connections.push(connection);
    else this.#talks.set(key, { client, server, port, connections: [connection] });
  }

  #clientData(
    connection: Connection,
    sequence: number,
    payload: number,
    frame: Uint8Array,
    at: number,
    timeNs: number,
  ): void {
    const end = ((sequence - connection.clientIsn - 1) >>> 0) + payload;
    if (end <= connection.clientEnd) return;
    if (connection.clientEnd === 0) {
      const start = Buffer.from(frame.subarray(at, at + 8)).toString('latin1');
      connection.isHttp = HTTP_START.test(start);
    }
    connection.clientEnd = end;
    connection.lastClientDataNs = timeNs;
    if (!connection.awaitsAnswer) connection.exchanges++;
    connection.awaitsAnswer = true;
  }

  #datagram(
    streams: Map<string, Stream>,
    source: number,
    destination: number,
    frame: Uint8Array,
    at: number,
    payload: number,
  ): void {
    // Answers are a stream of their own: a datagram does not say which side began.
    const port = read16(frame, at + 2);
    this.#count(streams, `${source} ${destination} ${port}`, source, destination, port, payload);
  }

  #count(
    streams: Map<string, Stream>,
    key: string,
    client: number,
    server: number,
    port: number,
    bytes: number,
  ): void {
    const stream = streams.get(key);
    if (stream) {
      stream.packets++;
      stream.bytes += bytes;
    } else if (++this.#tracked > TRACKED_LIMIT) {
      this.untracked++;
    } else {
      streams.set(key, { client, server, port, packets: 1, bytes });
    }
  }
}

function serverData(
  connection: Connection,
  sequence: number,
  payload: number,
  timeNs: number,
): void {
  connection.serverIsn ??= (sequence - 1) >>> 0;
  const end = ((sequence - connection.serverIsn - 1) >>> 0) + payload;
  if (end <= connection.serverEnd) return;
  connection.serverEnd = end;
  if (!connection.awaitsAnswer) return;
  connection.awaitsAnswer = false;
  connection.answered++;
  const gapNs = timeNs - connection.lastClientDataNs - connection.oneWayNs;
  connection.serviceNs += Math.max(0, gapNs);
}

/** One flow for all connections of a client to a server's port. */
function talkFlow(talk: Talk, client: string, server: string, seconds: number): TrafficFlow[] {
  const { connections, port } = talk;
  const sum = (pick: (c: Connection) => number): number =>
    connections.reduce((total, c) => total + pick(c), 0);
  const clientBytes = sum((c) => c.clientEnd);
  const serverBytes = sum((c) => c.serverEnd);
  const count = connections.length;
  const isHttp = connections.some((c) => c.isHttp);
  if (!isHttp && clientBytes > BULK_BYTES && clientBytes > 10 * serverBytes) {
    return [
      {
        kind: 'bulk',
        name: `bulk ${client}-${server}:${port}`,
        client,
        server,
        port,
        transferBytes: Math.round(clientBytes / count),
        transfersPerSecond: count / seconds,
      },
    ];
  }
  const exchanges = Math.max(
    1,
    sum((c) => c.exchanges),
  );
  const answered = sum((c) => c.answered);
  if (serverBytes === 0) return [];
  return [
    {
      kind: 'http',
      name: `${isHttp ? 'http' : 'tcp'} ${client}-${server}:${port}`,
      client,
      server,
      port,
      requestsPerSecond: exchanges / seconds,
      requestBytes: Math.max(1, Math.round(clientBytes / exchanges)),
      responseBytes: Math.max(1, Math.round(serverBytes / exchanges)),
      serviceNs: answered > 0 ? Math.round(sum((c) => c.serviceNs) / answered) : 0,
    },
  ];
}

/** Names for addresses, as `flows` wants them. */
export function namesByAddress(
  hosts: readonly { name: string; ip: string }[],
): (address: number) => string | undefined {
  const names = new Map(hosts.map((host) => [host.ip, host.name]));
  return (address) => names.get(formatIpv4(address));
}
