/** A production switch between hosts a and b, mirroring by rules: what goes in, what is copied. */
import { buildNetwork, Production, type Network } from '../../src/app/index.js';
import { MIRROR_PORT, readMirrorRules, type MirrorRule } from '../../src/mirror/index.js';
import { decapsulateErspan, wirePool, type MirroredFrame } from '../../src/packet/index.js';
import { readTopology, type Topology } from '../../src/topology/index.js';

/** Hosts a (port 1) and b (port 2, a web and a names service) on s1. */
export const mirrored: Topology = readTopology(
  JSON.stringify({
    switches: { s1: {} },
    hosts: {
      a: { ip: '10.0.1.1/24', ip6: '2001:db8:1::1' },
      b: {
        ip: '10.0.2.1/24',
        ip6: '2001:db8:2::1',
        services: [
          { name: 'shop', protocol: 'tcp', port: 8443 },
          { name: 'names', protocol: 'udp', port: 5353 },
        ],
      },
    },
    links: [
      { a: 'a', b: 's1:1', bandwidthMbps: 100000, delay: '1us' },
      { a: 'b', b: 's1:2', bandwidthMbps: 100000, delay: '1us' },
    ],
  }),
  'mirrored.json',
);

/** The switch and what its mirror port sent. */
export interface MirrorLab {
  network: Network;
  production: Production;
  rules: MirrorRule[];
  copies: MirroredFrame[];
  /** Sends a frame into a port; returns the rules that copied it. */
  send(frame: Uint8Array, port?: number): string[];
}

/** Builds it; rules are read as from a file. */
export async function openMirror(json: unknown, topology = mirrored): Promise<MirrorLab> {
  const network = buildNetwork(topology, 1, new Set(), wirePool);
  const production = await Production.open(topology, () => network.channel);
  await production.installRoutes();
  const rules = readMirrorRules(json, topology);
  await production.installMirror(rules);
  const copies: MirroredFrame[] = [];
  for (const { name } of topology.switches) {
    network.fabric.tap(name, MIRROR_PORT, (packet, wireLength) => {
      const found = decapsulateErspan(packet.slice(), wireLength);
      if (typeof found === 'string') throw new Error(found);
      copies.push(found);
    });
  }
  return {
    network,
    production,
    rules,
    copies,
    send(frame, port = 1) {
      const before = copies.length;
      network.fabric.inject(topology.switches[0]!.name, port, frame);
      return copies.slice(before).map(({ sessionId }) => rules[sessionId - 1]!.name);
    },
  };
}
