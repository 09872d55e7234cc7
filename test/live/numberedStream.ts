/** The network of two switches and four hosts, and numbered frames from one host to another. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { parseIpv4, parseMac } from '../../src/base/address.js';
import { defined } from '../../src/base/assert.js';
import { writeIpv4 } from '../../src/packet/index.js';
import { readTopology, type Topology } from '../../src/topology/index.js';

/** a and c hang on s1, b and d on s2; a controller measures by the stream from c to d. */
export const twoSwitches: Topology = readTopology(
  JSON.stringify({
    switches: { s1: {}, s2: {} },
    hosts: {
      a: { ip: '10.0.1.1/24' },
      b: { ip: '10.0.2.1/24' },
      c: { ip: '10.0.1.2/24' },
      d: { ip: '10.0.2.2/24' },
    },
    links: [
      { a: 'a', b: 's1:1' },
      { a: 'b', b: 's2:1' },
      { a: 'c', b: 's1:3' },
      { a: 'd', b: 's2:3' },
      { a: 's1:2', b: 's2:2' },
    ],
    traffic: [
      {
        kind: 'udp',
        name: 'stream',
        client: 'c',
        server: 'd',
        port: 4000,
        packetsPerSecond: 200,
        payloadBytes: 18,
      },
    ],
  }),
  'twoSwitches.json',
);

/** Where everything is, for another process. */
export interface WireAddresses {
  /** P4Runtime of each switch. */
  switches: Record<string, string>;
  /** UDP ports of each host and of the switch port that it hangs on. */
  hosts: Record<string, { own: number; attached: number }>;
}

/** Bytes of a frame before its payload. */
const HEAD_BYTES = 42;
const FRAME_BYTES = 60;
const UDP = 17;

/** A frame with a number that no single wrong bit turns into another one. */
function numberedFrame(client: string, server: string, number: number): Uint8Array {
  const { hosts, links, switches } = twoSwitches;
  const [from, to] = [client, server].map((name) => hosts.find((host) => host.name === name));
  const link = links.find(({ a }) => a.node === client);
  const gateway = switches.find(({ name }) => name === link?.b.node);
  const bytes = new Uint8Array(FRAME_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(parseMac(defined(gateway, client).mac), 0);
  bytes.set(parseMac(defined(from, client).mac), 6);
  view.setUint16(12, 0x0800);
  const addresses = [from, to].map((host) => parseIpv4(defined(host, server).ip));
  writeIpv4(bytes, 14, FRAME_BYTES - 14, UDP, addresses[0]!, addresses[1]!, 1);
  view.setUint16(34, 4000);
  view.setUint16(36, 4000);
  view.setUint16(38, FRAME_BYTES - 34);
  view.setUint32(HEAD_BYTES, number);
  view.setUint32(HEAD_BYTES + 4, ~number >>> 0);
  return bytes;
}

/** The number of a frame whose payload is as it was sent. */
function numberOf(frame: Uint8Array): number | undefined {
  if (frame.length < FRAME_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset);
  const number = view.getUint32(HEAD_BYTES);
  const isWhole = view.getUint32(HEAD_BYTES + 4) === ~number >>> 0;
  const rest = frame.subarray(HEAD_BYTES + 8, FRAME_BYTES);
  return isWhole && rest.every((byte) => byte === 0) ? number : undefined;
}

/** Numbered frames from one host to another, at a steady pace. */
export class NumberedStream {
  /** When each was sent, `performance.now()`; its position is its number. */
  readonly sentMs: number[] = [];
  readonly #hasArrived: boolean[] = [];
  #latest = -1;
  readonly #pace: NodeJS.Timeout;

  private constructor(
    private readonly sockets: readonly Socket[],
    everyMs: number,
    send: (number: number) => void,
    onArrival: (latencyMs: number) => void,
  ) {
    this.#pace = setInterval(() => {
      const number = this.sentMs.push(performance.now()) - 1;
      send(number);
    }, everyMs);
    sockets[1]!.on('message', (frame) => {
      const number = numberOf(frame);
      // A stream that had these hosts before can still have frames on their way.
      if (number === undefined || number >= this.sentMs.length || this.#hasArrived[number]) return;
      this.#hasArrived[number] = true;
      this.#latest = Math.max(this.#latest, number);
      onArrival(performance.now() - this.sentMs[number]!);
    });
  }

  /** Binds the sockets of both hosts and begins. */
  static async open(
    { hosts }: WireAddresses,
    [client, server]: readonly [string, string],
    everyMs: number,
    onArrival: (latencyMs: number) => void = () => {},
  ): Promise<NumberedStream> {
    const ends = [hosts[client]!, hosts[server]!];
    const sockets = await Promise.all(ends.map(({ own }) => bound(own)));
    const send = (number: number): void =>
      sockets[0]!.send(
        numberedFrame(client, server, number),
        hosts[client]!.attached,
        '127.0.0.1',
      );
    return new NumberedStream(sockets, everyMs, send, onArrival);
  }

  /** When the latest frame that has arrived was sent, ms. Frames do not overtake each other. */
  get judgedMs(): number {
    return this.sentMs[this.#latest] ?? -Infinity;
  }

  /** When the last one was sent that got lost, of those sent between two times; undefined: none. */
  lastLostMs(fromMs: number, toMs: number): number | undefined {
    let last: number | undefined;
    for (let number = this.sentMs.length - 1; number >= 0 && last === undefined; number--) {
      const sent = this.sentMs[number]!;
      if (sent < fromMs) break;
      if (sent <= toMs && !this.#hasArrived[number]) last = sent;
    }
    return last;
  }

  close(): void {
    clearInterval(this.#pace);
    for (const socket of this.sockets) socket.close();
  }
}

/** A UDP socket on loopback. */
export async function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
