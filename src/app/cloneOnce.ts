/** One clone of switches by their addresses alone: read, replicated, compared, let go. */
import { UmbraError } from '../base/errors.js';
import { ProductionView } from '../device/index.js';
import { GrpcChannel } from '../p4runtime/index.js';
import { DeviceFollower } from '../sync/index.js';
import { switchOf, type Topology } from '../topology/index.js';
import { isShippedProgram } from './programs.js';
import { Shadow } from './shadow.js';

/** How the clone of one switch came out. */
export interface Clone {
  /** Its address. */
  device: string;
  /** `production.p4`, or the package's name in P4Info, or `other`. */
  program: string;
  tables: number;
  entities: number;
  equal: number;
  seconds: number;
}

/** How all came out. */
export interface CloneResult {
  devices: Clone[];
  entities: number;
  equal: number;
}

/**
 * Clones each `HOST:PORT` or `HOST:PORT=DEVICE_ID` (1 unless given) as a guest. Throws USAGE for an
 * address that is none, what a switch answers otherwise.
 */
export async function cloneOnce(addresses: readonly string[]): Promise<CloneResult> {
  const targets = addresses.map((text, i) => {
    const found = /^(.+:\d+?)(?:=(\d+))?$/.exec(text);
    if (!found) throw new UmbraError('USAGE', `'${text}' is no HOST:PORT or HOST:PORT=DEVICE_ID`);
    return { name: found[1]!, id: BigInt(found[2] ?? 1), ordinal: i + 1 };
  });
  const topology: Topology = {
    name: 'clone',
    hosts: [],
    switches: targets.map(({ name, ordinal }) => switchOf(name, ordinal)),
    links: [],
    traffic: [],
  };
  const channels = targets.map(({ name }) => new GrpcChannel(name));
  try {
    const views: ProductionView[] = [];
    for (const [i, { name, id }] of targets.entries()) {
      views.push(await ProductionView.open(name, channels[i]!, id));
    }
    const shadow = await Shadow.build(topology, 1, views);
    const devices: Clone[] = [];
    for (const pair of shadow.pairs) {
      devices.push(await cloneOf(pair.production, shadow));
    }
    const sum = (pick: (one: Clone) => number): number =>
      devices.reduce((total, one) => total + pick(one), 0);
    return { devices, entities: sum((c) => c.entities), equal: sum((c) => c.equal) };
  } finally {
    for (const channel of channels) channel.close();
  }
}

async function cloneOf(view: ProductionView, shadow: Shadow): Promise<Clone> {
  const began = performance.now();
  const follower = new DeviceFollower(view, shadow.device(view.name), () => performance.now());
  const status = await follower.follow();
  if (status.reason !== undefined) throw new UmbraError('RPC', `${view.name}: ${status.reason}`);
  const isOurs = isShippedProgram('production', view.config);
  const named = view.config.p4info?.pkgInfo?.name;
  // Compared anew, both sides read: what was written is not taken for what is there.
  const { entities, equal } = await follower.compareNow();
  return {
    device: view.name,
    program: isOurs ? 'production.p4' : named || 'other',
    tables: view.schema.tables.all.length,
    entities,
    equal,
    seconds: (performance.now() - began) / 1000,
  };
}
