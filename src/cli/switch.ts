/** `umbra switch`: the embedded switch as a daemon, with simple_switch_grpc's command line. */
import { existsSync, statSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { UmbraError } from '../base/errors.js';
import { parsePort, type PortSpec } from '../linux/index.js';
import {
  fileSink,
  logLevels,
  SwitchDaemon,
  SwitchLog,
  type LogLevel,
  type LogSink,
  type ProgramFiles,
} from '../app/index.js';
import { CPU_PORT, DROP_PORT } from '../switch/index.js';
import { isTargetOption, readTargetOptions, type TargetOptions } from './targetOptions.js';

/** Options before `--`. */
interface SwitchOptions {
  interface: string[];
  deviceId: number;
  p4info?: string;
  p4: boolean;
  seed: number;
  pcap?: string | true;
  useFiles?: number;
  logConsole?: boolean;
  logFile?: string;
  logLevel: LogLevel;
  restoreState?: string;
  packetIn?: string;
  /** Ends when standard input does: a parent that dies takes its switches along. */
  untilStdinEnds?: boolean;
}

/** Options of simple_switch_grpc that change nothing here; with a value, or without. */
const ignoredValues = [
  'thrift-port',
  'nanolog',
  'notifications-addr',
  'debugger-addr',
  'log-file-max-size',
  'log-file-max-files',
  'dump-packet-data',
  'max-port-count',
] as const;
const ignoredFlags = ['debugger', 'log-flush'] as const;

const afterHelp = `
After -- :
  --grpc-server-addr <host:port>    where P4Runtime is served (default: 127.0.0.1:9559)
  --grpc-server-ssl                 serve TLS, with
    --grpc-server-cert <file>         its certificate (PEM),
    --grpc-server-key <file>          its private key, and
    --grpc-server-cacert <file>       the certificates that clients are checked against
  --grpc-server-with-client-auth    only clients with such a certificate get in
  --cpu-port <port>                 port of PacketIn and PacketOut (default: ${CPU_PORT})
  --drop-port <port>                egress port that means drop (default: ${DROP_PORT})

Taken as simple_switch_grpc has them, and ignored: --thrift-port, --nanolog,
--notifications-addr, --debugger, --debugger-addr, --log-flush, --log-file-max-size,
--log-file-max-files, --dump-packet-data, --max-port-count; after -- : --priority-queues,
--disable-swap, --enable-swap, --max-mc-groups, --max-l1-entries, --max-l2-entries.

Examples:
  umbra switch -i 1@veth0 -i 2@veth2 router.json -- --grpc-server-addr 0.0.0.0:9559
  umbra switch --no-p4 -i 1@udp:5001:127.0.0.1:6001 --device-id 1
  umbra switch --use-files 0 -i 1@eth1 -i 2@eth2 router.json      eth1_in.pcap -> eth2_out.pcap`;

/** Adds the command to `command`, which is named already. */
export function addSwitch(command: Command, wholeNumber: (text: string) => number): void {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  const level = new Option('-L, --log-level <level>', 'how much to log')
    .choices(logLevels)
    .default('trace');
  command
    .description("the embedded switch as a daemon, with simple_switch_grpc's options")
    .argument('[program]', "p4c's BMv2 JSON; left out, a controller sets the pipeline")
    .argument('[target...]', 'options after --')
    .option('-i, --interface <port@interface>', 'port, repeatable; or PORT@udp:...', collect, [])
    .option('--device-id <number>', 'P4Runtime device id', wholeNumber, 1)
    .option('--p4info <file>', 'P4Info of the program, when it is not beside it')
    .option('--no-p4', 'start without a program')
    .option('--pcap [folder]', 'record NAME_in.pcap and NAME_out.pcap of every port')
    .option('--use-files <seconds>', 'then read NAME_in.pcap, write NAME_out.pcap', seconds)
    .option('--log-console', 'log to standard output')
    .option('--log-file <file>', 'log to the end of a file')
    .addOption(level)
    .option('--seed <number>', 'seed of everything random', wholeNumber, 1)
    .addOption(new Option('--restore-state <file>').hideHelp())
    .addOption(new Option('--packet-in <address>').hideHelp())
    .addOption(new Option('--until-stdin-ends').hideHelp())
    .addHelpText('after', afterHelp)
    .action((file: string | undefined, target: string[], options: SwitchOptions) => {
      const isTarget = file?.startsWith('--') ?? false;
      const rest = isTarget ? [file!, ...target] : target;
      const ignored = ignoredNames(options as object as Record<string, unknown>);
      return runSwitch(isTarget ? undefined : file, readTargetOptions(rest), ignored, options);
    });
  for (const name of ignoredValues) {
    command.addOption(new Option(`--${name} <value>`).hideHelp());
  }
  for (const name of ignoredFlags) command.addOption(new Option(`--${name}`).hideHelp());
}

/**
 * Words of the command line as commander needs them. An option that belongs after `--` is refused
 * with that hint; a program right after `--pcap` is not its folder.
 */
export function switchWords(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  return words.map((word, i) => {
    if (end >= 0 && i >= end) return word;
    if (isTargetOption(word)) throw new UmbraError('USAGE', `${word}: write -- before it`);
    return word === '--pcap' && /\.json$/.test(words[i + 1] ?? '') ? '--pcap=.' : word;
  });
}

/** Runs until SIGINT or SIGTERM. */
async function runSwitch(
  program: string | undefined,
  target: TargetOptions,
  ignored: readonly string[],
  options: SwitchOptions,
): Promise<void> {
  refuse(options);
  const ports = readPorts(options.interface, target);
  const { useFiles } = options;
  const log = new SwitchLog(options.logLevel, sinkOf(options));
  const pcapFolder = folderOf(options.pcap);
  const { files, note } = programFiles(program, options);
  const daemon = await SwitchDaemon.start({
    deviceId: BigInt(options.deviceId),
    ports,
    seed: options.seed,
    grpcAddress: target.grpcAddress ?? '127.0.0.1:9559',
    log,
    ...(target.tls === undefined ? {} : { tls: target.tls }),
    ...(target.cpuPort === undefined ? {} : { cpuPort: target.cpuPort }),
    ...(target.dropPort === undefined ? {} : { dropPort: target.dropPort }),
    ...(files === undefined ? {} : { program: files }),
    ...(pcapFolder === undefined || useFiles !== undefined ? {} : { pcapFolder }),
    ...(useFiles === undefined ? {} : { useFilesAfterSeconds: useFiles }),
  });
  if (note !== undefined) log.warn(note);
  const noEffect = [...ignored, ...target.ignored];
  if (noEffect.length > 0) log.warn(`without effect here: ${noEffect.join(', ')}`);
  const udp = daemon.udpPorts.length > 0 ? `, udp ports ${daemon.udpPorts.join(', ')}` : '';
  log.notice(
    `device ${options.deviceId}, ${ports.length} ports, P4Runtime on port ${daemon.grpcPort}${udp}`,
  );
  const sayCounters = (): void => daemon.counters.forEach((line) => log.notice(line));
  process.on('SIGUSR2', sayCounters);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    if (options.untilStdinEnds) process.stdin.once('end', resolve).resume();
  });
  await daemon.drain();
  daemon.counters.forEach((line) => log.info(line));
  process.removeListener('SIGUSR2', sayCounters);
  // An open standard input would keep the process.
  process.stdin.destroy();
}

function refuse({ restoreState, packetIn, logConsole, logFile }: SwitchOptions): void {
  if (restoreState !== undefined) {
    const instead = 'write the entries over P4Runtime instead';
    throw new UmbraError('USAGE', `--restore-state: saved states are not read; ${instead}`);
  }
  if (packetIn !== undefined) {
    const instead = 'use UDP ports, such as -i 1@udp:5001:127.0.0.1:6001';
    throw new UmbraError('USAGE', `--packet-in: packets over nanomsg are not there; ${instead}`);
  }
  if (logConsole && logFile !== undefined) {
    throw new UmbraError('USAGE', '--log-console and --log-file exclude each other');
  }
}

/** The ports, each with a number of its own that means nothing else. */
function readPorts(words: readonly string[], target: TargetOptions): PortSpec[] {
  const reserved = new Map([
    [target.cpuPort ?? CPU_PORT, 'the CPU port; --cpu-port moves it'],
    [target.dropPort ?? DROP_PORT, 'the drop port; --drop-port moves it'],
  ]);
  const ports = words.map(parsePort);
  for (const [i, { port }] of ports.entries()) {
    const other = reserved.get(port);
    if (other !== undefined) throw new UmbraError('USAGE', `port ${port} is ${other}`);
    if (ports.findIndex((p) => p.port === port) < i) {
      throw new UmbraError('USAGE', `port ${port} is given twice`);
    }
  }
  return ports;
}

function sinkOf({ logConsole, logFile }: SwitchOptions): LogSink | undefined {
  if (logFile !== undefined) return fileSink(logFile);
  return logConsole ? (line) => void process.stdout.write(line) : undefined;
}

function folderOf(pcap: string | true | undefined): string | undefined {
  if (pcap === undefined) return undefined;
  const folder = pcap === true ? '.' : pcap;
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new UmbraError('USAGE', `--pcap ${folder}: there is no such folder`);
}

/** The program to run, and what its user should know about that. */
function programFiles(
  json: string | undefined,
  options: SwitchOptions,
): { files?: ProgramFiles; note?: string } {
  if (json === undefined) return {};
  if (!options.p4) return { note: `${json} is not run: --no-p4 was given` };
  const p4info = options.p4info ?? p4infoBeside(json);
  if (p4info !== undefined) return { files: { json, p4info } };
  const note =
    `${json}: no P4Info beside it, so the program runs as it is and P4Runtime waits for a ` +
    'controller to set a pipeline; --p4info names it';
  return { files: { json }, note };
}

/** Where p4c's users put P4Info: `x.p4info.txtpb` for `x.json`, with or without `.p4`. */
function p4infoBeside(json: string): string | undefined {
  const base = json.replace(/\.json$/, '');
  return ['.p4info.txtpb', '.p4.p4info.txtpb', '.p4info.txt', '.p4.p4info.txt']
    .map((ending) => base + ending)
    .find((path) => existsSync(path));
}

function ignoredNames(options: Record<string, unknown>): string[] {
  const key = (name: string): string => name.replace(/-(.)/g, (_, c: string) => c.toUpperCase());
  return [...ignoredValues, ...ignoredFlags]
    .filter((name) => options[key(name)] !== undefined)
    .map((name) => `--${name}`);
}

function seconds(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('whole seconds are needed');
  return Math.max(0, Number(text));
}
