/**
 * A controller to be killed: it takes over what is in its store and on the switches, says
 * `recovered`, waits for a line, and conducts a campaign. Arguments: addresses as JSON, the store's
 * folder, the campaign's name. It says what it is about to do, and each record that is kept.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Campaigns } from '../../src/app/campaigns.js';
import { messageOf, UmbraError } from '../../src/base/errors.js';
import { silentProgress } from '../../src/base/log.js';
import { conduct, runScenario, type RunRecord } from '../../src/campaign/index.js';
import { ShadowDevice } from '../../src/device/index.js';
import { FaultEngine, type Fault } from '../../src/fault/index.js';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { Store } from '../../src/store/index.js';
import { killedPlan, LEASE_MS } from './killedPlan.js';
import { twoSwitches, type WireAddresses } from './numberedStream.js';
import { WireTestbed } from './wireTestbed.js';

const [addressesText, folder, campaign] = process.argv.slice(2) as [string, string, string];
const addresses = JSON.parse(addressesText) as WireAddresses;
const HEARTBEATS_A_LEASE = 5;

function say(...words: string[]): void {
  process.stdout.write(`${words.join(' ')}\n`);
}

async function takeOver(store: Store): Promise<FaultEngine> {
  say('opening');
  const devices: ShadowDevice[] = [];
  for (const { name, deviceId } of twoSwitches.switches) {
    const channel = new GrpcChannel(addresses.switches[name]!);
    // Whatever of the dead controller's is still on its way comes from a lower one.
    const electionId = BigInt(Date.now());
    const access = { name, channel, deviceId: BigInt(deviceId), electionId };
    devices.push(await ShadowDevice.open(access));
  }
  const faults = new FaultEngine({
    topology: twoSwitches,
    devices,
    nowUs: () => Math.floor(Date.now() * 1000),
    leaseUs: LEASE_MS * 1000,
    record: (fault) => store.put('faults', fault),
  });
  say('recovering');
  await faults.recover(store.all<Fault>('faults'));
  // Marks the runs that were under way.
  new Campaigns(store, { progress: silentProgress });
  say('recovered');
  return faults;
}

async function main(): Promise<void> {
  // It does not outlive the test.
  process.stdin.once('end', () => process.exit(1));
  const store = Store.open(folder);
  const faults = await takeOver(store);
  await once(createInterface({ input: process.stdin }), 'line');
  const heart = setInterval(() => faults.heartbeat(), LEASE_MS / HEARTBEATS_A_LEASE);
  const testbed = await WireTestbed.open(addresses, faults);
  const baselines = new Map();
  const { topology, traffic } = testbed;
  await conduct({
    campaign,
    plan: killedPlan,
    topology,
    traffic,
    runner: { width: 1, run: (scenario) => runScenario(testbed, scenario, baselines) },
    keeper: {
      get: (id) => store.get<RunRecord>('runs', id),
      keep(record) {
        store.put('runs', record);
        say('kept', record.state, record.id);
      },
    },
    progress: silentProgress,
  });
  clearInterval(heart);
  say('done');
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const code = error instanceof UmbraError ? error.code : 'BUG';
  process.stderr.write(`${code}: ${messageOf(error)}\n`);
  process.exit(1);
}
