/** One shadow switch with a tap on its output: what goes in and when, what comes out and when. */
import { isRouting, planRoutes } from '../../src/control/index.js';
import { ShadowDevice } from '../../src/device/index.js';
import { FaultEngine, type Failure } from '../../src/fault/index.js';
import { shippedProgram } from '../../src/app/index.js';
import type { PacketIn } from '../../src/proto/index.js';
import { P4RuntimeServer } from '../../src/p4runtime/index.js';
import { wirePool, foldChecksum, PacketPool, pseudoHeaderSum, sumWords } from '../../src/packet/index.js';
import { EmbeddedSwitch } from '../../src/switch/index.js';
import { pair } from '../laboratory.js';

/** A packet that came out. */
export interface Seen {
  timeNs: number;
  port: number;
  frame: Uint8Array;
}

const PAYLOAD = 64;

/** An UDP datagram from a to b with `id` in its payload and right checksums. */
export function datagram(id: number, payloadBytes = PAYLOAD): Uint8Array {
  const frame = new Uint8Array(42 + payloadBytes);
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
  view.setUint16(16, 28 + payloadBytes);
  frame.set([64, 17], 22);
  frame.set([10, 0, 1, 1, 10, 0, 2, 1], 26);
  view.setUint16(24, foldChecksum(sumWords(frame, 14, 20)));
  view.setUint16(34, 5000);
  view.setUint16(36, 4000);
  view.setUint16(38, 8 + payloadBytes);
  view.setUint32(42 + 16, id);
  view.setUint16(40, udpChecksum(frame));
  return frame;
}

/** The checksum that the datagram should carry. */
export function udpChecksum(frame: Uint8Array): number {
  const copy = Uint8Array.from(frame);
  copy.fill(0, 40, 42);
  const length = frame.length - 34;
  const pseudo = pseudoHeaderSum(0x0a000101, 0x0a000201, 17, length);
  return foldChecksum(sumWords(copy, 34, length) + pseudo) || 0xffff;
}

/** The number that `datagram` put in. */
export function idOf({ frame }: Seen): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(42 + 16);
}

/** A switch under test; times are ns from its start. */
export class Tap {
  readonly seen: Seen[] = [];
  readonly packetIns: PacketIn[] = [];
  nowNs = 1e9;
  #wakeNs = Infinity;
  readonly #pool = new PacketPool(wirePool);
  readonly #switch: EmbeddedSwitch;
  device!: ShadowDevice;
  faults!: FaultEngine;

  private constructor(seed: number) {
    const pool = this.#pool;
    this.#switch = new EmbeddedSwitch({
      deviceId: 1n,
      pool,
      seed,
      now: () => this.nowNs,
      attachment: {
        transmit: (port, packet) => {
          const frame = pool.view(packet).slice();
          this.seen.push({ timeNs: this.nowNs, port, frame });
          pool.free(packet);
        },
        wakeAt: (timeNs) => void (this.#wakeNs = timeNs),
      },
    });
  }

  static async open(seed = 1): Promise<Tap> {
    const tap = new Tap(seed);
    const channel = new P4RuntimeServer([tap.#switch]).inProcess();
    const config = shippedProgram('shadow');
    const listener = { packetIn: (packet: PacketIn) => void tap.packetIns.push(packet) };
    tap.device = await ShadowDevice.open({ name: 's1', channel, deviceId: 1n, config, listener });
    const plan = planRoutes(pair, () => tap.device.schema);
    await tap.device.reconcile(plan.get('s1')!, isRouting(tap.device.schema));
    const nowUs = (): number => Math.floor(tap.nowNs / 1000);
    tap.faults = new FaultEngine({ topology: pair, devices: [tap.device], nowUs });
    return tap;
  }

  /** A fault on the link to b, or another failure, for an hour. */
  async inject(failure: object): Promise<void> {
    const onLink = { type: 'link_degradation', link: 'b-s1', direction: 'both' };
    await this.faults.inject({ ...onLink, ...failure } as Failure, 3600e6);
  }

  /** Sends `count` datagrams, one each `intervalNs`, and returns what came out, in time. */
  send(count: number, intervalNs: number, payloadBytes = PAYLOAD): Seen[] {
    this.seen.length = 0;
    for (let i = 0; i < count; i++) {
      if (i % 1000 === 0) this.faults.heartbeat();
      const frame = datagram(i, payloadBytes);
      this.#switch.receive(1, this.#pool.allocFrom(frame), this.nowNs);
      this.advance(intervalNs);
    }
    return this.seen;
  }

  /** Gives one frame to a port; what came out at once. */
  put(port: number, frame: Uint8Array): Seen[] {
    this.seen.length = 0;
    this.#switch.receive(port, this.#pool.allocFrom(frame), this.nowNs);
    return this.seen.splice(0);
  }

  /** Lets time pass, and what waits come out. */
  advance(ns: number): void {
    const end = this.nowNs + ns;
    while (this.#wakeNs <= end) {
      this.nowNs = this.#wakeNs;
      this.#wakeNs = Infinity;
      this.#switch.wake(this.nowNs);
    }
    this.nowNs = end;
  }
}
