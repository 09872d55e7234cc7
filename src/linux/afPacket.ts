/**
 * A port on a Linux interface: AF_PACKET in batches. The kernel takes VLAN tags off frames; they
 * are put back. Host ends of veth pairs must have their transmit checksum offload off.
 */
import { UmbraError } from '../base/errors.js';
import { NO_PACKET, type PacketPool } from '../packet/index.js';
import { Libc } from './libc.js';
import { BATCH, MessageBatch } from './messageBatch.js';
import { newCounters, type WirePort } from './wirePort.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const ETH_P_ALL = 3;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_AUXDATA = 8;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
const MSG_DONTWAIT = 0x40;
const EPERM = 1;
const EAGAIN = 11;
const TP_STATUS_VLAN_VALID = 16;
const TP_STATUS_VLAN_TPID_VALID = 64;
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** Batches taken in one turn of the event loop. */
const BATCHES_PER_TURN = 8;
const RETRY_MS = 500;

type PollHandle = ReturnType<typeof import('koffi').node.poll>;

/** One interface. It may vanish and come back; meanwhile packets to it are dropped and counted. */
export class AfPacketPort implements WirePort {
  readonly counters = newCounters();
  readonly #receive: MessageBatch;
  readonly #send: MessageBatch;
  #fd = -1;
  /** Kept here: a handle that is collected stops polling. */
  #poll: PollHandle | undefined;
  #retry: NodeJS.Timeout | undefined;
  #queued = 0;
  #listener: (packet: number) => void = () => {};
  #idle: () => void = () => {};

  private constructor(
    readonly name: string,
    private readonly pool: PacketPool,
    private readonly libc: Libc,
  ) {
    this.#receive = new MessageBatch(libc);
    this.#send = new MessageBatch(libc);
  }

  /** Throws PERMISSION without the right to raw sockets, NOT_FOUND when there is no interface. */
  static async open(pool: PacketPool, name: string): Promise<AfPacketPort> {
    const port = new AfPacketPort(name, pool, await Libc.load());
    port.#open();
    return port;
  }

  get isUp(): boolean {
    return this.#fd >= 0;
  }

  start(listener: (packet: number) => void, idle: () => void): void {
    this.#listener = listener;
    this.#idle = idle;
    this.#watch();
  }

  transmit(packet: number): void {
    const { pool } = this;
    const length = pool.wireLength[packet]!;
    if (this.#fd < 0 || !pool.materialize(packet, length)) {
      this.counters.drops++;
      pool.free(packet);
      return;
    }
    const start = pool.start[packet]!;
    const at = this.#send.frameAt(this.#queued);
    this.#send.bytes.set(pool.bytes.subarray(start, start + length), at);
    pool.free(packet);
    this.#send.setSendLength(this.#queued, length);
    this.counters.txBytes += length;
    if (++this.#queued === BATCH) this.flush();
  }

  flush(): void {
    if (this.#queued === 0) return;
    const count = this.#queued;
    this.#queued = 0;
    const sent: number = this.libc.sendmmsg(this.#fd, this.#send.address, count, MSG_DONTWAIT);
    const done = Math.max(0, sent);
    this.counters.txPackets += done;
    this.counters.drops += count - done;
    if (sent < 0 && this.libc.errno !== EAGAIN) this.#vanish();
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#shut();
  }

  #open(): void {
    const { libc, name } = this;
    const index: number = libc.ifNameToIndex(name);
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
    setInt(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
    setInt(SOL_PACKET, PACKET_AUXDATA, 1);
    setInt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
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
  }

  #watch(): void {
    this.#poll = this.libc.koffi.node.poll(this.#fd, { readable: true, disconnect: true }, () =>
      this.#drain(),
    );
  }

  #drain(): void {
    for (let turn = 0; turn < BATCHES_PER_TURN; turn++) {
      this.#receive.prepareReceive();
      const { address } = this.#receive;
      const count: number = this.libc.recvmmsg(this.#fd, address, BATCH, MSG_DONTWAIT, null);
      if (count < 0) {
        if (this.libc.errno !== EAGAIN) this.#vanish();
        break;
      }
      for (let i = 0; i < count; i++) this.#take(i);
      if (count < BATCH) break;
    }
    this.#idle();
  }

  #take(i: number): void {
    const batch = this.#receive;
    const length = batch.receivedLength(i);
    const at = batch.frameAt(i);
    const packet = this.pool.allocFrom(batch.bytes.subarray(at, at + length));
    if (packet === NO_PACKET) {
      this.counters.drops++;
      return;
    }
    this.#restoreTag(i, packet);
    this.counters.rxPackets++;
    this.counters.rxBytes += length;
    this.#listener(packet);
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

  #vanish(): void {
    this.#shut();
    this.#retry = setTimeout(() => this.#comeBack(), RETRY_MS);
  }

  #comeBack(): void {
    try {
      this.#open();
      this.#watch();
    } catch (error) {
      if (!(error instanceof UmbraError)) throw error;
      this.#retry = setTimeout(() => this.#comeBack(), RETRY_MS);
    }
  }

  #shut(): void {
    this.#poll?.close();
    this.#poll = undefined;
    if (this.#fd >= 0) this.libc.close(this.#fd);
    this.#fd = -1;
    this.#queued = 0;
  }
}
