/** `umbra up` and `umbra shadow clone`: a shadow of switches that Umbra did not make. */
import { UmbraError } from '../base/errors.js';
import { buildApi, listen } from '../api/index.js';
import { readConfig, Service, type UpConfig, cloneOnce } from '../app/index.js';
import { ConsoleProgress, print, table } from './output.js';

/** Options of `umbra up`. */
export interface UpOptions {
  config: string;
  host?: string;
  port?: number;
}

/** Runs until SIGINT or SIGTERM. */
export async function up(options: UpOptions): Promise<void> {
  const config: UpConfig = readConfig(options.config);
  const progress = new ConsoleProgress();
  let service: Service | undefined;
  const api = await buildApi(() => service?.system);
  const host = options.host ?? config.api?.host ?? '127.0.0.1';
  const address = await listen(api, host, options.port ?? config.api?.port ?? 8080);
  const stopped = new Promise<undefined>((resolve) => {
    process.once('SIGINT', () => resolve(undefined));
    process.once('SIGTERM', () => resolve(undefined));
  });
  try {
    service = await Promise.race([Service.start(config, progress), stopped]);
    if (!service) return;
    progress.step(`API on ${address}/api/v1/shadow, Ctrl-C ends`);
    await stopped;
  } finally {
    await service?.close();
    await api.close();
  }
}

/** Options of `umbra shadow clone`. */
export interface CloneOptions {
  devices: string;
  json?: boolean;
}

/** Clones the named switches once, and says how equal the replicas are. */
export async function clone({ devices, json }: CloneOptions): Promise<void> {
  const addresses = devices.split(',').filter((part) => part !== '');
  if (addresses.length === 0) throw new UmbraError('USAGE', '--devices HOST:PORT[=ID],...');
  const result = await cloneOnce(addresses);
  print(result, json ?? false, () =>
    table(
      ['device', 'program', 'tables', 'entities', 'equal', 'seconds'],
      result.devices.map((one) => [
        one.device,
        one.program,
        String(one.tables),
        String(one.entities),
        String(one.equal),
        one.seconds.toFixed(2),
      ]),
    ),
  );
  if (result.equal < result.entities) {
    throw new UmbraError('CONFLICT', `${result.equal} of ${result.entities} entities are equal`);
  }
}
