/** One embedded switch as a process: ports on the outside world, P4Runtime over gRPC. */
import { readFileSync } from 'node:fs';
import { UmbraError, messageOf } from '../base/errors.js';
import { AfPacketPort, UdpPort, type PortSpec, type WirePort } from '../linux/index.js';
import { P4RuntimeServer, readP4InfoText } from '../p4runtime/index.js';
import { PacketPool, wirePool } from '../packet/index.js';
import { ForwardingPipelineConfig } from '../proto/index.js';
import { EmbeddedSwitch } from '../switch/index.js';

/** What a daemon is started with. */
export interface DaemonOptions {
  deviceId: bigint;
  ports: PortSpec[];
  /** `host:port` of the P4Runtime server. */
  grpcAddress: string;
  cpuPort?: number;
  seed?: number;
  /** Program to run from the start; otherwise a controller sets one. */
  program?: { json: string; p4info: string };
}

/** Waits shorter than this are spent polling: timers come no finer. */
const TIMER_SLACK_NS = 1.5e6;

/** A running switch. */
export class SwitchDaemon {
  readonly #ports = new Map<number, WirePort>();
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  private constructor(
    readonly device: EmbeddedSwitch,
    readonly server: P4RuntimeServer,
    readonly grpcPort: number,
  ) {}

  /** Opens all ports and listens; when something fails, what was opened is closed again. */
  static async start(options: DaemonOptions): Promise<SwitchDaemon> {
    const pool = new PacketPool(wirePool);
    let daemon: SwitchDaemon | undefined;
    const device = new EmbeddedSwitch({
      deviceId: options.deviceId,
      pool,
      seed: options.seed ?? 1,
      now: monotonicNs,
      ...(options.cpuPort === undefined ? {} : { cpuPort: options.cpuPort }),
      attachment: {
        transmit: (port, packet) => {
          const out = daemon?.port(port);
          if (out) out.transmit(packet);
          else pool.free(packet);
        },
        wakeAt: (timeNs) => daemon?.wakeAt(timeNs),
      },
    });
    if (options.program) device.commit(loadProgram(options.program));
    const server = new P4RuntimeServer([device]);
    const opened: WirePort[] = [];
    try {
      for (const spec of options.ports) opened.push(await openPort(pool, spec));
      const grpcPort = await server.listen(options.grpcAddress);
      daemon = new SwitchDaemon(device, server, grpcPort);
    } catch (error) {
      for (const port of opened) port.close();
      server.close();
      throw error;
    }
    daemon.attach(options.ports, opened);
    return daemon;
  }

  port(number: number): WirePort | undefined {
    return this.#ports.get(number);
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
      this.device.wake(monotonicNs());
      this.flush();
    };
    if (leftNs < TIMER_SLACK_NS) this.#immediate = setImmediate(poll);
    else this.#timer = setTimeout(poll, Math.floor((leftNs - TIMER_SLACK_NS) / 1e6) + 1);
  }

  /** UDP ports that were bound, in the order of the switch's ports. */
  get udpPorts(): number[] {
    return [...this.#ports.values()].flatMap((p) => (p instanceof UdpPort ? [p.localPort] : []));
  }

  /** Sends what waits in batches. */
  flush(): void {
    for (const port of this.#ports.values()) port.flush();
  }

  close(): void {
    this.wakeAt(Infinity);
    this.server.close();
    for (const port of this.#ports.values()) port.close();
  }

  private attach(specs: readonly PortSpec[], ports: readonly WirePort[]): void {
    specs.forEach(({ port: number }, i) => {
      const port = ports[i]!;
      this.#ports.set(number, port);
      port.start(
        (packet) => this.device.receive(number, packet, monotonicNs()),
        () => this.flush(),
      );
    });
  }
}

function monotonicNs(): number {
  return Math.floor(performance.now() * 1e6);
}

function openPort(pool: PacketPool, spec: PortSpec): Promise<WirePort> {
  if (spec.kind === 'interface') return AfPacketPort.open(pool, spec.name);
  return UdpPort.open(pool, spec.localPort, { host: spec.peerHost, port: spec.peerPort });
}

/** A pipeline config from two files. Throws INVALID_FILE naming the one that cannot be read. */
export function loadProgram(files: { json: string; p4info: string }): ForwardingPipelineConfig {
  const read = (path: string): Uint8Array => {
    try {
      return Uint8Array.from(readFileSync(path));
    } catch (error) {
      throw new UmbraError('INVALID_FILE', `${path}: ${messageOf(error)}`, { cause: error });
    }
  };
  const text = new TextDecoder().decode(read(files.p4info));
  return ForwardingPipelineConfig.fromPartial({
    p4info: readP4InfoText(text, files.p4info),
    p4DeviceConfig: read(files.json),
  });
}
