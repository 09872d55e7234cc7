/** TCP segments between the hosts of a pair as frames, and what is to be read of them. */
import { foldChecksum, pseudoHeaderSum, sumWords } from '../../src/packet/index.js';

/** Flags of TCP. */
export const Flag = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16 } as const;

/** A segment as it matters here. */
export interface Segment {
  /** 'server': b sends to a. */
  from: 'client' | 'server';
  clientPort: number;
  serverPort: number;
  sequence: number;
  acknowledgement: number;
  flags: number;
  /** A character a byte. */
  payload: string;
  /** Bytes of options, a multiple of 4. */
  options: number;
}

const IP = { client: 0x0a000101, server: 0x0a000201 };
const ETHERNET = 14;
const IPV4 = 20;
const TCP = 20;

/** An answer's segment of the server unless told otherwise. */
export function segment(part: Partial<Segment> = {}): Segment {
  return {
    from: 'server',
    clientPort: 40_000,
    serverPort: 80,
    sequence: 1000,
    acknowledgement: 2000,
    flags: Flag.ACK,
    payload: '',
    options: 0,
    ...part,
  };
}

/** A segment as a frame with right checksums. */
export function frameOf(s: Segment): Uint8Array {
  const header = TCP + s.options;
  const frame = new Uint8Array(ETHERNET + IPV4 + header + s.payload.length);
  const view = new DataView(frame.buffer);
  const [source, destination] = s.from === 'server' ? [IP.server, IP.client] : [IP.client, IP.server];
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
  view.setUint16(16, IPV4 + header + s.payload.length);
  frame.set([64, 6], 22);
  view.setUint32(26, source);
  view.setUint32(30, destination);
  view.setUint16(24, foldChecksum(sumWords(frame, ETHERNET, IPV4)));
  const tcp = ETHERNET + IPV4;
  const ports = s.from === 'server' ? [s.serverPort, s.clientPort] : [s.clientPort, s.serverPort];
  ports.forEach((port, i) => view.setUint16(tcp + 2 * i, port));
  view.setUint32(tcp + 4, s.sequence);
  view.setUint32(tcp + 8, s.acknowledgement);
  view.setUint16(tcp + 12, ((header / 4) << 12) | s.flags);
  view.setUint16(tcp + 14, 500);
  // Two no-operations and a timestamp, as a kernel sends them.
  if (s.options >= 12) frame.set([1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8], tcp + TCP);
  frame.set(Buffer.from(s.payload, 'latin1'), tcp + header);
  view.setUint16(tcp + 16, tcpChecksum(frame));
  return frame;
}

/** The segment in a frame. Throws when one of its checksums is wrong. */
export function segmentOf(frame: Uint8Array): Segment {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const length = view.getUint16(16);
  if (frame.length !== ETHERNET + length) throw new Error(`${frame.length} bytes, ${length} of IPv4`);
  const ip = foldChecksum(sumWords(frame, ETHERNET, IPV4));
  if (ip !== 0) throw new Error(`IPv4 checksum is off by ${ip}`);
  const tcp = ETHERNET + IPV4;
  const stored = view.getUint16(tcp + 16);
  if (stored !== tcpChecksum(frame)) throw new Error(`TCP checksum is ${stored}`);
  const header = (frame[tcp + 12]! >> 4) * 4;
  const from = view.getUint32(26) === IP.server ? 'server' : 'client';
  const [first, second] = [view.getUint16(tcp), view.getUint16(tcp + 2)];
  return {
    from,
    clientPort: from === 'server' ? second : first,
    serverPort: from === 'server' ? first : second,
    sequence: view.getUint32(tcp + 4),
    acknowledgement: view.getUint32(tcp + 8),
    flags: frame[tcp + 13]!,
    payload: Buffer.from(frame.subarray(tcp + header)).toString('latin1'),
    options: header - TCP,
  };
}

function tcpChecksum(frame: Uint8Array): number {
  const copy = Uint8Array.from(frame);
  const view = new DataView(copy.buffer);
  const tcp = ETHERNET + IPV4;
  view.setUint16(tcp + 16, 0);
  const length = copy.length - tcp;
  const pseudo = pseudoHeaderSum(view.getUint32(26), view.getUint32(30), 6, length);
  return foldChecksum(sumWords(copy, tcp, length) + pseudo);
}
