/** `umbra switch`: the embedded switch as a daemon, with simple_switch_grpc's names. */
import { existsSync } from 'node:fs';
import { UmbraError } from '../base/errors.js';
import { parsePort } from '../linux/index.js';
import { SwitchDaemon } from '../app/index.js';

/** Options before `--`. */
export interface SwitchOptions {
  interface: string[];
  deviceId: number;
  p4info?: string;
  p4: boolean;
  /** Ends when standard input does: a parent that dies takes its switches along. */
  untilStdinEnds?: boolean;
}

/** Options after `--`, as simple_switch_grpc has them. */
const targetOptions = ['--grpc-server-addr', '--cpu-port'] as const;

/** Runs until SIGINT or SIGTERM. */
export async function runSwitch(
  program: string | undefined,
  rest: readonly string[],
  options: SwitchOptions,
): Promise<void> {
  const target = readTargetOptions(rest);
  const json = options.p4 ? program : undefined;
  const cpuPort = target.get('--cpu-port');
  const daemon = await SwitchDaemon.start({
    deviceId: BigInt(options.deviceId),
    ports: options.interface.map(parsePort),
    grpcAddress: target.get('--grpc-server-addr') ?? '127.0.0.1:9559',
    ...(cpuPort === undefined ? {} : { cpuPort: Number(cpuPort) }),
    ...(json === undefined ? {} : { program: { json, p4info: p4infoOf(json, options.p4info) } }),
  });
  process.stderr.write(
    `umbra switch: device ${options.deviceId}, ${options.interface.length} ports, ` +
      `P4Runtime on port ${daemon.grpcPort}` +
      (daemon.udpPorts.length > 0 ? `, udp ports ${daemon.udpPorts.join(', ')}\n` : '\n'),
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    if (options.untilStdinEnds) process.stdin.once('end', resolve).resume();
  });
  daemon.close();
  // An open standard input would keep the process.
  process.stdin.destroy();
}

/** p4c writes `x.json` beside `x.p4info.txtpb`; another place must be named. */
function p4infoOf(json: string, given: string | undefined): string {
  const beside = json.replace(/\.json$/, '.p4info.txtpb');
  if (given !== undefined) return given;
  if (existsSync(beside)) return beside;
  throw new UmbraError('USAGE', `${json}: no P4Info at ${beside}; name it with --p4info`);
}

function readTargetOptions(rest: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (let i = 0; i < rest.length; i++) {
    const [name, inline] = rest[i]!.split('=', 2) as [string, string?];
    if (!(targetOptions as readonly string[]).includes(name)) {
      throw new UmbraError('USAGE', `unknown option '${name}' after --`);
    }
    const value = inline ?? rest[++i];
    if (value === undefined) throw new UmbraError('USAGE', `${name} needs a value`);
    found.set(name, value);
  }
  return found;
}
