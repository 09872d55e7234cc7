/** A short look at a real network: pings between all hosts, one HTTP answer, mirror and shadow. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UmbraError } from '../base/errors.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import type { RealNetwork } from './realNetwork.js';
import type { System } from './system.js';

/** What was found. */
export interface HostCheck {
  switches: number;
  hosts: number;
  /** Ordered pairs of hosts, and how many of them answered. */
  pings: { pairs: number; answered: number };
  http: { client: string; server: string; expected: number; bytes: number };
  mirror: { expected: number; copied: number };
  shadow: { entries: number; equal: number };
}

const HTTP_PORT = 8080;
const HTTP_BYTES = 200_000;
const SETTLE_MS = 500;

/** Fetches `http://ADDRESS:PORT/PATH` and prints how many bytes came. */
const fetchProgram = `
let bytes = 0;
const socket = require('net').connect(Number(process.argv[2]), process.argv[1], () =>
  socket.write('GET /' + process.argv[3] + ' HTTP/1.1\\r\\n\\r\\n'));
socket.setTimeout(10000, () => socket.destroy());
socket.on('data', (part) => (bytes += part.length));
socket.on('error', (error) => console.error(error.message));
socket.on('close', () => console.log(bytes));`;

/** Checks a network that has been started. Throws INVALID_TOPOLOGY for fewer than two hosts. */
export async function checkHosts(
  { hosts, switches }: Topology,
  network: RealNetwork,
  system: System,
  seed: number,
): Promise<HostCheck> {
  const [client, server] = [hosts.at(-1), hosts[0]];
  if (!client || !server || client === server) {
    throw new UmbraError('INVALID_TOPOLOGY', `${hosts.length} hosts: a check needs two`);
  }
  const pings = { pairs: 0, answered: 0 };
  for (const from of hosts) {
    for (const to of hosts) {
      if (from === to) continue;
      pings.pairs++;
      const output = network.execute(from.name, ['ping', '-c', '2', '-i', '0.2', '-W', '2', to.ip]);
      if (/ [12] received/.test(output)) pings.answered++;
    }
  }
  const flow: TrafficFlow = {
    kind: 'http',
    name: 'check',
    client: client.name,
    server: server.name,
    port: HTTP_PORT,
    requestsPerSecond: 1,
    requestBytes: 200,
    responseBytes: HTTP_BYTES,
    serviceNs: 0,
  };
  network.startTraffic([flow], seed);
  await sleep(SETTLE_MS);
  const words = [server.ip, String(HTTP_PORT), String(HTTP_BYTES)];
  const fetched = network.execute(client.name, [process.execPath, '-e', fetchProgram, ...words]);
  network.stopTraffic();
  await sleep(SETTLE_MS);
  const { rules } = await system.mirror();
  const { entries, equal } = await system.shadow();
  const sum = (of: 'expected' | 'copied'): number => rules.reduce((all, r) => all + r[of], 0);
  return {
    switches: switches.length,
    hosts: hosts.length,
    pings,
    http: {
      client: client.name,
      server: server.name,
      expected: HTTP_BYTES,
      bytes: Number(fetched) || 0,
    },
    mirror: { expected: sum('expected'), copied: sum('copied') },
    shadow: { entries, equal },
  };
}
