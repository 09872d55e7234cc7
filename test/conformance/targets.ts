/** What the rows run against: the embedded switch as a daemon, or BMv2's simple_switch_grpc. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shippedFile } from '../../src/base/paths.js';
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
  /** Starts one as a process that is told no address, and ends it; the port it chose. */
  usualPort(): Promise<number>;
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
  async usualPort() {
    const args = [shippedFile('bin/umbra.js'), 'switch', '--device-id', `${DEVICE_ID}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    // It says where it listens, or that another process has that port already.
    let said = '';
    for await (const text of child.stderr.setEncoding('utf8')) {
      said += String(text);
      if (/\d{4,}/.test(said)) break;
    }
    await ended(child);
    return Number(/\d{4,}/.exec(said)?.[0]);
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
    const address = `127.0.0.1:${await unusedPort()}`;
    const { child, folder } = await startBmv2(['--grpc-server-addr', address], address);
    return {
      address,
      daemon: undefined,
      stop: async () => {
        await ended(child);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
  async usualPort() {
    const port = 9559;
    const { child, folder } = await startBmv2([], `127.0.0.1:${port}`);
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
    return port;
  },
};

async function startBmv2(
  more: readonly string[],
  address: string,
): Promise<{ child: ChildProcess; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-bmv2-'));
  const child = spawn(
    bmv2Program,
    [
      ...['--no-p4', '--device-id', `${DEVICE_ID}`, '--thrift-port', `${await unusedPort()}`],
      ...['--notifications-addr', `ipc://${folder}/notifications.ipc`, '--log-level', 'off'],
      ...['--', '--cpu-port', `${CPU_PORT}`, ...more],
    ],
    { stdio: 'ignore' },
  );
  running.add(child);
  child.once('exit', () => running.delete(child));
  try {
    await untilAnswers(address, child);
  } catch (error) {
    await ended(child);
    throw error;
  }
  return { child, folder };
}

/** A test that fails half way must not leave a switch behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Kills a process and waits for its end. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

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
