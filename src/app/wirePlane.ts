/** Interfaces and UDP sockets under the wall clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AfPacketPort,
  RecordedPort,
  UdpPort,
  type PortSpec,
  type WirePort,
} from '../linux/index.js';
import type { PacketPool } from '../packet/index.js';
import type { EmbeddedSwitch } from '../switch/index.js';
import type { DataPlane } from './dataPlane.js';
import type { SwitchLog } from './switchLog.js';

/** Waits shorter than this are spent polling: timers come no finer. */
const TIMER_SLACK_NS = 1.5e6;
/** How often recorded packets reach their files. */
const SAVE_MS = 200;
const DRAIN_STEP_MS = 5;

/** What the ports are. */
export interface WirePlaneOptions {
  pool: PacketPool;
  ports: readonly PortSpec[];
  log: SwitchLog;
  /** Folder for a capture of every port and direction. */
  pcapFolder?: string;
}

/** Ports on the outside world. */
export class WirePlane implements DataPlane {
  readonly epochNs = performance.timeOrigin * 1e6;
  readonly #ports = new Map<number, WirePort>();
  readonly #recorded: RecordedPort[] = [];
  readonly #pool: PacketPool;
  readonly #log: SwitchLog;
  #device: EmbeddedSwitch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #saver: NodeJS.Timeout | undefined;

  private constructor({ pool, log }: WirePlaneOptions) {
    this.#pool = pool;
    this.#log = log;
  }

  /** Opens every port, or none: when one cannot be opened the others are closed again. */
  static async open(options: WirePlaneOptions): Promise<WirePlane> {
    const plane = new WirePlane(options);
    try {
      for (const spec of options.ports) {
        plane.#ports.set(spec.port, await plane.#open(spec, options));
      }
    } catch (error) {
      plane.close();
      throw error;
    }
    return plane;
  }

  /** UDP ports that were bound, in the order of the switch's ports. */
  readonly udpPorts: number[] = [];

  nowNs(): number {
    return monotonicNs();
  }

  transmit(port: number, packet: number): void {
    const out = this.#ports.get(port);
    if (out) out.transmit(packet);
    else this.#pool.free(packet);
  }

  wakeAt(timeNs: number): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate!);
    this.#timer = this.#immediate = undefined;
    if (timeNs === Infinity) return;
    const leftNs = timeNs - monotonicNs();
    const poll = (): void => {
      if (monotonicNs() < timeNs) {
        this.#immediate = setImmediate(poll);
        return;
      }
      this.#device?.wake(monotonicNs());
      this.#flush();
    };
    if (leftNs < TIMER_SLACK_NS) this.#immediate = setImmediate(poll);
    else this.#timer = setTimeout(poll, Math.floor((leftNs - TIMER_SLACK_NS) / 1e6) + 1);
  }

  start(device: EmbeddedSwitch): void {
    this.#device = device;
    for (const [number, port] of this.#ports) {
      port.start({
        packet: (packet) => device.receive(number, packet, monotonicNs()),
        idle: () => this.#flush(),
        state: (isUp) => {
          device.setPortState(number, isUp);
          this.#log.info(`port ${number} (${port.name}) is ${isUp ? 'up' : 'down'}`);
        },
      });
    }
    if (this.#recorded.length === 0) return;
    this.#saver = setInterval(() => this.#recorded.forEach((port) => port.save()), SAVE_MS);
  }

  async drain(limitMs: number): Promise<void> {
    for (const port of this.#ports.values()) port.pause();
    const end = performance.now() + limitMs;
    while ((this.#device?.v1?.held ?? 0) > 0 && performance.now() < end) await sleep(DRAIN_STEP_MS);
    this.#flush();
  }

  counters(): string[] {
    return [...this.#ports].map(([number, { name, counters: c }]) => {
      const received = `received ${c.rxPackets} packets (${c.rxBytes} bytes)`;
      const sent = `sent ${c.txPackets} (${c.txBytes} bytes)`;
      return `port ${number} (${name}): ${received}, ${sent}, dropped ${c.drops}`;
    });
  }

  close(): void {
    this.wakeAt(Infinity);
    clearInterval(this.#saver);
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
  }

  async #open(spec: PortSpec, { pool, pcapFolder, log }: WirePlaneOptions): Promise<WirePort> {
    const port = await openPort(pool, spec);
    if (port instanceof UdpPort) this.udpPorts.push(port.localPort);
    if (pcapFolder === undefined) return port;
    const originSeconds = Math.floor(performance.timeOrigin / 1000);
    const offsetNs = Math.floor((performance.timeOrigin - originSeconds * 1000) * 1e6);
    try {
      const recorded = new RecordedPort(port, pool, {
        folder: pcapFolder,
        originSeconds,
        nowNs: () => monotonicNs() + offsetNs,
        onFailure: (error) => log.error(error.message),
      });
      this.#recorded.push(recorded);
      return recorded;
    } catch (error) {
      port.close();
      throw error;
    }
  }

  /** Sends what waits in batches. */
  #flush(): void {
    for (const port of this.#ports.values()) port.flush();
  }
}

function monotonicNs(): number {
  return Math.floor(performance.now() * 1e6);
}

function openPort(pool: PacketPool, spec: PortSpec): Promise<WirePort> {
  if (spec.kind === 'interface') return AfPacketPort.open(pool, spec.name);
  return UdpPort.open(pool, spec.localPort, { host: spec.peerHost, port: spec.peerPort });
}
