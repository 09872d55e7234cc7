/**
 * What the unfaulted shadow makes of the traffic that the mirror taught: a copy of it runs the
 * learned flows in virtual time, and its conversations are compared with production's.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import {
  compareBaselines,
  conversationKey,
  namesByAddress,
  ProfileLearner,
  type Baseline,
} from '../mirror/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import { Replica, type ReplicaImage } from './replica.js';

/** As much is run as makes the means sure, within what costs well below a second. */
const LONGEST_NS = 30e9;
const PACKET_HOPS = 300_000;
/** Virtual time that runs before others get their turn. */
const SLICE_NS = 10e6;

/**
 * Compares; undefined when too little was learned. Others run in between.
 * @param image the shadow as it should be, without faults
 */
export async function probeBaseline(
  image: ReplicaImage,
  learned: ProfileLearner,
  isWanted: () => boolean,
): Promise<Baseline | undefined> {
  const { topology, seed } = image;
  const flows = learned.flows(namesByAddress(topology.hosts));
  const asked = keysOf(flows, topology);
  if (asked.size === 0) return undefined;
  const { fabric } = (await Replica.of(image)).network;
  const seen = new ProfileLearner();
  fabric.hostListener = (frame, wireLength, nowNs) => seen.observe(frame, nowNs, wireLength);
  fabric.start(flows, seed);
  while (isWanted() && fabric.nowNs < LONGEST_NS && fabric.packetHops < PACKET_HOPS) {
    fabric.runUntil(fabric.nowNs + SLICE_NS);
    await breathe();
  }
  return compareBaselines(learned.conversations, seen.conversations, (key) => asked.has(key));
}

/** The conversations that flows make. */
function keysOf(flows: readonly TrafficFlow[], topology: Topology): Set<string> {
  const address = new Map(topology.hosts.map(({ name, ip }) => [name, ip]));
  return new Set(
    flows.flatMap((flow) => {
      if (flow.kind !== 'http' && flow.kind !== 'bulk') return [];
      const { client, server, port } = flow;
      return [conversationKey(address.get(client)!, address.get(server)!, port)];
    }),
  );
}
