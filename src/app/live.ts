/**
 * The loop with a production of real things: kernel hosts, and switch processes of any kind under
 * gRPC. The shadow is embedded and runs under the wall clock. Campaigns run on a second replica in
 * virtual time, under the traffic that the mirror taught.
 */
import { Store } from '../store/index.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { UmbraError, messageOf } from '../base/errors.js';
import type { DeviceReader } from '../device/index.js';
import { RealTimePump } from '../fabric/index.js';
import { DEFAULT_BLAST_LIMIT, HEARTBEAT_US } from '../fault/index.js';
import {
  measureCompleteness,
  mirrorAll,
  MirrorCollector,
  MirrorCounters,
  namesByAddress,
  OriginalEnds,
  ProfileLearner,
  readMirrorRules,
  tagFrame,
  taggedLength,
} from '../mirror/index.js';
import { GrpcChannel, ruleEntity } from '../p4runtime/index.js';
import { wirePool } from '../packet/index.js';
import { Update_Type } from '../proto/index.js';
import { DeviceFollower, Following, type FollowStatus } from '../sync/index.js';
import type { Topology } from '../topology/index.js';
import { experiment, type ExperimentOptions } from './experiment.js';
import { FaultStepper } from './faultStepper.js';
import { MirrorInlet } from './mirrorInlet.js';
import { Production, replaceMirror } from './production.js';
import type { RealNetwork } from './realNetwork.js';
import type { Report } from './report.js';
import { Shadow } from './shadow.js';
import { CampaignControl } from './campaignControl.js';
import { mirrorState, type System } from './system.js';

const SYNC_PERIOD_MS = 250;
const OBSERVE_MS = 8000;
const DRAIN_MS = 300;
const DRAIN_DEADLINE_MS = 5000;
/** By then a shadow that can follow has followed. */
const FOLLOW_DEADLINE_MS = 10_000;

const nowMs = (): number => performance.now();

/** What a live system is built from. */
export interface LiveOptions extends ExperimentOptions {
  topology: Topology;
  /** Production, not yet started; closed with the system. */
  network: RealNetwork;
}

/** A running live system; `close` takes everything away. */
export class Live {
  readonly #inlet = new MirrorInlet((packet, wireLength) =>
    this.#collector.take(packet, wireLength, performance.now() * 1e6),
  );
  readonly #collector: MirrorCollector;
  #learner: ProfileLearner;
  #pump: RealTimePump | undefined;
  #following: Following | undefined;
  #channels: GrpcChannel[] = [];
  #written = 0;
  #production!: Production;
  #counters!: MirrorCounters;
  #shadow: Shadow | undefined;
  #campaigns: CampaignControl | undefined;

  constructor(private readonly options: LiveOptions) {
    const { topology } = options;
    this.#learner = new ProfileLearner({}, new OriginalEnds(topology));
    this.#collector = new MirrorCollector(topology, { rules: [mirrorAll()] }, (entered) => {
      const { device, port, frame, wireLength, timeNs } = entered;
      this.#learner.observe(frame, timeNs, wireLength);
      this.#shadow?.network.fabric.inject(device, port, tagFrame(frame), taggedLength(wireLength));
    });
  }

  /** Builds production under its controller, its mirror and its shadow, which then run on. */
  async start(): Promise<System> {
    const { network, progress } = this.options;
    await network.start(this.#inlet);
    this.#written = await this.#openProduction();
    progress.step(`production: ${network.description}; ${this.#written} entries written over gRPC`);
    const first = await this.#startShadow();
    const entities = first.reduce((sum, status) => sum + status.entities, 0);
    const equal = first.reduce((sum, status) => sum + status.equal, 0);
    progress.step(`shadow: cloned over gRPC; ${entities} entities, ${equal} equal`);
    return this.#system(undefined);
  }

  /** After `start`: runs the topology's traffic, observes, experiments, reports. */
  async run(): Promise<{ report: Report; system: System }> {
    const { topology, network, progress, seed } = this.options;
    this.#checkReachable();
    // What the check sent is no traffic to learn; its copies are still on their way.
    await this.#drained();
    this.#learner = new ProfileLearner({}, new OriginalEnds(topology));
    network.startTraffic(topology.traffic, seed);
    const syncLagMs = await this.#changeAndFollow();
    await sleep(OBSERVE_MS);
    const state = await this.#shadow!.sync.compare(false);
    const mirror = await this.#measureMirror();
    progress.step(
      `mirror: ${mirror.copied} of ${mirror.expected} real packets copied and replayed ` +
        `(${(mirror.completeness * 100).toFixed(2)} %); sync lag ${syncLagMs.toFixed(0)} ms, ` +
        `${state.equal} of ${state.entities} entities equal`,
    );
    const flows = this.#learner.flows(namesByAddress(topology.hosts));
    this.#shadow!.faults.traffic = flows;
    progress.step(`profile: ${flows.length} flows learned: ${flows.map((f) => f.name).join(', ')}`);
    const laboratory = await Shadow.build(topology, seed, await this.#production.views());
    await laboratory.sync.compare(true);
    // The campaign takes all of this process's time: copies would only wait for it.
    network.stopTraffic();
    const figures = await experiment(laboratory, flows, this.options);
    network.startTraffic(topology.traffic, seed);
    const report: Report = {
      seed,
      production: { switches: topology.switches.length, entries: this.#written + 1 },
      shadow: {
        entries: state.entities,
        equal: state.equal,
        syncLagMs,
        fidelity: state.fidelity,
      },
      mirror,
      ...figures,
    };
    return { report, system: this.#system(report) };
  }

  async close(): Promise<void> {
    this.#following?.stop();
    this.#pump?.stop();
    await this.#campaigns?.close();
    for (const device of this.#production?.devices.values() ?? []) device.close();
    for (const channel of this.#channels.splice(0)) channel.close();
    this.#inlet.close();
    await this.options.network.close();
  }

  async #openProduction(): Promise<number> {
    const { topology, network } = this.options;
    const { addresses } = network;
    const open = (device: string): GrpcChannel => {
      const channel = new GrpcChannel(addresses.get(device)!);
      this.#channels.push(channel);
      return channel;
    };
    this.#production = await Production.open(topology, open);
    const routes = await this.#production.installRoutes();
    const { rules } = this.#collector;
    this.#counters = new MirrorCounters([...this.#production.devices.values()]);
    await this.#counters.begin(rules.length);
    return routes + (await this.#production.installMirror(rules));
  }

  /** Clones production and follows it: what this controller writes is looked at at once. */
  async #startShadow(): Promise<FollowStatus[]> {
    const { topology, seed } = this.options;
    // Copies of real packets come whole.
    const options = { pool: wirePool };
    const shadow = await Shadow.build(topology, seed, await this.#production.views(), options);
    const followers = shadow.pairs.map((pair) => {
      return new DeviceFollower(pair.production, pair.shadow, nowMs);
    });
    const following = new Following(followers, nowMs, SYNC_PERIOD_MS);
    const first = await following.once();
    this.#shadow = shadow;
    this.#following = following;
    let nextHeartbeatNs = 0;
    shadow.faults.blast = DEFAULT_BLAST_LIMIT;
    const stepper = new FaultStepper(shadow.faults);
    this.#pump = new RealTimePump([shadow.network.fabric], (nowNs) => {
      stepper.poll(nowNs);
      if (nowNs < nextHeartbeatNs) return;
      nextHeartbeatNs = nowNs + HEARTBEAT_US * 1000;
      shadow.faults.heartbeat();
    });
    this.#pump.start();
    this.#production.onWritten((device) => following.lookNow(device));
    following.start((error) => this.options.progress.step(`sync: ${messageOf(error)}`));
    return first;
  }

  /** Fails early, and says between whom, when real packets do not get through. */
  #checkReachable(): void {
    const { topology, network } = this.options;
    const [from, ...others] = topology.hosts;
    for (const to of others) {
      const output = network.execute(from!.name, ['ping', '-c', '2', '-W', '2', to.ip]);
      if (/ 0% packet loss| 50% packet loss/.test(output)) continue;
      throw new UmbraError('UNAVAILABLE', `${from!.name} does not reach ${to.name}: ${output}`);
    }
  }

  async #changeAndFollow(): Promise<number> {
    const device = [...this.#production.devices.values()].at(-1)!;
    const rule = {
      table: 'acl.filter',
      match: { ether_type: '0x0800', ip_protocol: '6', l4_dst_port: '23' },
      priority: 10,
      action: 'deny',
    };
    const shadow = this.#shadow!.device(device.name);
    const count = async (): Promise<number> => (await shadow.rules(rule.table)).length;
    const before = await count();
    const changed = nowMs();
    await device.write([{ type: Update_Type.INSERT, entity: ruleEntity(device.schema, rule) }]);
    while ((await count()) === before) {
      if (nowMs() > changed + FOLLOW_DEADLINE_MS) {
        const what = `shadow: ${device.name} has not the entry that production was given`;
        throw new UmbraError('UNAVAILABLE', what);
      }
      await sleep(1);
    }
    return nowMs() - changed;
  }

  /** Stops copying, lets what is on its way arrive, and compares the counters of both ends. */
  async #measureMirror() {
    const { rules } = this.#collector;
    await this.#production.pauseMirror(rules);
    await this.#drained();
    const { total } = await measureCompleteness(this.#collector, this.#counters);
    await this.#production.installMirror(rules);
    return total;
  }

  /** Waits until no copy has come for a moment, or traffic plainly does not end. */
  async #drained(): Promise<void> {
    const copies = (): number => this.#collector.copies.reduce((sum, c) => sum + c.packets, 0);
    const end = performance.now() + DRAIN_DEADLINE_MS;
    for (let before = -1; before !== copies() && performance.now() < end; await sleep(DRAIN_MS)) {
      before = copies();
    }
  }

  #system(report: Report | undefined): System {
    const shadow = this.#shadow!;
    const { progress, topology } = this.options;
    this.#campaigns ??= new CampaignControl({
      store: Store.open(),
      replica: () => shadow,
      traffic: () => topology.traffic,
      progress,
    });
    const devices = new Map<string, DeviceReader>([
      ...[...this.#production.devices].map(([n, d]) => [`production.${n}`, d] as const),
      ...[...shadow.devices].map(([n, d]) => [`shadow.${n}`, d] as const),
    ]);
    return {
      topology: this.options.topology,
      devices,
      probes: new Map(),
      faults: shadow.faults,
      forecasts: report?.forecasts ?? [],
      recommendations: report?.recommendations ?? [],
      report,
      campaigns: this.#campaigns!,
      shadow: async () => {
        const sync = await shadow.sync.compare(false);
        return {
          entries: sync.entities,
          equal: sync.equal,
          fidelity: sync.fidelity,
          ageMs: this.#following!.ageMs,
          differences: sync.devices.flatMap(({ device, differences }) =>
            differences.map(({ kind, key }) => ({ device, kind, key })),
          ),
        };
      },
      mirror: async () => {
        const found = await measureCompleteness(this.#collector, this.#counters);
        return mirrorState(this.#collector, found);
      },
      setMirrorRules: (json) => {
        const rules = readMirrorRules(json, this.options.topology);
        const drained = (): Promise<void> => this.#drained();
        return replaceMirror(this.#production, this.#collector, this.#counters, rules, drained);
      },
      close: () => void this.close(),
    };
  }
}
