/** The shadow of a network that is only planned: nothing has to run to try failures on it. */
import type { Topology } from '../topology/index.js';
import { buildNetwork } from './network.js';
import { Production } from './production.js';
import type { ReplicaImage } from './replica.js';
import { Shadow } from './shadow.js';

/** Sets a topology up as our controller does, in this process, clones it, and forgets it. */
export async function topologyImage(topology: Topology, seed: number): Promise<ReplicaImage> {
  const { channel } = buildNetwork(topology, seed);
  const production = await Production.open(topology, () => channel);
  await production.installRoutes();
  const shadow = await Shadow.build(topology, seed, await production.views());
  await shadow.sync.compare(true);
  return shadow.image();
}
