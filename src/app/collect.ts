/** Where mirrored copies come in: a UDP socket on loopback, or a Linux interface. */
import { UmbraError } from '../base/errors.js';
import { AfPacketPort, UdpPort, type WirePort } from '../linux/index.js';
import { PacketPool, wirePool } from '../packet/index.js';

/** Hears frames; the bytes are a view. */
export type FrameListener = (frame: Uint8Array, wireLength: number) => void;

/** An open source of frames. */
export interface FrameSource {
  readonly name: string;
  close(): void;
}

/** Opens `udp:PORT` or an interface. Throws like the port does, INVALID_INPUT for neither. */
export async function collectFrames(from: string, listener: FrameListener): Promise<FrameSource> {
  const pool = new PacketPool(wirePool);
  const port = await openPort(pool, from);
  port.start({
    packet: (packet) => {
      listener(pool.view(packet), pool.wireLength[packet]!);
      pool.free(packet);
    },
    idle() {},
    state() {},
  });
  return { name: port.name, close: () => port.close() };
}

async function openPort(pool: PacketPool, from: string): Promise<WirePort> {
  const udp = /^udp:(\d+)$/.exec(from);
  // Nothing is ever sent, so that the peer does not matter.
  if (udp) return UdpPort.open(pool, Number(udp[1]), { host: '127.0.0.1', port: 9 });
  if (/^[\w.-]{1,15}$/.test(from)) return AfPacketPort.open(pool, from);
  throw new UmbraError(
    'INVALID_INPUT',
    `mirror.collect: '${from}' is neither udp:PORT nor the name of an interface`,
  );
}
