/** `umbra campaign`: scenarios from a file, here or in a running Umbra. */
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { UmbraError } from '../base/errors.js';
import { Campaigns, topologyImage } from '../app/index.js';
import {
  CampaignSchema,
  checkPlan,
  parseCampaign,
  rehearsePlan,
  type CampaignPlan,
  type CampaignSummary,
} from '../campaign/index.js';
import { Store } from '../store/index.js';
import { readTopology, type Topology } from '../topology/index.js';
import { command, wholeNumber } from './command.js';
import { ConsoleProgress, effectText, figure, print, table } from './output.js';
import { readText } from './readText.js';

interface RunOptions {
  topology?: string;
  seed?: number;
  threads?: number;
  dryRun?: boolean;
  state?: string;
  json?: boolean;
}

/** Adds the command and its subcommands. */
export function addCampaign(program: Command): void {
  const campaign = command(program, 'campaign').description(
    'scenarios of failures, run on forks of a shadow; docs/campaigns.md has the language',
  );
  const local = (name: string, description: string): Command =>
    command(campaign, name)
      .description(description)
      .option('--state <folder>', 'where campaigns are kept', 'var/campaigns')
      .option('--json', 'print one JSON document');
  local('run', 'run the campaign of a file; Ctrl-C pauses it')
    .argument('<file>', 'campaign file, YAML or JSON')
    .option('--topology <file>', "instead of the file's own")
    .option('--seed <number>', "instead of the file's own", wholeNumber)
    .option('--threads <number>', 'one for each core unless given', wholeNumber)
    .option('--dry-run', 'print what would be touched, and run nothing')
    .action((file: string, options: RunOptions) => run(file, options));
  local('resume', 'go on with a campaign that was paused or interrupted')
    .argument('<id>', 'such as campaign-1')
    .option('--threads <number>', 'one for each core unless given', wholeNumber)
    .action((id: string, options: RunOptions) => resume(id, options));
  local('list', 'campaigns, and how far they are').action((options: RunOptions) => list(options));
  local('show', 'the runs of a campaign')
    .argument('<id>')
    .action((id: string, options: RunOptions) => show(id, options));
  local('report', 'what a campaign showed')
    .argument('<id>')
    .action((id: string, options: RunOptions) =>
      withCampaigns(options, (campaigns) => printSummary(campaigns.summary(id), options)),
    );
  command(campaign, 'schema')
    .description('the JSON schema of campaign files')
    .action(() => print(CampaignSchema, true, () => ''));
}

function readPlan(file: string, options: RunOptions): { plan: CampaignPlan; topology: Topology } {
  const parsed = parseCampaign(readText(file), file);
  const own = parsed.topology === undefined ? undefined : resolve(dirname(file), parsed.topology);
  const path = options.topology ?? own;
  if (path === undefined) {
    throw new UmbraError('USAGE', `${file} names no topology; give --topology`);
  }
  const topology = readTopology(readText(path), path);
  return { plan: parsed.planFor(topology, options.seed), topology };
}

async function run(file: string, options: RunOptions): Promise<void> {
  const { plan, topology } = readPlan(file, options);
  checkPlan(topology, topology.traffic, plan);
  if (options.dryRun) {
    printPlan(topology, plan, options.json ?? false);
    return;
  }
  await withCampaigns(options, async (campaigns) => {
    const replica = await topologyImage(topology, plan.seed);
    const flows = topology.traffic;
    if (flows.length === 0) {
      throw new UmbraError('INVALID_TOPOLOGY', 'the topology names no traffic to run');
    }
    const image = { replica, flows, seed: plan.seed, warmUpNs: plan.warmUpNs };
    await carryOut(campaigns, campaigns.add(plan, image).id, options);
  });
}

function resume(id: string, options: RunOptions): Promise<void> {
  return withCampaigns(options, (campaigns) => carryOut(campaigns, id, options));
}

async function carryOut(campaigns: Campaigns, id: string, options: RunOptions): Promise<void> {
  const pause = (): void => {
    process.stderr.write('pausing; the runs under way end first\n');
    campaigns.pause(id);
  };
  process.once('SIGINT', pause);
  process.once('SIGTERM', pause);
  try {
    const { state } = await campaigns.run(id);
    if (state === 'done') {
      printSummary(campaigns.summary(id), options);
      return;
    }
    const text = `${id} is ${state}; go on with: umbra campaign resume ${id}`;
    print({ id, state }, options.json ?? false, () => text);
  } finally {
    process.off('SIGINT', pause);
    process.off('SIGTERM', pause);
  }
}

async function withCampaigns(
  { state, threads }: RunOptions,
  work: (campaigns: Campaigns) => void | Promise<void>,
): Promise<void> {
  const store = Store.open(state);
  try {
    const progress = new ConsoleProgress();
    await work(new Campaigns(store, { progress, ...(threads !== undefined && { threads }) }));
  } finally {
    store.close();
  }
}

function list(options: RunOptions): Promise<void> {
  return withCampaigns(options, (campaigns) => {
    const all = campaigns.list().map(({ id, plan, state }) => {
      return { id, name: plan.name, state, ...campaigns.progress(id) };
    });
    print(all, options.json ?? false, () =>
      table(
        ['campaign', 'name', 'state', 'runs', 'of'],
        all.map(({ done, id, name, state, total }) => {
          return [id, name, state, String(done), String(total)];
        }),
      ),
    );
  });
}

function show(id: string, options: RunOptions): Promise<void> {
  return withCampaigns(options, (campaigns) => {
    campaigns.get(id);
    const runs = campaigns.runs(id);
    print(runs, options.json ?? false, () =>
      table(
        ['run', 'state', 'verdict', 'reason'],
        runs.map(({ outcome, scenario, state }) => {
          return [scenario.id, state, outcome?.verdict ?? '', outcome?.reason ?? ''];
        }),
      ),
    );
  });
}

function printPlan(topology: Topology, plan: CampaignPlan, isJson: boolean): void {
  const rows = plan.scenarios.flatMap((scenario) =>
    rehearsePlan(topology, scenario).map(({ beginNs, description, endNs, entries, id }) => {
      const devices = entries.map((entry) => ('device' in entry ? entry.device : entry.host));
      return {
        scenario: scenario.id,
        failure: id,
        beginsS: beginNs / 1e9,
        lastsS: (endNs - beginNs) / 1e9,
        what: description,
        devices: [...new Set(devices)],
        entries: entries.length,
      };
    }),
  );
  const search = plan.search && `and a search of ${plan.search.budget} runs for the worst`;
  print({ dryRun: true, touched: rows, search: plan.search ?? null }, isJson, () => {
    const lines = table(
      ['scenario', 'failure', 'begins', 'lasts', 'what', 'entries on'],
      rows.map((row) => [
        row.scenario,
        row.failure,
        `${figure(row.beginsS)} s`,
        `${figure(row.lastsS)} s`,
        row.what,
        `${row.devices.join(', ')} (${row.entries})`,
      ]),
    );
    return search === undefined ? lines : `${lines}\n${search}`;
  });
}

function printSummary(summary: CampaignSummary, options: RunOptions): void {
  print(summary, options.json ?? false, () => {
    const { runs, verdicts, worst } = summary;
    const rows = runs.map(({ harm, reason, scenario, verdict }) => {
      return [scenario, verdict, `${figure(harm * 100)} %`, reason];
    });
    const counts = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
    const byName = new Map(runs.map((line) => [line.scenario, line]));
    const most = worst.flatMap((name) => {
      const line = byName.get(name)!;
      return [`  ${name}: harm ${figure(line.harm * 100)} %`, ...line.worst.map(effectText)];
    });
    return [
      table(['scenario', 'verdict', 'harm', 'reason'], rows),
      '',
      `${runs.length} runs: ${counts.join(', ')}`,
      ...(most.length > 0 ? ['', 'What hurt most:', ...most.slice(0, 25)] : []),
    ].join('\n');
  });
}
