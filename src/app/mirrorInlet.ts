/**
 * Where the copies of a real network's mirror ports come in: a UDP socket to which switch daemons
 * send, or interfaces that are read with AF_PACKET.
 */
import { createSocket, type Socket } from 'node:dgram';
import { AfPacketPort } from '../linux/index.js';
import { MIRROR_PORT } from '../mirror/index.js';
import { PacketPool, wirePool } from '../packet/index.js';

const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
const LOOPBACK = '127.0.0.1';

/** Takes one packet of a mirror port; the bytes are a view. */
export type TakeCopy = (packet: Uint8Array, wireLength: number) => void;

/** The end of all mirror ports. */
export class MirrorInlet {
  #socket: Socket | undefined;
  readonly #ports: AfPacketPort[] = [];
  readonly #pool = new PacketPool(wirePool);

  constructor(private readonly take: TakeCopy) {}

  /** Opens a UDP socket; gives the port to attach, the same for any number of switches. */
  async openUdp(): Promise<string> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    this.#socket = socket;
    await new Promise<void>((resolve) => socket.bind(0, LOOPBACK, resolve));
    socket.on('message', (packet) => this.take(packet, packet.length));
    return `${MIRROR_PORT}@udp:0:${LOOPBACK}:${socket.address().port}`;
  }

  /** Reads what arrives on an interface, the far end of a mirror port's cable. */
  async openInterface(name: string): Promise<void> {
    const pool = this.#pool;
    const port = await AfPacketPort.open(pool, name);
    this.#ports.push(port);
    port.start({
      packet: (packet) => {
        this.take(pool.view(packet), pool.wireLength[packet]!);
        pool.free(packet);
      },
      idle() {},
      state() {},
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
    for (const port of this.#ports.splice(0)) port.close();
  }
}
