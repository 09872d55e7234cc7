/**
 * Two kernel hosts with a shadow switch between them, whose faults this process keeps alive: what
 * failures are measured on with real programs. The switch may be Umbra's daemon or BMv2.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRouting, planRoutes } from '../../src/control/index.js';
import { shippedProgram } from '../../src/app/index.js';
import { startSwitch } from '../../src/app/switchTarget.js';
import { ShadowDevice } from '../../src/device/index.js';
import { FaultEngine, HEARTBEAT_US, type Failure } from '../../src/fault/index.js';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { pair } from '../laboratory.js';
import { freeAddress, umbraSwitch, VethLab, type SwitchProgram } from '../vethLab.js';

/** Starts a switch with ports 1 and 2 to the hosts; gives its address and how to end it. */
export type ShadowTarget = (lab: VethLab) => Promise<{ address: string; end(): void }>;

/** `umbra switch`. */
export const umbraTarget: ShadowTarget = (lab) => startUmbra(lab, umbraSwitch);

/** The same before other programs of the machine: for measuring its timing. */
export const promptTarget: ShadowTarget = (lab) => {
  const { command, before } = umbraSwitch;
  return startUmbra(lab, { command: 'chrt', before: ['-f', '10', command, ...before] });
};

/** `simple_switch_grpc`. */
export const bmv2Target: ShadowTarget = async (lab) => {
  const ports = [`1@${lab.port('a')}`, `2@${lab.port('b')}`];
  const started = await startSwitch('bmv2', { name: 's1', deviceId: 1, ports });
  return { address: started.address, end: () => void started.process.kill('SIGKILL') };
};

async function startUmbra(lab: VethLab, program: SwitchProgram) {
  const address = await freeAddress();
  await lab.start(program, address, ['--no-p4', '--device-id', '1', ...lab.portFlags]);
  return { address, end: () => {} };
}

const READY_MS = 30_000;
const COMMAND_MS = 60_000;

/** What a command did; without a status it took too long. */
interface Done {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Hosts a (10.0.1.1) and b (10.0.2.1) and their faulty switch. */
export class ShadowLab {
  readonly #beat: NodeJS.Timeout;

  private constructor(
    readonly lab: VethLab,
    private readonly channel: GrpcChannel,
    private readonly device: ShadowDevice,
    private readonly end: () => void,
    readonly faults: FaultEngine,
  ) {
    this.#beat = setInterval(() => faults.heartbeat(), HEARTBEAT_US / 1000);
  }

  /** @param run short and unique, as for `VethLab` */
  static async open(run: string, target: ShadowTarget = umbraTarget): Promise<ShadowLab> {
    const lab = new VethLab(run);
    let end = (): void => {};
    try {
      const started = await target(lab);
      end = started.end;
      const channel = new GrpcChannel(started.address);
      const config = shippedProgram('shadow');
      const device = await ShadowDevice.open({ name: 's1', channel, deviceId: 1n, config });
      await device.reconcile(planRoutes(pair, () => device.schema).get('s1')!, isRouting(device.schema));
      const nowUs = (): number => Math.floor(Date.now() * 1000);
      const faults = new FaultEngine({ topology: pair, devices: [device], nowUs });
      return new ShadowLab(lab, channel, device, end, faults);
    } catch (error) {
      end();
      lab.close();
      throw error;
    }
  }

  /** Runs `act` under a failure, which is cleared behind it. */
  under = async <T>(failure: Failure, act: () => T | Promise<T>): Promise<T> => {
    const { id } = await this.faults.inject(failure, 600e6);
    try {
      return await act();
    } finally {
      await this.faults.clear(id);
    }
  };

  /** A command in host a; the lease is kept meanwhile. */
  async inA(command: readonly string[]): Promise<Done> {
    const child = this.lab.namespaces.start('a', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    const done: Done = { status: null, stdout: '', stderr: '' };
    child.stdout!.on('data', (part: Buffer) => (done.stdout += part.toString()));
    child.stderr!.on('data', (part: Buffer) => (done.stderr += part.toString()));
    const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
    const [status] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    return { ...done, status };
  }

  /** Waits until a command in host a succeeds. */
  async ready(command: readonly string[]): Promise<void> {
    const end = performance.now() + READY_MS;
    for (;;) {
      const { status, stdout, stderr } = await this.inA(command);
      if (status === 0) return;
      if (performance.now() > end) throw new Error(`${command.join(' ')}: ${stdout}${stderr}`);
      await sleep(100);
    }
  }

  close(): void {
    clearInterval(this.#beat);
    this.device.close();
    this.channel.close();
    this.end();
    this.lab.close();
  }
}
