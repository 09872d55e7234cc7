/** A port over UDP: one frame per datagram, to one peer. Needs no rights. */
import { createSocket, type Socket } from 'node:dgram';
import { UmbraError, messageOf } from '../base/errors.js';
import { NO_PACKET, type PacketPool } from '../packet/index.js';
import { newCounters, type PortListener, type WirePort } from './wirePort.js';

/** Frames of one end of a tunnel. */
export class UdpPort implements WirePort {
  readonly counters = newCounters();

  private constructor(
    readonly name: string,
    private readonly pool: PacketPool,
    private readonly socket: Socket,
    private readonly peer: { host: string; port: number },
    /** The port that was bound, also when any was asked for. */
    readonly localPort: number,
  ) {}

  /** Binds to loopback. Throws ADDRESS_IN_USE naming the port. */
  static async open(
    pool: PacketPool,
    localPort: number,
    peer: { host: string; port: number },
  ): Promise<UdpPort> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error) => {
        const isInUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        const code = isInUse ? 'ADDRESS_IN_USE' : 'UNAVAILABLE';
        reject(new UmbraError(code, `UDP port ${localPort}: ${messageOf(error)}`));
      });
      socket.bind(localPort, '127.0.0.1', resolve);
    });
    socket.removeAllListeners('error');
    const bound = socket.address().port;
    const port = new UdpPort(`udp:${bound}`, pool, socket, peer, bound);
    // A peer that is not there yet shows as an error of the socket; its frames are lost.
    socket.on('error', () => port.counters.drops++);
    return port;
  }

  start(listener: PortListener): void {
    listener.state(true);
    this.socket.on('message', (frame) => {
      const packet = this.pool.allocFrom(frame);
      if (packet === NO_PACKET) {
        this.counters.drops++;
        return;
      }
      this.counters.rxPackets++;
      this.counters.rxBytes += frame.length;
      listener.packet(packet);
      listener.idle();
    });
  }

  pause(): void {
    this.socket.removeAllListeners('message');
  }

  transmit(packet: number): void {
    this.pool.materialize(packet, this.pool.wireLength[packet]!);
    const frame = this.pool.view(packet).slice();
    this.pool.free(packet);
    this.counters.txPackets++;
    this.counters.txBytes += frame.length;
    this.socket.send(frame, this.peer.port, this.peer.host, (error) => {
      if (error) this.counters.drops++;
    });
  }

  flush(): void {}

  close(): void {
    this.socket.close();
  }
}
