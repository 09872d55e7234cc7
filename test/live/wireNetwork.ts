/**
 * Two switch daemons between four hosts on UDP sockets of loopback. The switches outlive the
 * controllers that come and go. It needs no rights.
 */
import type { ChildProcess } from 'node:child_process';
import { freeAddress, shippedProgram } from '../../src/app/index.js';
import { startSwitch } from '../../src/app/switchTarget.js';
import { isRouting, planRoutes } from '../../src/control/index.js';
import { ProductionView, ShadowDevice } from '../../src/device/index.js';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { bound, twoSwitches, type WireAddresses } from './numberedStream.js';

/** UDP ports of loopback that nobody has now. */
async function freePorts(count: number): Promise<number[]> {
  const sockets = await Promise.all(Array.from({ length: count }, () => bound(0)));
  const ports = sockets.map((socket) => socket.address().port);
  await Promise.all(
    sockets.map((socket) => new Promise<void>((resolve) => void socket.close(() => resolve()))),
  );
  return ports;
}

/** An entry of a table. */
export interface PlacedEntry {
  device: string;
  table: string;
}

/** The running switches, with their routes. */
export class WireNetwork {
  private constructor(
    readonly addresses: WireAddresses,
    private readonly processes: readonly ChildProcess[],
    private readonly channels: readonly GrpcChannel[],
    private readonly views: readonly ProductionView[],
  ) {}

  static async open(): Promise<WireNetwork> {
    const addresses: WireAddresses = { switches: {}, hosts: {} };
    const ports: Record<string, string[]> = { s1: [], s2: [] };
    const attach = (device: string, port: number, own: number, peer: number): void =>
      void ports[device]!.push(`${port}@udp:${own}:127.0.0.1:${peer}`);
    for (const { a, b } of twoSwitches.links) {
      const [near, far] = (await freePorts(2)) as [number, number];
      attach(b.node, b.port, far, near);
      if (a.node in ports) attach(a.node, a.port, near, far);
      else addresses.hosts[a.node] = { own: near, attached: far };
    }
    const processes: ChildProcess[] = [];
    const channels: GrpcChannel[] = [];
    const views: ProductionView[] = [];
    try {
      for (const { name, deviceId } of twoSwitches.switches) {
        const address = await freeAddress();
        const start = { name, deviceId, ports: ports[name]!, address };
        processes.push((await startSwitch('umbra', start)).process);
        addresses.switches[name] = address;
        await setRoutes(name, BigInt(deviceId), new GrpcChannel(address));
        const channel = new GrpcChannel(address);
        channels.push(channel);
        views.push(await ProductionView.open(name, channel, BigInt(deviceId)));
      }
    } catch (error) {
      for (const process of processes) process.kill('SIGKILL');
      throw error;
    }
    return new WireNetwork(addresses, processes, channels, views);
  }

  /** Entries of the fault stage that the switches hold, read by a guest. */
  async faultEntries(): Promise<PlacedEntry[]> {
    const found: PlacedEntry[] = [];
    for (const view of this.views) {
      for (const { table, isDefault } of await view.rules()) {
        if (!isDefault && /_fault\./.test(table)) found.push({ device: view.name, table });
      }
    }
    return found;
  }

  close(): void {
    for (const channel of this.channels) channel.close();
    for (const process of this.processes) process.kill('SIGKILL');
  }
}

async function setRoutes(name: string, deviceId: bigint, channel: GrpcChannel): Promise<void> {
  const config = shippedProgram('shadow');
  const device = await ShadowDevice.open({ name, channel, deviceId, config });
  const plan = planRoutes(twoSwitches, () => device.schema).get(name)!;
  await device.reconcile(plan, isRouting(device.schema));
  device.close();
}
