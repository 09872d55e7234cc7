/** A network discovered over P4Runtime, as primary of its switches for as long as it takes. */
import { randomBytes } from 'node:crypto';
import { UmbraError, messageOf } from '../base/errors.js';
import { portField, ProductionDevice } from '../device/index.js';
import {
  discoveredFile,
  Discovery,
  type Findings,
  type GivenHost,
  type ProbedSwitch,
} from '../discovery/index.js';
import { Code, StatusError, type Channel } from '../p4runtime/index.js';
import type { PacketIn } from '../proto/index.js';
import { switchOf } from '../topology/index.js';

/** A switch to ask. */
export interface DiscoveredDevice {
  name: string;
  deviceId: number;
  channel: Channel;
}

/** How to discover. */
export interface DiscoverOptions {
  devices: readonly DiscoveredDevice[];
  /** Ports that may be there. */
  ports: readonly number[];
  /** Times that every frame is sent: a link that loses some is found all the same. */
  rounds: number;
  /** Lets a round's frames arrive. */
  wait: () => Promise<void>;
  hosts?: readonly GivenHost[];
  electionId?: bigint;
  /** Of the frames' authenticator; random unless given. */
  key?: Uint8Array;
}

/** What came of it. */
export interface Discovered {
  /** Text of a topology file. */
  file: string;
  findings: Findings;
}

/**
 * Sends LLDP out of every port and listens. Only a primary may send: throws REFUSED where another
 * controller is primary, UNSUPPORTED_PROGRAM where the program has no header for it.
 */
export async function discover(options: DiscoverOptions): Promise<Discovered> {
  const opened: ProductionDevice[] = [];
  const probed: ProbedSwitch[] = [];
  const discovery = new Discovery(probed, options.key ?? randomBytes(32));
  try {
    for (const { name, deviceId } of options.devices) {
      const device = await open(options, name, (port, frame) => discovery.hear(name, port, frame));
      opened.push(device);
      const send = (port: number, frame: Uint8Array): void => device.sendOut(port, frame);
      probed.push({ name, mac: switchOf(name, deviceId).mac, ports: options.ports, send });
    }
    for (let round = 0; round < options.rounds; round++) {
      discovery.probe();
      await options.wait();
    }
  } finally {
    for (const device of opened) device.close();
  }
  const findings = discovery.findings();
  return { file: discoveredFile(options.devices, findings, options.hosts), findings };
}

async function open(
  { devices, electionId = 1n }: DiscoverOptions,
  name: string,
  hear: (port: number, frame: Uint8Array) => void,
): Promise<ProductionDevice> {
  const { channel, deviceId } = devices.find((one) => one.name === name)!;
  let device: ProductionDevice | undefined;
  const packetIn = (packet: PacketIn): void => {
    const port = device?.portOf(packet);
    if (port !== undefined) hear(port, packet.payload);
  };
  try {
    device = await ProductionDevice.open({
      name,
      channel,
      deviceId: BigInt(deviceId),
      electionId,
      listener: { packetIn },
    });
  } catch (error) {
    throw refusal(name, electionId, error);
  }
  const { packetIn: incoming, packetOut: outgoing } = device.schema;
  if (!portField(incoming, 'ingress') || !portField(outgoing, 'egress')) {
    device.close();
    const what = 'its program has no packet_in and packet_out headers that name a port';
    throw new UmbraError('UNSUPPORTED_PROGRAM', `${name}: ${what}; name a topology file instead`);
  }
  return device;
}

/** What it means for discovery that a switch lets nobody, or not us, become its primary. */
function refusal(name: string, electionId: bigint, error: unknown): unknown {
  if (!(error instanceof StatusError)) return error;
  const { status } = error;
  if (status === Code.UNAVAILABLE || status === Code.DEADLINE_EXCEEDED) return error;
  const why =
    status === Code.NOT_FOUND
      ? `a controller with a higher election id than ${electionId} was there before`
      : `another controller is primary (${messageOf(error)})`;
  return new UmbraError(
    'REFUSED',
    `${name}: ${why}. Discovery sends LLDP by PacketOut, which only the primary may; ` +
      'as a guest, take the topology from a file',
  );
}
