/** `umbra topology`: the links of a running network, or a network to be discovered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import { UmbraError } from '../base/errors.js';
import { discover } from '../app/index.js';
import { describeFindings, type GivenHost } from '../discovery/index.js';
import { GrpcChannel } from '../p4runtime/index.js';
import { remoteCommand, wholeNumber } from './command.js';
import { ConsoleProgress } from './output.js';
import { topology, type RemoteOptions } from './remote.js';

/** Between two rounds of frames, ms. */
const ROUND_MS = 300;
const MOST_PORT = 499;

interface TopologyOptions extends RemoteOptions {
  discover?: boolean;
  devices?: string;
  ports: string;
  rounds: number;
  listen: number;
  hosts: string;
  electionId: number;
}

/** Adds the command. */
export function addTopology(program: Command): void {
  remoteCommand(program, 'topology', 'links of the network, or of one to be discovered')
    .option('--discover', 'find the links by LLDP, as primary of the switches; prints a file')
    .option('--devices <[name@]host:port[=id],...>', 'P4Runtime addresses, with device ids')
    .option('--ports <ranges>', 'ports that may be there', '0-64')
    .option('--rounds <number>', 'how often each frame is sent', wholeNumber, 5)
    .option('--listen <seconds>', 'listens longer, for hosts to be seen', wholeNumber, 0)
    .option('--hosts <name=ip/length@switch:port,...>', 'hosts that are known to be there', '')
    .addOption(
      new Option('--election-id <number>', 'of the primary that this command becomes')
        .argParser(wholeNumber)
        .default(1),
    )
    .action((options: TopologyOptions) =>
      options.discover ? discovered(options) : topology(options),
    );
}

/** The file goes to standard output; what is no link, to standard error. */
async function discovered(options: TopologyOptions): Promise<void> {
  const progress = new ConsoleProgress();
  const devices = readDevices(options.devices ?? '');
  const ports = readPorts(options.ports);
  const hosts = readHosts(options.hosts);
  try {
    let round = 0;
    const wait = (): Promise<void> =>
      sleep(ROUND_MS + (++round === options.rounds ? options.listen * 1000 : 0));
    const electionId = BigInt(options.electionId);
    const { rounds } = options;
    const found = await discover({ devices, ports, hosts, rounds, wait, electionId });
    const { links, hosts: seen } = found.findings;
    progress.step(
      `${devices.length} switches, ${links.length} links; ${seen.length} hosts seen, ` +
        `${hosts.length} given`,
    );
    for (const line of describeFindings(found.findings)) progress.step(line);
    process.stdout.write(found.file);
  } finally {
    for (const { channel } of devices) channel.close();
  }
}

function readDevices(text: string) {
  const parts = text.split(',').filter((part) => part !== '');
  if (parts.length === 0) throw new UmbraError('USAGE', '--devices [NAME@]HOST:PORT[=ID],...');
  return parts.map((part, i) => {
    const found = /^(?:([^@]+)@)?(.+:\d+?)(?:=(\d+))?$/.exec(part);
    if (!found) throw new UmbraError('USAGE', `'${part}' is no [NAME@]HOST:PORT[=ID]`);
    const [, name = `s${i + 1}`, address, id = '1'] = found;
    return { name, deviceId: Number(id), channel: new GrpcChannel(address!) };
  });
}

/** `1-4,7`. */
function readPorts(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    const [first, last] = [Number(low), Number(high)];
    if (!(first <= last && last <= MOST_PORT)) {
      throw new UmbraError('USAGE', `'${part}' is no range of ports below ${MOST_PORT + 1}`);
    }
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function readHosts(text: string): GivenHost[] {
  const parts = text.split(',').filter((part) => part !== '');
  return parts.map((part) => {
    const found = /^([^=]+)=([^@]+)@(.+):(\d+)$/.exec(part);
    if (!found) throw new UmbraError('USAGE', `'${part}' is no NAME=IP/LENGTH@SWITCH:PORT`);
    const [, name, address, node, port] = found;
    return { name: name!, address: address!, at: { node: node!, port: Number(port) } };
  });
}
