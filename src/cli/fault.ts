/** `umbra fault`: failures on the shadow of a running Umbra. */
import { Option, type Command } from 'commander';
import { UmbraError, messageOf } from '../base/errors.js';
import {
  failureTypes,
  type AppError,
  type DeviceFailure,
  type Failure,
  type ResourceExhaustion,
} from '../fault/index.js';
import { command, decimal, remoteCommand } from './command.js';
import { print, table } from './output.js';
import { call, type RemoteOptions } from './remote.js';

const deviceModes = ['outage', 'graceful', 'reboot', 'stuck', 'slow_control', 'stale'];
const resources = ['cpu', 'memory', 'disk', 'table_space', 'buffers'];
const resourceModes = ['limit', 'oom_restart', 'slow', 'full'];
const appModes = ['status', 'error', 'delay', 'hang', 'cut', 'reset', 'refuse'];

interface InjectOptions extends RemoteOptions {
  link?: string;
  partition?: string;
  device?: string;
  service?: string;
  host?: string;
  port?: number;
  resource?: ResourceExhaustion['resource'];
  amount?: number;
  downMs?: number;
  status?: number;
  type?: string;
  set: string[];
  direction: 'both' | 'a-to-b' | 'b-to-a';
  loss?: number;
  delayMs?: number;
  jitterMs?: number;
  rateMbps?: number;
  mode?: string;
  share?: number;
  duration: number;
  override?: boolean;
}

/** Adds the command with all below it. */
export function addFaults(program: Command): void {
  const fault = command(program, 'fault').description('failures on the shadow');
  remoteCommand(fault, 'list', 'faults and their state').action(listFaults);
  command(fault, 'types')
    .description('types of failure and their parameters')
    .option('--json', 'print one JSON document')
    .action(listFailureTypes);
  remoteCommand(fault, 'clear', 'remove one fault, or all')
    .argument('[id]', 'fault id')
    .option('--all', 'every fault, also those that nobody remembers; the default without an id')
    .action((id: string | undefined, options: RemoteOptions & { all?: boolean }) => {
      if (id !== undefined && options.all) throw new UmbraError('USAGE', 'an id or --all');
      return clearFaults(id, options);
    });
  remoteCommand(fault, 'stop', 'remove every fault at once and refuse new ones')
    .option('--reason <text>', 'why', 'asked for')
    .action(stopFaults);
  remoteCommand(fault, 'release', 'allow faults again').action(releaseFaults);
  addInject(fault);
}

function addInject(fault: Command): void {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  remoteCommand(fault, 'inject', 'break a link, a switch, a host or a service of the shadow')
    .option('--link <name>', 'a link, such as leaf1-spine1')
    .option('--partition <names>', 'or nodes that are cut off, such as leaf1,h1')
    .option('--device <name>', 'or a switch or a host, such as spine1')
    .option('--service <name>', 'or a service, such as checkout')
    .option('--host <name>', 'or what a host serves on --port, or its --resource')
    .addOption(
      new Option('--resource <name>', 'what a --host or a switch is short of').choices(resources),
    )
    .option('--amount <number>', 'what is left of the resource, in place of --share', decimal)
    .option('--down-ms <ms>', 'how long a restart takes', decimal)
    .option('--port <number>', 'TCP port of the service, or port with short buffers', decimal)
    .option('--type <type>', "with --set: any failure, see 'umbra fault types'")
    .option('--set <name=value>', 'a parameter; a value may be JSON; repeatable', collect, [])
    .addOption(
      new Option('--direction <way>', 'of a link')
        .choices(['both', 'a-to-b', 'b-to-a'])
        .default('both'),
    )
    .option('--loss <share>', 'share of packets dropped, 0 to 1', decimal)
    .option('--delay-ms <ms>', 'added delay', decimal)
    .option('--jitter-ms <ms>', 'random extra delay, up to this', decimal)
    .option('--rate-mbps <rate>', 'shaped to this rate', decimal)
    .addOption(
      new Option('--mode <mode>', 'of a device (outage), a service (status), a resource')
        .choices([...deviceModes, ...appModes, ...resourceModes]),
    )
    .option('--share <share>', 'of flows lost, of answers that fail, of a resource', decimal)
    .option('--status <number>', 'HTTP status that a service answers with', decimal)
    .option('--duration <seconds>', 'how long it lasts', decimal, 30)
    .option('--override', 'go past the blast radius')
    .action((options: InjectOptions) => injectFault(requestOf(options), options));
}

function requestOf(options: InjectOptions): FaultRequest {
  const { duration, override } = options;
  const common = { durationMs: duration * 1000, ...(override ? { override } : {}) };
  if (options.type === undefined) {
    const failure = { ...failureOf(options), ...parametersOf(options.set) } as Failure;
    return { failure, ...common };
  }
  const { link, partition, host = '', device = host, type } = options;
  const parameters = {
    ...(link === undefined ? {} : { link }),
    ...(partition === undefined ? {} : { partition: partition.split(',') }),
    ...parametersOf(options.set),
  };
  return { device, type, parameters, ...common };
}

/** `name=value` pairs; a value that is no JSON is text. */
function parametersOf(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UmbraError('USAGE', `--set ${pair}: name=value is needed`);
      return [pair.slice(0, at), valueOf(pair.slice(at + 1))];
    }),
  );
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (/^[[{"]/.test(text)) throw new UmbraError('USAGE', `--set ${text}: ${messageOf(error)}`);
    return text;
  }
}

function failureOf(options: InjectOptions): Failure {
  const ns = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : Math.round(ms * 1e6);
  const { link, partition, device, service, host } = options;
  const isOfService = service !== undefined || host !== undefined;
  const targets = [link, partition, device].map((target) => target !== undefined);
  if ([...targets, isOfService].filter(Boolean).length !== 1) {
    const ways = 'give one of --partition, --link, --device, or --service and --host';
    throw new UmbraError('USAGE', ways);
  }
  const delayNs = ns(options.delayMs);
  if (options.resource !== undefined) return shortageOf(options, options.resource);
  if (isOfService) return appErrorOf(options, delayNs);
  if (device !== undefined) {
    const { mode = 'outage', share, downMs } = options;
    return {
      type: 'device_failure',
      device,
      mode: mode as DeviceFailure['mode'],
      ...(share === undefined ? {} : { [mode === 'stale' ? 'entryShare' : 'share']: share }),
      ...(downMs === undefined ? {} : { downNs: ns(downMs)! }),
      ...(delayNs === undefined ? {} : { delayNs }),
    };
  }
  const jitterNs = ns(options.jitterMs);
  return {
    type: 'link_degradation',
    ...(partition === undefined ? { link: link! } : { partition: partition.split(',') }),
    direction: options.direction,
    ...(options.loss === undefined ? {} : { loss: options.loss }),
    ...(delayNs === undefined ? {} : { delayNs }),
    ...(jitterNs === undefined ? {} : { jitterNs }),
    ...(options.rateMbps === undefined ? {} : { rateBps: options.rateMbps * 1e6 }),
  };
}

function shortageOf(options: InjectOptions, resource: ResourceExhaustion['resource']): Failure {
  const { host, device, port, mode, share, amount, delayMs, downMs } = options;
  if (host === undefined && device === undefined) {
    throw new UmbraError('USAGE', '--resource needs --host or --device');
  }
  return {
    type: 'resource_exhaustion',
    resource,
    ...(host === undefined ? {} : { host }),
    ...(device === undefined ? {} : { device }),
    ...(port === undefined ? {} : { port }),
    ...(mode === undefined ? {} : { mode: mode as NonNullable<ResourceExhaustion['mode']> }),
    ...(share === undefined ? {} : { share }),
    ...(amount === undefined ? {} : { amount }),
    ...(delayMs === undefined ? {} : { latencyNs: Math.round(delayMs * 1e6) }),
    ...(downMs === undefined ? {} : { downNs: Math.round(downMs * 1e6) }),
  };
}

function appErrorOf(options: InjectOptions, delayNs: number | undefined): Failure {
  const { service, host, port, mode = 'status', share, status } = options;
  return {
    type: 'app_error',
    mode: mode as AppError['mode'],
    ...(service === undefined ? {} : { service }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(share === undefined ? {} : { share }),
    ...(status === undefined ? {} : { status }),
    ...(delayNs === undefined ? {} : { delayNs }),
  };
}

interface FaultView {
  id: string;
  description: string;
  state: string;
  expiresUs: number;
}

function faultTable(faults: readonly FaultView[]): string {
  if (faults.length === 0) return 'no faults';
  return table(
    ['id', 'failure', 'state'],
    faults.map((fault) => [fault.id, fault.description, fault.state]),
  );
}

/** `umbra fault list`. */
async function listFaults(options: RemoteOptions) {
  const found = await call<FaultView[]>(options, 'faults');
  print(found, options.json ?? false, () => faultTable(found));
}

/** `umbra fault inject`. */
async function injectFault(request: FaultRequest, options: RemoteOptions) {
  const made = await call<FaultView>(options, 'faults', 'POST', request);
  print(made, options.json ?? false, () => faultTable([made]));
}

/** `umbra fault stop`. */
async function stopFaults(options: RemoteOptions & { reason: string }) {
  const { reason } = options;
  const path = `faults/stop?reason=${encodeURIComponent(reason)}`;
  const done = await call<{ removedEntries: number; notRecorded?: string }>(options, path, 'POST');
  print(done, options.json ?? false, () =>
    [
      `${done.removedEntries} entries removed; faults are refused until 'umbra fault release'`,
      ...(done.notRecorded === undefined ? [] : [`not recorded: ${done.notRecorded}`]),
    ].join('\n'),
  );
}

/** `umbra fault release`. */
async function releaseFaults(options: RemoteOptions) {
  const state = await call<{ isStopped: boolean }>(options, 'faults/stop', 'DELETE');
  print(state, options.json ?? false, () => 'faults are allowed again');
}

/** `umbra fault types`: needs no running Umbra. */
function listFailureTypes(options: { json?: boolean }): void {
  const types = failureTypes();
  print(types, options.json ?? false, () =>
    table(
      ['type', 'parameter', 'what it is'],
      types.flatMap(({ type, parameters }) =>
        parameters.map(({ name, description, isRequired }) => [
          type,
          name,
          `${description}${isRequired ? ' (needed)' : ''}`,
        ]),
      ),
    ),
  );
}

/** What `umbra fault inject` sends. */
interface FaultRequest {
  failure?: Failure;
  device?: string;
  type?: string;
  parameters?: Record<string, unknown>;
  durationMs: number;
  override?: boolean;
}

/** `umbra fault clear [ID]`; without an id, everything. */
async function clearFaults(id: string | undefined, options: RemoteOptions) {
  if (id === undefined) {
    const done = await call<{ removedEntries: number }>(options, 'faults', 'DELETE');
    print(done, options.json ?? false, () => `${done.removedEntries} entries removed, none left`);
    return;
  }
  const done = await call<FaultView>(options, `faults/${encodeURIComponent(id)}`, 'DELETE');
  print(done, options.json ?? false, () => faultTable([done]));
}
