/** What the rows run against: the embedded switch as a daemon, or BMv2's simple_switch_grpc. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SwitchDaemon } from '../../src/app/index.js';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { findProgram } from '../live/requirements.js';

/** The port of PacketIn and PacketOut in the programs of this folder. */
export const CPU_PORT = 510;
/** The device id that every target is started with. */
export const DEVICE_ID = 1n;

/** A running target, without a pipeline. */
export interface RunningTarget {
  /** `host:port` of its P4Runtime server. */
  address: string;
  /** The process itself, where it is ours. */
  daemon: SwitchDaemon | undefined;
  stop(): Promise<void>;
}

/** A kind of target. */
export interface TargetKind {
  name: 'embedded' | 'simple_switch_grpc';
  /** The reason why it cannot run here; undefined when it can. */
  missing(): string | undefined;
  start(): Promise<RunningTarget>;
}

/** Umbra's own switch, as `umbra switch` runs it. */
export const embedded: TargetKind = {
  name: 'embedded',
  missing: () => undefined,
  async start() {
    const daemon = await SwitchDaemon.start({
      deviceId: DEVICE_ID,
      ports: [],
      grpcAddress: '127.0.0.1:0',
      cpuPort: CPU_PORT,
    });
    return {
      address: `127.0.0.1:${daemon.grpcPort}`,
      daemon,
      stop: async () => daemon.close(),
    };
  },
};

const bmv2Program = 'simple_switch_grpc';
/** How long simple_switch_grpc may take until it answers. */
const START_LIMIT_MS = 20_000;

/** The reference switch, as a child process. */
export const bmv2: TargetKind = {
  name: bmv2Program,
  missing: () => (findProgram(bmv2Program) ? undefined : `${bmv2Program} is not installed`),
  async start() {
    const folder = mkdtempSync(join(tmpdir(), 'umbra-bmv2-'));
    const [grpcPort, thriftPort] = [await unusedPort(), await unusedPort()];
    const address = `127.0.0.1:${grpcPort}`;
    const child = spawn(
      bmv2Program,
      [
        ...['--no-p4', '--device-id', `${DEVICE_ID}`, '--thrift-port', `${thriftPort}`],
        ...['--notifications-addr', `ipc://${folder}/notifications.ipc`, '--log-level', 'off'],
        ...['--', '--grpc-server-addr', address, '--cpu-port', `${CPU_PORT}`],
      ],
      { stdio: 'ignore' },
    );
    try {
      await untilAnswers(address, child);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    return {
      address,
      daemon: undefined,
      stop: () =>
        new Promise((resolve) => {
          child.once('exit', () => {
            rmSync(folder, { recursive: true, force: true });
            resolve();
          });
          child.kill('SIGKILL');
        }),
    };
  },
};

async function untilAnswers(address: string, child: ChildProcess): Promise<void> {
  const limit = Date.now() + START_LIMIT_MS;
  for (;;) {
    const channel = new GrpcChannel(address, { deadlineMs: 2000 });
    try {
      await channel.capabilities(0n);
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > limit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      channel.close();
    }
  }
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}
