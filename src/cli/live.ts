/** `umbra live`: the whole loop with real hosts in network namespaces. Linux and root. */
import { spawnSync } from 'node:child_process';
import { UmbraError } from '../base/errors.js';
import { shippedFile } from '../base/paths.js';
import { buildApi, listen } from '../api/index.js';
import {
  Live,
  NamespaceNetwork,
  switchPrograms,
  type SwitchKind,
  type System,
} from '../app/index.js';
import { readTopology, type Topology } from '../topology/index.js';
import { readText } from './readText.js';
import { ConsoleProgress, print, reportText } from './output.js';

/** How a loop with real hosts runs. */
export interface RealOptions {
  switch: SwitchKind;
  seed: number;
  once?: boolean;
  json?: boolean;
  host: string;
  port: number;
}

/** Options of the command. */
export interface LiveCommandOptions extends RealOptions {
  topology?: string;
}

const DEFAULT_TOPOLOGY = 'topologies/live.json';

/** Runs the command. */
export async function live(options: LiveCommandOptions): Promise<void> {
  const file = options.topology ?? DEFAULT_TOPOLOGY;
  const topology = readTopology(readText(options.topology ?? shippedFile(file), file), file);
  await runReal('umbra live', topology, options);
}

/** Runs the loop on namespaces and switch processes, then the API until it is interrupted. */
export async function runReal(
  command: string,
  topology: Topology,
  options: RealOptions,
): Promise<void> {
  requirePrograms(command, ['ip', 'ethtool', 'ping', ...switchPrograms[options.switch]]);
  const progress = new ConsoleProgress();
  let system: System | undefined;
  const api = options.once ? undefined : await buildApi(() => system);
  const address = api && (await listen(api, options.host, options.port));
  progress.step(`topology ${topology.name}, seed ${options.seed}`);
  const running = new Live({
    topology,
    network: new NamespaceNetwork(topology, options.switch),
    seed: options.seed,
    progress,
    wallSeconds: () => performance.now() / 1000,
  });
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  try {
    const outcome = await Promise.race([running.start().then(() => running.run()), stopped]);
    if (!outcome) return;
    system = outcome.system;
    print(outcome.report, options.json ?? false, () => reportText(outcome.report));
    if (!api) return;
    progress.step(`production and shadow run on; API on ${address}/api/v1/report, Ctrl-C ends`);
    await stopped;
  } finally {
    await running.close();
    await api?.close();
  }
}

/** Throws UNAVAILABLE naming the first program that is not on PATH. */
export function requirePrograms(command: string, programs: readonly string[]): void {
  for (const program of programs) {
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) {
      throw new UmbraError('UNAVAILABLE', `${command} needs '${program}'; please install it`);
    }
  }
}
