/** What a topology says of network functions, for those who follow packets through them. */
import { Graph } from './graph.js';
import type { Backend, Host, ServedAddress, SwitchDevice, Topology } from './topology.js';

/** The backends of an address and port; none where no balancer serves it. */
export function backendsOf(
  switches: readonly SwitchDevice[],
  { address, protocol, port }: ServedAddress,
): Backend[] {
  return switches.flatMap(({ function: it }) => {
    if (it?.program !== 'balancer') return [];
    const service = it.services.find(
      (one) => one.address === address && one.protocol === protocol && one.port === port,
    );
    return service?.backends ?? [];
  });
}

/** Hosts that a switch reaches by some of its ports only. */
export function hostsBehind(topology: Topology, device: string, ports: readonly number[]): Host[] {
  const graph = new Graph(topology);
  return topology.hosts.filter(({ name }) => {
    const hops = graph.nextHopsTo(name).get(device) ?? [];
    return hops.length > 0 && hops.every(({ port }) => ports.includes(port));
  });
}
