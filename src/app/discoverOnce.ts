/** What `discover: true` in `umbra.yaml` asks for: a topology file made by asking the switches. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../base/log.js';
import { describeFindings } from '../discovery/index.js';
import type { UpConfig } from './config.js';
import { deviceChannel } from './deviceChannel.js';
import { discover } from './discover.js';

const ROUNDS = 5;
const ROUND_MS = 300;
const PORTS = Array.from({ length: 65 }, (_, port) => port);

/** Discovers the network of the configured devices and writes the topology file, a new one. */
export async function discoverOnce(config: UpConfig, progress: Progress): Promise<void> {
  const devices = Object.entries(config.devices).map(([name, device], i) => {
    return { name, deviceId: device.deviceId ?? i + 1, channel: deviceChannel(device) };
  });
  try {
    const wait = (): Promise<void> => sleep(ROUND_MS);
    const { file, findings } = await discover({ devices, ports: PORTS, rounds: ROUNDS, wait });
    for (const line of describeFindings(findings)) progress.step(`discovery: ${line}`);
    writeFileSync(config.topology, file, { flag: 'wx' });
    progress.step(`discovery: ${findings.links.length} links, written to ${config.topology}`);
  } finally {
    for (const { channel } of devices) channel.close();
  }
}
