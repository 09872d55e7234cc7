/** Endless transfers between the hosts of a network, as the benchmarks of networks run them. */
import type { Topology, TrafficFlow } from '../../src/topology/index.js';

const FLOWS = 32;

/** The same for the same hosts. */
export function bulkFlows({ hosts }: Topology): TrafficFlow[] {
  const flows = Array.from({ length: FLOWS }, (_, i): TrafficFlow => ({
    kind: 'bulk',
    name: `bulk ${i}`,
    client: hosts[i % hosts.length]!.name,
    server: hosts[(i * 5 + 7 + (i >> 4)) % hosts.length]!.name,
    port: 5000 + i,
    transferBytes: 0,
    transfersPerSecond: 0,
  }));
  return flows.filter((flow) => flow.client !== flow.server);
}
