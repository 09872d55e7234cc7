/** One embedded switch as a process: ports on the outside world, P4Runtime over gRPC. */
import { readFileSync } from 'node:fs';
import { UmbraError, messageOf } from '../base/errors.js';
import type { PortSpec } from '../linux/index.js';
import { P4RuntimeServer, readP4InfoText, serverTls, type TlsFiles } from '../p4runtime/index.js';
import { PacketPool, wirePool } from '../packet/index.js';
import { ForwardingPipelineConfig } from '../proto/index.js';
import { EmbeddedSwitch } from '../switch/index.js';
import { traceLines } from '../v1model/index.js';
import type { DataPlane } from './dataPlane.js';
import { FilePlane } from './filePlane.js';
import { SwitchLog } from './switchLog.js';
import { WirePlane } from './wirePlane.js';

/** What a daemon is started with. */
export interface DaemonOptions {
  deviceId: bigint;
  ports: PortSpec[];
  /** `host:port` of the P4Runtime server. */
  grpcAddress: string;
  /** Clear text when left out. */
  tls?: TlsFiles;
  cpuPort?: number;
  dropPort?: number;
  seed?: number;
  /** Program to run from the start; otherwise a controller sets one. */
  program?: ProgramFiles;
  /** Folder for a capture of every port and direction. */
  pcapFolder?: string;
  /** Captures instead of interfaces, after this many seconds. */
  useFilesAfterSeconds?: number;
  log?: SwitchLog;
}

/** A program's files. Without P4Info it runs, but P4Runtime knows nothing of it. */
export interface ProgramFiles {
  json: string;
  p4info?: string;
}

/** How long an orderly end may take at most, ms: packets inside, and calls under way. */
const DRAIN_MS = 1000;

/** A running switch. */
export class SwitchDaemon {
  private constructor(
    readonly device: EmbeddedSwitch,
    readonly server: P4RuntimeServer,
    readonly grpcPort: number,
    private readonly plane: DataPlane,
  ) {}

  /** Opens all ports and listens; when something fails, what was opened is closed again. */
  static async start(options: DaemonOptions): Promise<SwitchDaemon> {
    const { deviceId, cpuPort, dropPort, program, tls } = options;
    const log = options.log ?? new SwitchLog();
    const credentials = tls && serverTls(tls);
    const pool = new PacketPool(wirePool);
    let plane: DataPlane | undefined;
    const device = new EmbeddedSwitch({
      deviceId,
      pool,
      seed: options.seed ?? 1,
      now: () => plane?.nowNs() ?? 0,
      epochNs: () => plane?.epochNs ?? 0,
      ...(cpuPort === undefined ? {} : { cpuPort }),
      ...(dropPort === undefined ? {} : { dropPort }),
      attachment: {
        transmit: (port, packet) => plane!.transmit(port, packet),
        wakeAt: (timeNs) => plane?.wakeAt(timeNs),
      },
    });
    if (log.tracesPackets) {
      device.trace((trace) => traceLines(trace).forEach((line) => log.debug(line)));
    }
    if (program) runProgram(device, program);
    plane = await openPlane(pool, log, options);
    const server = new P4RuntimeServer([device]);
    try {
      const grpcPort = await server.listen(options.grpcAddress, credentials);
      plane.start(device);
      return new SwitchDaemon(device, server, grpcPort, plane);
    } catch (error) {
      plane.close();
      server.close();
      throw error;
    }
  }

  /** UDP ports that were bound, in the order of the switch's ports. */
  get udpPorts(): readonly number[] {
    return this.plane instanceof WirePlane ? this.plane.udpPorts : [];
  }

  /** What each port has carried, one line a port. */
  get counters(): string[] {
    return this.plane.counters();
  }

  /**
   * An orderly end: no packet comes in, those inside leave, streams are told and calls under way
   * are answered. Whatever has not ended within a second is cut off.
   */
  async drain(): Promise<void> {
    await Promise.all([this.plane.drain(DRAIN_MS), this.server.drain(DRAIN_MS)]);
    this.close();
  }

  /** Ends at once. */
  close(): void {
    this.server.close();
    this.plane.close();
  }
}

async function openPlane(
  pool: PacketPool,
  log: SwitchLog,
  { ports, pcapFolder, useFilesAfterSeconds: waitSeconds }: DaemonOptions,
): Promise<DataPlane> {
  if (waitSeconds === undefined) {
    const recording = pcapFolder === undefined ? {} : { pcapFolder };
    return WirePlane.open({ pool, ports, log, ...recording });
  }
  const files = ports.map((spec) => {
    if (spec.kind === 'interface') return { port: spec.port, name: spec.name };
    throw new UmbraError('USAGE', `port ${spec.port}: a UDP socket has no files to use`);
  });
  return new FilePlane({ pool, ports: files, waitSeconds, log });
}

function runProgram(device: EmbeddedSwitch, { json, p4info }: ProgramFiles): void {
  if (p4info === undefined) device.runBare(readBytes(json));
  else device.commit(loadProgram({ json, p4info }));
}

/** A pipeline config from two files. Throws INVALID_FILE naming the one that cannot be read. */
export function loadProgram(files: { json: string; p4info: string }): ForwardingPipelineConfig {
  const text = new TextDecoder().decode(readBytes(files.p4info));
  return ForwardingPipelineConfig.fromPartial({
    p4info: readP4InfoText(text, files.p4info),
    p4DeviceConfig: readBytes(files.json),
  });
}

function readBytes(path: string): Uint8Array {
  try {
    return Uint8Array.from(readFileSync(path));
  } catch (error) {
    throw new UmbraError('INVALID_FILE', `${path}: ${messageOf(error)}`, { cause: error });
  }
}
