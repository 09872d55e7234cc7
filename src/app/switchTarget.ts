/** The switches that a real network can be made of, as processes: Umbra's own, and BMv2. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UmbraError } from '../base/errors.js';
import { shippedFile } from '../base/paths.js';
import { setEgressQueues } from './bmv2Queues.js';

/** Umbra's switch daemon, or `simple_switch_grpc`. */
export type SwitchKind = 'umbra' | 'bmv2';

/** All kinds, as command lines name them. */
export const switchKinds: readonly SwitchKind[] = ['umbra', 'bmv2'];

/** One switch to be started. */
export interface SwitchStart {
  name: string;
  deviceId: number;
  /** `1@veth0`, and `500@udp:...` where the kind takes it. */
  ports: readonly string[];
  /** Where it listens; a free address of loopback unless given. */
  address?: string;
}

/** Programs that each kind of switch needs on PATH. */
export const switchPrograms: Record<SwitchKind, readonly string[]> = {
  umbra: [],
  bmv2: ['simple_switch_grpc', 'setpriv'],
};

const CPU_PORT = '510';
/** Packets that each egress queue of BMv2 holds. */
export const QUEUE_PACKETS = 4096;
const START_DEADLINE_MS = 20_000;

/**
 * The command line of a switch without a program.
 * @param thriftPort BMv2's own
 */
function switchCommand(
  kind: SwitchKind,
  start: SwitchStart,
  address: string,
  thriftPort: number,
): string[] {
  const { deviceId, ports } = start;
  const attached = ports.flatMap((port) => ['-i', port]);
  const common = ['--no-p4', '--device-id', String(deviceId), ...attached];
  const after = ['--', '--grpc-server-addr', address, '--cpu-port', CPU_PORT];
  if (kind === 'umbra') {
    const umbra = [process.execPath, shippedFile('bin/umbra.js'), 'switch'];
    return [...umbra, '--until-stdin-ends', ...common, ...after];
  }
  // It cannot watch its standard input: the kernel ends it when this process is gone.
  const tied = ['setpriv', '--pdeathsig', 'KILL', 'simple_switch_grpc'];
  // No two switches may share the socket of notifications.
  const notifications = `ipc://@umbra-${address.replace(':', '-')}`;
  const own = ['--thrift-port', String(thriftPort), '--notifications-addr', notifications];
  return [...tied, ...own, ...common, ...after];
}

/** Starts a switch; it answers on the address when this returns. Throws UNAVAILABLE. */
export async function startSwitch(
  kind: SwitchKind,
  start: SwitchStart,
): Promise<{ process: ChildProcess; address: string }> {
  const address = start.address ?? (await freeAddress());
  const thriftPort = portOf(await freeAddress());
  const [program, ...args] = switchCommand(kind, start, address, thriftPort);
  const child = spawn(program!, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let last = '';
  let failure: string | undefined;
  child.stderr.on('data', (part: Buffer) => {
    last = part.toString().trim().split('\n').at(-1) ?? last;
  });
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code, signal) => (failure ??= `ended with ${code ?? signal}: ${last}`));
  const end = performance.now() + START_DEADLINE_MS;
  while (!(await answers(address))) {
    if (performance.now() > end) failure ??= `does not listen on ${address}: ${last}`;
    if (failure !== undefined) {
      child.kill('SIGKILL');
      throw new UmbraError('UNAVAILABLE', `switch ${start.name} did not start: ${failure}`);
    }
    await sleep(20);
  }
  if (kind === 'bmv2') await setEgressQueues(thriftPort, QUEUE_PACKETS);
  return { process: child, address };
}

/** An address on loopback that nobody listens on now. */
export async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

/** The port of `host:port`. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

function answers(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
