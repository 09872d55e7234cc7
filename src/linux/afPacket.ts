/**
 * A port on a Linux interface: AF_PACKET in batches. The kernel takes VLAN tags off frames; they
 * are put back. Host ends of veth pairs must have their transmit checksum offload off.
 */
import { assert } from '../base/assert.js';
import { UmbraError } from '../base/errors.js';
import { NO_PACKET, type PacketPool } from '../packet/index.js';
import { InterfaceState } from './interfaceState.js';
import { Libc } from './libc.js';
import { BATCH, FRAME_BYTES, MessageBatch } from './messageBatch.js';
import { newCounters, type PortListener, type WirePort } from './wirePort.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_STATISTICS = 6;
const PACKET_AUXDATA = 8;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
const MSG_DONTWAIT = 0x40;
const EPERM = 1;
const ENXIO = 6;
const EAGAIN = 11;
const ENODEV = 19;
const ENETDOWN = 100;
const ENOBUFS = 105;
const TP_STATUS_VLAN_VALID = 16;
const TP_STATUS_VLAN_TPID_VALID = 64;
const BUFFER_BYTES = 8 * 1024 * 1024;
/** Batches taken in one turn of the event loop. */
const BATCHES_PER_TURN = 8;
/** How often the interface is looked at: its state, and whether it is still the same one. */
const CHECK_MS = 250;

/** What a read says of an interface that is down or gone. */
const goneErrors = new Set([ENXIO, ENODEV, ENETDOWN]);

type PollHandle = ReturnType<typeof import('koffi').node.poll>;

/** One interface. It may vanish and come back; meanwhile packets to it are dropped and counted. */
export class AfPacketPort implements WirePort {
  readonly counters = newCounters();
  readonly #receive: MessageBatch;
  readonly #send: MessageBatch;
  readonly #interface: InterfaceState;
  readonly #statistics = new Uint32Array(2);
  #fd = -1;
  /** The interface that the socket is bound to. */
  #index = 0;
  #isUp = false;
  /** Kept here: a handle that is collected stops polling. */
  #poll: PollHandle | undefined;
  /** Polling ended with an error, as it does when the interface goes down. */
  #isDeaf = false;
  #timer: NodeJS.Timeout | undefined;
  #queued = 0;
  #listener: PortListener | undefined;

  private constructor(
    readonly name: string,
    private readonly pool: PacketPool,
    private readonly libc: Libc,
  ) {
    this.#receive = new MessageBatch(libc);
    this.#send = new MessageBatch(libc);
    this.#interface = new InterfaceState(libc, name);
  }

  /** Throws PERMISSION without the right to raw sockets, NOT_FOUND when there is no interface. */
  static async open(pool: PacketPool, name: string): Promise<AfPacketPort> {
    const port = new AfPacketPort(name, pool, await Libc.load());
    port.#open();
    return port;
  }

  start(listener: PortListener): void {
    this.#listener = listener;
    this.#watch();
    this.#isUp = this.#interface.isRunning(this.#fd);
    listener.state(this.#isUp);
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  pause(): void {
    if (!this.#poll) return;
    this.#drain();
    this.#poll?.close();
    this.#poll = undefined;
    this.#listener = undefined;
  }

  transmit(packet: number): void {
    const { pool } = this;
    const length = pool.wireLength[packet]!;
    if (this.#fd < 0 || length > FRAME_BYTES || !pool.materialize(packet, length)) {
      this.counters.drops++;
      pool.free(packet);
      return;
    }
    const start = pool.start[packet]!;
    const at = this.#send.frameAt(this.#queued);
    this.#send.bytes.set(pool.bytes.subarray(start, start + length), at);
    pool.free(packet);
    this.#send.setSendLength(this.#queued, length);
    if (++this.#queued === BATCH) this.flush();
  }

  flush(): void {
    const count = this.#queued;
    if (count === 0) return;
    this.#queued = 0;
    const { libc, counters } = this;
    let done = 0;
    while (done < count) {
      const address = this.#send.addressOf(done);
      const sent = libc.sendmmsg(this.#fd, address, count - done, MSG_DONTWAIT);
      if (sent <= 0) break;
      for (let i = done; i < done + sent; i++) counters.txBytes += this.#send.sendLength(i);
      done += sent;
    }
    counters.txPackets += done;
    if (done === count) return;
    const { errno } = libc;
    counters.drops += count - done;
    if (errno !== EAGAIN && errno !== ENOBUFS) this.#check();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#shut();
  }

  #open(): void {
    const { libc, name } = this;
    const index = this.#interface.index();
    if (index === 0) throw new UmbraError('NOT_FOUND', `no network interface '${name}'`);
    // Protocol 0 receives nothing until it is bound, with all options set.
    const fd: number = libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
    if (fd < 0) {
      const code = libc.errno === EPERM ? 'PERMISSION' : 'UNAVAILABLE';
      throw new UmbraError(code, `interface ${name}: raw sockets need root (CAP_NET_RAW)`);
    }
    const setInt = (level: number, option: number, value: number): void => {
      libc.setsockopt(fd, level, option, new Uint8Array(Int32Array.of(value).buffer), 4);
    };
    setInt(SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES);
    setInt(SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES);
    setInt(SOL_PACKET, PACKET_AUXDATA, 1);
    setInt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
    // PACKET_QDISC_BYPASS stays off: Mininet shapes its links with the interfaces' queues.
    const membership = new DataView(new ArrayBuffer(16));
    membership.setInt32(0, index, true);
    membership.setUint16(4, PACKET_MR_PROMISC, true);
    const request = new Uint8Array(membership.buffer);
    libc.setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request, 16);
    const address = new DataView(new ArrayBuffer(20));
    address.setUint16(0, AF_PACKET, true);
    address.setUint16(2, ETH_P_ALL, false);
    address.setInt32(4, index, true);
    if (libc.bind(fd, new Uint8Array(address.buffer), 20) < 0) {
      libc.close(fd);
      throw new UmbraError('UNAVAILABLE', `interface ${name}: cannot bind (error ${libc.errno})`);
    }
    this.#fd = fd;
    this.#index = index;
  }

  #watch(): void {
    assert(this.#fd >= 0, 'a socket to watch');
    const { node } = this.libc.koffi;
    this.#poll?.close();
    this.#isDeaf = false;
    this.#poll = node.poll(this.#fd, { readable: true, disconnect: true }, (status: unknown) => {
      // The first argument is the status, whatever koffi's types say.
      this.#isDeaf = (status as number) < 0;
      this.#drain();
    });
  }

  #drain(): void {
    for (let turn = 0; turn < BATCHES_PER_TURN; turn++) {
      this.#receive.prepareReceive();
      const { address } = this.#receive;
      const count: number = this.libc.recvmmsg(this.#fd, address, BATCH, MSG_DONTWAIT, null);
      if (count < 0) {
        if (goneErrors.has(this.libc.errno)) this.#check();
        break;
      }
      for (let i = 0; i < count; i++) this.#take(i);
      if (count < BATCH) break;
    }
    this.#listener?.idle();
  }

  #take(i: number): void {
    const batch = this.#receive;
    const length = batch.receivedLength(i);
    const at = batch.frameAt(i);
    const frame = batch.bytes.subarray(at, at + length);
    const packet = batch.isCut(i) ? NO_PACKET : this.pool.allocFrom(frame);
    if (packet === NO_PACKET) {
      this.counters.drops++;
      return;
    }
    this.#restoreTag(i, packet);
    this.counters.rxPackets++;
    this.counters.rxBytes += length;
    this.#listener?.packet(packet);
  }

  /** Puts back the 802.1Q tag that the kernel reports beside the frame. */
  #restoreTag(i: number, packet: number): void {
    const batch = this.#receive;
    if (batch.controlLength(i) < 36) return;
    const { view } = batch;
    const data = batch.controlAt(i) + 16;
    const status = view.getUint32(data, true);
    if ((status & TP_STATUS_VLAN_VALID) === 0) return;
    const tci = view.getUint16(data + 16, true);
    const tpid = status & TP_STATUS_VLAN_TPID_VALID ? view.getUint16(data + 18, true) : 0x8100;
    const { bytes, start } = this.pool;
    const front = new Uint8Array(16);
    front.set(bytes.subarray(start[packet]!, start[packet]! + 12));
    front.set([tpid >> 8, tpid & 255, tci >> 8, tci & 255], 12);
    this.pool.replaceFront(packet, 12, front, 16);
  }

  /** Follows the interface: down, up, gone, back as another one. */
  #check(): void {
    const index = this.#interface.index();
    if (index !== this.#index) this.#reopen(index);
    else if (this.#isDeaf && this.#listener) this.#watch();
    const isUp = this.#fd >= 0 && this.#interface.isRunning(this.#fd);
    if (this.#fd >= 0) this.#countKernelDrops();
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    this.#listener?.state(isUp);
  }

  #reopen(index: number): void {
    this.#shut();
    if (index === 0) return;
    try {
      this.#open();
      if (this.#listener) this.#watch();
    } catch (error) {
      // It went away again in between; the next look finds it.
      if (!(error instanceof UmbraError)) throw error;
    }
  }

  /** Packets that the kernel could not queue for us; the kernel starts anew at each question. */
  #countKernelDrops(): void {
    const length = Uint32Array.of(this.#statistics.byteLength);
    const { libc } = this;
    if (libc.getsockopt(this.#fd, SOL_PACKET, PACKET_STATISTICS, this.#statistics, length) === 0) {
      this.counters.drops += this.#statistics[1]!;
    }
  }

  #shut(): void {
    this.#poll?.close();
    this.#poll = undefined;
    this.#isDeaf = false;
    if (this.#fd >= 0) this.libc.close(this.#fd);
    this.#fd = -1;
    this.#index = 0;
    this.#queued = 0;
  }
}
