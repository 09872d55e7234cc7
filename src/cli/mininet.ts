/** `umbra mininet`: a topology in Mininet under Umbra's controller, and Mininet's prompt. */
import { spawnSync } from 'node:child_process';
import { UmbraError } from '../base/errors.js';
import { buildApi, listen } from '../api/index.js';
import {
  checkHosts,
  Live,
  MininetNetwork,
  MININET_PYTHON,
  switchPrograms,
  type HostCheck,
  type SwitchKind,
  type System,
} from '../app/index.js';
import { readTopology } from '../topology/index.js';
import { requirePrograms } from './live.js';
import { CommandFailed, ConsoleProgress, print } from './output.js';
import { readText } from './readText.js';

/** Options of the command. */
export interface MininetOptions {
  switch: SwitchKind;
  seed: number;
  check?: boolean;
  json?: boolean;
  host: string;
  port: number;
}

/** Runs the command. */
export async function mininet(file: string, options: MininetOptions): Promise<void> {
  const topology = readTopology(readText(file), file);
  requirePrograms('umbra mininet', ['mnexec', 'ethtool', ...switchPrograms[options.switch]]);
  if (spawnSync(MININET_PYTHON, ['-c', 'import mininet.net']).status !== 0) {
    throw new UmbraError('UNAVAILABLE', `umbra mininet needs Mininet for ${MININET_PYTHON}`);
  }
  const progress = new ConsoleProgress();
  const network = new MininetNetwork(topology, options.switch);
  const running = new Live({
    topology,
    network,
    seed: options.seed,
    progress,
    wallSeconds: () => performance.now() / 1000,
  });
  let system: System | undefined;
  const api = options.check ? undefined : await buildApi(() => system);
  const address = api && (await listen(api, options.host, options.port));
  // Ctrl-C at the prompt is for the command that runs there.
  const ignore = (): void => {};
  process.on('SIGINT', ignore);
  const stopped = new Promise<void>((resolve) => process.once('SIGTERM', resolve));
  try {
    system = await running.start();
    if (options.check) {
      report(await checkHosts(topology, network, system, options.seed), options.json ?? false);
      return;
    }
    progress.step(`controller and shadow run; API on ${address}/api/v1/shadow; Mininet's prompt:`);
    await Promise.race([network.prompt(), stopped]);
  } finally {
    await running.close();
    await api?.close();
    process.off('SIGINT', ignore);
  }
}

function report(check: HostCheck, isJson: boolean): void {
  const { pings, http, mirror, shadow } = check;
  print(check, isJson, () =>
    [
      `ping   ${pings.answered} of ${pings.pairs} pairs of hosts`,
      `HTTP   ${http.bytes} of ${http.expected} bytes from ${http.server} to ${http.client}`,
      `mirror ${mirror.copied} of ${mirror.expected} packets`,
      `shadow ${shadow.equal} of ${shadow.entries} entities equal`,
    ].join('\n'),
  );
  if (pings.answered < pings.pairs || http.bytes < http.expected) throw new CommandFailed();
}
