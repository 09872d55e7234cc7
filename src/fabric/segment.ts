/** TCP segments as packets: headers, checksum, the start of the payload. */
import {
  ETHERNET_BYTES,
  foldChecksum,
  IPV4_BYTES,
  IpProtocol,
  NO_PACKET,
  pseudoHeaderSum,
  sumWords,
  TCP_BYTES,
  write16,
  writeIpv4,
  writeTcp,
  type PacketPool,
  type TcpHeader,
} from '../packet/index.js';

/** Payload of a full segment. */
export const MSS_BYTES = 1460;
/** Shift of window fields behind the handshake. */
export const WINDOW_SCALE = 7;
/** Bytes of the options that a SYN carries. */
export const SYN_OPTION_BYTES = 8;
const HEADERS = ETHERNET_BYTES + IPV4_BYTES + TCP_BYTES;

/** What TCP needs of the hosts below it. */
export interface TcpNetwork {
  address(host: number): number;
  nextIdentification(host: number): number;
  /** Takes a packet whose IPv4 header is written. */
  sendIpv4(host: number, packet: number): void;
}

/** Writes segments; the caller fills `header` first. */
export class SegmentWriter {
  readonly header: TcpHeader = {
    sourcePort: 0,
    destinationPort: 0,
    sequence: 0,
    acknowledgement: 0,
    flags: 0,
    window: 0,
  };

  constructor(
    private readonly pool: PacketPool,
    private readonly now: Float64Array,
    private readonly network: TcpNetwork,
  ) {}

  /**
   * Sends `header` with `length` bytes of payload, of which `real` come first.
   * @param options bytes of SYN options, or 0
   */
  send(
    host: number,
    peerIp: number,
    length: number,
    options: number,
    real: Uint8Array | undefined,
    flow: number,
  ): void {
    const { pool } = this;
    const packet = pool.alloc();
    if (packet === NO_PACKET) return;
    const { bytes } = pool;
    const ip = pool.start[packet]! + ETHERNET_BYTES;
    const tcp = ip + IPV4_BYTES;
    const segmentBytes = TCP_BYTES + options + length;
    const source = this.network.address(host);
    const identification = this.network.nextIdentification(host);
    writeIpv4(bytes, ip, IPV4_BYTES + segmentBytes, IpProtocol.TCP, source, peerIp, identification);
    writeTcp(bytes, tcp, this.header, TCP_BYTES + options);
    if (options > 0) bytes.set(synOptions, tcp + TCP_BYTES);
    if (real) bytes.set(real, tcp + TCP_BYTES);
    const realBytes = real?.length ?? 0;
    const sum =
      sumWords(bytes, tcp, TCP_BYTES + options + realBytes) +
      pseudoHeaderSum(source, peerIp, IpProtocol.TCP, segmentBytes);
    write16(bytes, tcp + 16, foldChecksum(sum));
    pool.headLength[packet] = HEADERS + options + realBytes;
    pool.wireLength[packet] = HEADERS + options + length;
    pool.bornNs[packet] = this.now[0]!;
    pool.mark[packet] = flow;
    this.network.sendIpv4(host, packet);
  }
}

/** MSS, no-operation, window scale. */
const synOptions = Uint8Array.of(2, 4, MSS_BYTES >> 8, MSS_BYTES & 255, 1, 3, 3, WINDOW_SCALE);
