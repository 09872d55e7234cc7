/** `umbra live`: the whole loop with real hosts in network namespaces. Linux and root. */
import { spawnSync } from 'node:child_process';
import { UmbraError } from '../base/errors.js';
import { shippedFile } from '../base/paths.js';
import { buildApi, listen } from '../api/index.js';
import { Live, type System } from '../app/index.js';
import { readTopology } from '../topology/index.js';
import { readText } from './demo.js';
import { ConsoleProgress, print, reportText } from './output.js';

/** Options of the command. */
export interface LiveCommandOptions {
  topology?: string;
  seed: number;
  once?: boolean;
  json?: boolean;
  host: string;
  port: number;
}

const DEFAULT_TOPOLOGY = 'topologies/live.json';
const needed = ['ip', 'ethtool', 'curl', 'iperf3', 'ping'];

/** Runs the command. */
export async function live(options: LiveCommandOptions): Promise<void> {
  for (const program of needed) {
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) {
      throw new UmbraError('UNAVAILABLE', `umbra live needs '${program}'; please install it`);
    }
  }
  const file = options.topology ?? DEFAULT_TOPOLOGY;
  const topology = readTopology(readText(options.topology ?? shippedFile(file), file), file);
  const progress = new ConsoleProgress();
  let system: System | undefined;
  const api = options.once ? undefined : await buildApi(() => system);
  const address = api && (await listen(api, options.host, options.port));
  const running = new Live({
    topology,
    seed: options.seed,
    progress,
    wallSeconds: () => performance.now() / 1000,
  });
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  try {
    const outcome = await Promise.race([running.run(), stopped]);
    if (!outcome) return;
    system = outcome.system;
    print(outcome.report, options.json ?? false, () => reportText(outcome.report));
    if (!api) return;
    progress.step(`production and shadow run on; API on ${address}/api/v1/report, Ctrl-C ends`);
    await stopped;
  } finally {
    running.close();
    await api?.close();
  }
}
