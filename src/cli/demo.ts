/** `umbra demo`: the whole loop on the embedded switch, then the API until it is interrupted. */
import { readFileSync } from 'node:fs';
import { UmbraError, messageOf } from '../base/errors.js';
import { shippedFile } from '../base/paths.js';
import { buildApi, listen } from '../api/index.js';
import { runLive, runLoop, type System } from '../app/index.js';
import { readTopology, type Topology } from '../topology/index.js';
import { ConsoleProgress, print, reportText } from './output.js';

export interface DemoOptions {
  topology?: string;
  pcap?: string;
  seed: number;
  once?: boolean;
  json?: boolean;
  host: string;
  port: number;
}

const DEFAULT_TOPOLOGY = 'topologies/leaf-spine.json';

/** Runs the command. */
export async function demo(options: DemoOptions): Promise<void> {
  const topology = await loadTopology(options);
  const progress = new ConsoleProgress();
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
  system = runLive(loop, report);
  progress.step(`both networks run on; API on ${address}/api/v1/report, Ctrl-C ends`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  system.close();
  await api.close();
}

async function loadTopology(options: DemoOptions): Promise<Topology> {
  if (options.pcap !== undefined) {
    throw new UmbraError('USAGE', '--pcap is not available');
  }
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

/** A text file. Throws INVALID_FILE naming it. */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UmbraError('INVALID_FILE', `${name}: ${messageOf(error)}`, { cause: error });
  }
}
