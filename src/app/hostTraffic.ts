/** Which programs the hosts of a real network run so that its flows come about. */
import { defined } from '../base/assert.js';
import { shippedFile } from '../base/paths.js';
import type { Topology, TrafficFlow } from '../topology/index.js';

const HOST_PROGRAM = 'dist/src/app/hostProgram.js';
/** An endless transfer has no link to slow it down here: it becomes 8 Mbit/s. */
const ENDLESS = { transferBytes: 1_000_000, transfersPerSecond: 1 };

/** A flow that a host begins, with the server's address. */
export type ClientWork = { serverIp: string } & Exclude<TrafficFlow, { kind: 'ping' }>;

/** What one host does; handed to its program as JSON. */
export interface HostWork {
  seed: number;
  /** Ports on which it serves. */
  serves: { kind: 'http' | 'bulk' | 'udp'; port: number }[];
  asks: ClientWork[];
}

/** The commands of each host that has something to do. */
export function trafficCommands(
  { hosts }: Topology,
  flows: readonly TrafficFlow[],
  seed: number,
): Map<string, string[][]> {
  const commands = new Map<string, string[][]>();
  for (const { name } of hosts) {
    const own = hostCommands(name, flows, seed, (server) => {
      const found = hosts.find((host) => host.name === server);
      return defined(found, server).ip;
    });
    if (own.length > 0) commands.set(name, own);
  }
  return commands;
}

function hostCommands(
  host: string,
  flows: readonly TrafficFlow[],
  seed: number,
  addressOf: (host: string) => string,
): string[][] {
  const commands: string[][] = [];
  const work: HostWork = { seed, serves: [], asks: [] };
  const serves = new Map<string, HostWork['serves'][number]>();
  for (const flow of flows) {
    if (flow.kind === 'ping') {
      const seconds = String(flow.intervalNs / 1e9);
      if (flow.client !== host) continue;
      commands.push(['ping', '-q', '-i', seconds, addressOf(flow.server)]);
      continue;
    }
    const { kind, port } = flow;
    if (flow.server === host) serves.set(`${kind} ${port}`, { kind, port });
    if (flow.client !== host) continue;
    const serverIp = addressOf(flow.server);
    const isEndless =
      flow.kind === 'bulk' && (flow.transferBytes === 0 || flow.transfersPerSecond === 0);
    work.asks.push({ ...flow, ...(isEndless ? ENDLESS : {}), serverIp });
  }
  work.serves.push(...serves.values());
  if (work.serves.length > 0 || work.asks.length > 0) {
    commands.push([process.execPath, shippedFile(HOST_PROGRAM), JSON.stringify(work)]);
  }
  return commands;
}
