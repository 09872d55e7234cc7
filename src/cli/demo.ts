/** `umbra demo`: the whole loop, on the embedded switch unless told otherwise, then the API. */
import { basename } from 'node:path';
import { UmbraError } from '../base/errors.js';
import type { Progress } from '../base/log.js';
import { shippedFile } from '../base/paths.js';
import { topologyFromCapture } from '../mirror/index.js';
import { readCaptureFile } from '../packet/index.js';
import { buildApi, listen } from '../api/index.js';
import { runLive, runLoop, type System } from '../app/index.js';
import { readTopology, type Topology } from '../topology/index.js';
import { runReal } from './live.js';
import { readText } from './readText.js';
import { ConsoleProgress, print, reportText } from './output.js';

/** Options of the command. */
export interface DemoOptions {
  topology?: string;
  pcap?: string;
  target: 'embedded' | 'bmv2';
  seed: number;
  once?: boolean;
  json?: boolean;
  host: string;
  port: number;
}

const DEFAULT_TOPOLOGY = 'topologies/leaf-spine.json';

/** Runs the command. */
export async function demo(options: DemoOptions): Promise<void> {
  const progress = new ConsoleProgress();
  const topology = loadTopology(options, progress);
  if (options.target === 'bmv2') {
    return runReal('umbra demo --target bmv2', topology, { ...options, switch: 'bmv2' });
  }
  const isOnce = options.once ?? false;
  let system: System | undefined;
  const api = isOnce ? undefined : await buildApi(() => system);
  // The port is taken first: if that fails, nothing has been started.
  const address = api && (await listen(api, options.host, options.port));
  progress.step(`topology ${topology.name}, seed ${options.seed}`);
  const { loop, report } = await runLoop({
    topology,
    seed: options.seed,
    progress,
    wallSeconds: () => performance.now() / 1000,
  });
  print(report, options.json ?? false, () => reportText(report));
  if (!api) return;
  system = runLive(loop, report, progress);
  progress.step(`both networks run on; API on ${address}/api/v1/report, Ctrl-C ends`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  system.close();
  await api.close();
}

function loadTopology(options: DemoOptions, progress: Progress): Topology {
  if (options.pcap !== undefined) return fromCapture(options.pcap, progress);
  const file = options.topology ?? DEFAULT_TOPOLOGY;
  const path = options.topology ?? shippedFile(DEFAULT_TOPOLOGY);
  const topology = readTopology(readText(path, file), file);
  if (topology.traffic.length === 0) {
    throw new UmbraError(
      'INVALID_TOPOLOGY',
      `${file}: 'traffic' is empty: there is nothing to mirror`,
    );
  }
  return topology;
}

/** A network of a capture's hosts, with the traffic that its packets teach. */
function fromCapture(file: string, progress: Progress): Topology {
  const { topology, packets } = topologyFromCapture(readCaptureFile(file), basename(file));
  if (topology.traffic.length === 0) {
    throw new UmbraError(
      'INVALID_FILE',
      `${file}: no traffic to learn from ${packets.packets} packets`,
    );
  }
  const dropped = packets.droppedHosts > 0 ? `, ${packets.droppedHosts} hosts left out` : '';
  progress.step(
    `capture ${file}: ${packets.packets} packets, ${packets.unicast} between hosts; ` +
      `${topology.hosts.length} hosts, ${topology.traffic.length} flows${dropped}`,
  );
  return topology;
}
