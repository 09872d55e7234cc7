/** The command `umbra`. Exit status: 0 done, 1 failed, 2 wrong usage. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { UmbraError, messageOf } from '../base/errors.js';
import { shippedFile } from '../base/paths.js';
import { addCampaign } from './campaign.js';
import { demo, type DemoOptions } from './demo.js';
import { command, decimal, remoteCommand, wholeNumber } from './command.js';
import { addFaults } from './fault.js';
import { switchKinds } from '../app/index.js';
import { live, type LiveCommandOptions } from './live.js';
import { clone, up, type CloneOptions, type UpOptions } from './up.js';
import { mininet, type MininetOptions } from './mininet.js';
import { endWithReader } from './reader.js';
import * as remote from './remote.js';
import { CommandFailed } from './output.js';
import { stf, stfHelp, type StfCommandOptions } from './stf.js';
import { addSwitch, switchWords } from './switch.js';
import { addTopology } from './topology.js';

/** Runs one command line and returns its exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  endWithReader();
  const program = buildProgram();
  try {
    const words = argv[0] === 'switch' ? switchWords(argv) : argv;
    await program.parseAsync(words, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommandFailed) return 1;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`umbra: ${messageOf(error)}\n`);
    if (error instanceof UmbraError) return error.exitStatus;
    process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
    return 1;
  }
}

function buildProgram(): Command {
  const { version } = JSON.parse(readFileSync(shippedFile('package.json'), 'utf8')) as {
    version: string;
  };
  const program = new Command('umbra')
    .description('A shadow network beside production: mirror, clone, break, forecast, rehearse')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(see umbra --help)');
  addDemo(program);
  addUp(program);
  addSwitch(command(program, 'switch'), wholeNumber);
  addStf(program);
  addInspection(program);
  addFaults(program);
  addCampaign(program);
  return program;
}

function addDemo(program: Command): void {
  command(program, 'demo')
    .description('the whole loop on the embedded switch, then the API')
    .option('--topology <file>', "topology file, Umbra's form or p4lang's")
    .option('--pcap <file>', 'take hosts and flows from a capture (pcap or pcapng)')
    .addOption(
      new Option('--target <target>', 'what production runs on; bmv2 needs Linux and root')
        .choices(['embedded', 'bmv2'])
        .default('embedded'),
    )
    .option('--seed <number>', 'seed of everything random', wholeNumber, 1)
    .option('--once', 'end when the report is printed')
    .option('--json', 'print one JSON document')
    .option('--host <address>', 'address of the API', '127.0.0.1')
    .option('--port <number>', 'port of the API', wholeNumber, 8080)
    .action((options: DemoOptions) => demo(options));
  command(program, 'live')
    .description('the whole loop with real hosts in network namespaces (Linux, root)')
    .option('--topology <file>', 'topology file')
    .addOption(switchOption())
    .option('--seed <number>', 'seed of everything random', wholeNumber, 1)
    .option('--once', 'end when the report is printed')
    .option('--json', 'print one JSON document')
    .option('--host <address>', 'address of the API', '127.0.0.1')
    .option('--port <number>', 'port of the API', wholeNumber, 8080)
    .action((options: LiveCommandOptions) => live(options));
  command(program, 'mininet')
    .description("a topology in Mininet under Umbra's controller, and its prompt (Linux, root)")
    .argument('<topology>', 'topology file')
    .addOption(switchOption())
    .option('--seed <number>', 'seed of everything random', wholeNumber, 1)
    .option('--check', 'no prompt: ping between all hosts, one HTTP transfer, then end')
    .option('--json', 'print one JSON document (with --check)')
    .option('--host <address>', 'address of the API', '127.0.0.1')
    .option('--port <number>', 'port of the API', wholeNumber, 8080)
    .action((file: string, options: MininetOptions) => mininet(file, options));
}

function switchOption(): Option {
  return new Option('--switch <kind>', "the switches: Umbra's daemons, or simple_switch_grpc")
    .choices(switchKinds)
    .default('umbra');
}

function addStf(program: Command): void {
  command(program, 'stf')
    .description("run a data-plane test in p4c's STF language on the embedded switch")
    .argument('<program>', "p4c's BMv2 JSON")
    .argument('<p4info>', 'P4Info of the same program')
    .argument('<test>', 'the test: packets, expectations, entries')
    .option('--json', 'print one JSON document')
    .addHelpText('after', stfHelp)
    .action((json: string, p4info: string, test: string, options: StfCommandOptions) => {
      stf(json, p4info, test, options);
    });
}

function addUp(program: Command): void {
  command(program, 'up')
    .description('the service: a shadow of the switches in a configuration file, API')
    .requiredOption('-c, --config <file>', 'umbra.yaml')
    .option('--host <address>', 'address of the API')
    .option('--port <number>', 'port of the API', wholeNumber)
    .action((options: UpOptions) => up(options));
}

function addShadow(program: Command): void {
  const shadow = remoteCommand(program, 'shadow', 'how the shadow stands to production');
  shadow.action(remote.shadow);
  command(shadow, 'clone')
    .description('clone switches once, whatever they run, and say how equal the replicas are')
    .requiredOption('--devices <host:port[=id],...>', 'P4Runtime addresses, with device ids')
    // Its parent knows --json too, and would keep it.
    .option('--json', 'print one JSON document')
    .action((_: CloneOptions, self: Command) => clone(self.optsWithGlobals<CloneOptions>()));
}

function addInspection(program: Command): void {
  remoteCommand(program, 'devices', 'the switches of both networks').action(remote.devices);
  remoteCommand(program, 'rules', 'rules of a switch, such as shadow.leaf1')
    .argument('<device>', 'device id')
    .argument('[table]', 'table, by full name or unique suffix')
    .action((device: string, name: string | undefined, options: remote.RemoteOptions) =>
      remote.rules(device, name, options),
    );
  remoteCommand(program, 'trace', 'what happens to the next packets of a switch, step by step')
    .argument('<device>', 'device id, such as shadow.leaf1')
    .option('--packets <number>', 'how many', wholeNumber, 1)
    .option('--port <number>', 'only packets that come in at this port', wholeNumber)
    .option('--timeout <seconds>', 'how long to wait', decimal, 5)
    .action((device: string, options: remote.TraceOptions) => remote.trace(device, options));
  remoteCommand(program, 'drops', 'packets that a switch dropped, by reason')
    .argument('<device>', 'device id, such as shadow.leaf1')
    .action((device: string, options: remote.RemoteOptions) => remote.drops(device, options));
  addTopology(program);
  remoteCommand(program, 'mirror', 'mirror rules and their completeness')
    .option('--rules <file>', 'replace all rules by those of a file, YAML or JSON')
    .action(remote.mirror);
  addShadow(program);
  remoteCommand(program, 'forecast', 'the worst forecasts').action(remote.forecasts);
  remoteCommand(program, 'recommend', 'recommendations').action(remote.recommendations);
}
