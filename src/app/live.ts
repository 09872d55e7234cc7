/**
 * The loop with real hosts: kernel TCP/IP in namespaces, switch daemons on veth interfaces under
 * gRPC, the mirror over UDP, and a shadow under the wall clock. Campaigns run on a second replica
 * in virtual time, under the traffic that the mirror taught.
 */
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { UmbraError } from '../base/errors.js';
import type { DeviceReader } from '../device/index.js';
import { RealTimePump } from '../fabric/index.js';
import { DEFAULT_BLAST_LIMIT, HEARTBEAT_US } from '../fault/index.js';
import {
  describeRule,
  measureCompleteness,
  mirrorAll,
  MirrorCollector,
  namesByAddress,
  ProfileLearner,
  tagFrame,
  taggedLength,
  type MirrorRule,
} from '../mirror/index.js';
import { GrpcChannel, ruleEntity } from '../p4runtime/index.js';
import { wirePool } from '../packet/index.js';
import { Update_Type } from '../proto/index.js';
import type { SyncReport } from '../sync/index.js';
import type { Topology } from '../topology/index.js';
import { experiment, type ExperimentOptions } from './experiment.js';
import { FaultStepper } from './faultStepper.js';
import { LiveNetwork } from './liveHosts.js';
import { Production } from './production.js';
import type { Report } from './report.js';
import { Shadow } from './shadow.js';
import type { System } from './system.js';

const SYNC_PERIOD_MS = 250;
const OBSERVE_MS = 8000;
const DRAIN_MS = 300;
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;

/** What a live system is built from. */
export interface LiveOptions extends ExperimentOptions {
  topology: Topology;
}

/** A running live system; `close` takes everything away. */
export class Live {
  readonly #rules: readonly MirrorRule[] = [mirrorAll()];
  #learner = new ProfileLearner();
  #network: LiveNetwork | undefined;
  #socket: Socket | undefined;
  #pump: RealTimePump | undefined;
  #timer: NodeJS.Timeout | undefined;
  #channels: GrpcChannel[] = [];
  #production!: Production;
  #shadow!: Shadow;
  #collector!: MirrorCollector;
  #lastSync: SyncReport | undefined;
  #lastSyncMs = 0;

  constructor(private readonly options: LiveOptions) {}

  /** Builds production, its mirror and its shadow, observes, experiments, reports. */
  async run(): Promise<{ report: Report; system: System }> {
    const { topology, progress, seed } = this.options;
    const collectorPort = await this.#openCollector();
    this.#network = new LiveNetwork(topology, collectorPort);
    await this.#network.start();
    const written = await this.#openProduction();
    progress.step(
      `production: ${topology.switches.length} switch daemons, ${topology.hosts.length} hosts in ` +
        `namespaces; ${written} entries written over gRPC`,
    );
    const first = await this.#startShadow();
    progress.step(`shadow: cloned over gRPC; ${first.entities} entities, ${first.equal} equal`);
    this.#checkReachable();
    // What the check sent is no traffic to learn.
    this.#learner = new ProfileLearner();
    this.#network.startTraffic(topology.traffic);
    const syncLagMs = await this.#changeAndFollow();
    await sleep(OBSERVE_MS);
    const state = await this.#shadow.sync.compare(false);
    const mirror = await this.#measureMirror();
    progress.step(
      `mirror: ${mirror.copied} of ${mirror.expected} real packets copied and replayed ` +
        `(${(mirror.completeness * 100).toFixed(2)} %); sync lag ${syncLagMs.toFixed(0)} ms, ` +
        `${state.equal} of ${state.entities} entities equal`,
    );
    const flows = this.#learner.flows(namesByAddress(topology.hosts));
    progress.step(`profile: ${flows.length} flows learned: ${flows.map((f) => f.name).join(', ')}`);
    const laboratory = await Shadow.build(topology, seed, await this.#production.views());
    await laboratory.sync.compare(true);
    const figures = await experiment(laboratory, flows, this.options);
    const report: Report = {
      seed,
      production: { switches: topology.switches.length, entries: written + 1 },
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

  close(): void {
    clearInterval(this.#timer);
    this.#pump?.stop();
    for (const device of this.#production?.devices.values() ?? []) device.close();
    for (const channel of this.#channels.splice(0)) channel.close();
    this.#network?.close();
    this.#socket?.close();
    this.#socket = undefined;
  }

  /** The UDP socket to which all mirror ports send. */
  async #openCollector(): Promise<number> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    this.#socket = socket;
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    this.#collector = new MirrorCollector(this.options.topology, this.#rules.length, (entered) => {
      const { device, port, frame, wireLength, timeNs } = entered;
      this.#learner.observe(frame, timeNs, wireLength);
      this.#shadow?.network.fabric.inject(device, port, tagFrame(frame), taggedLength(wireLength));
    });
    socket.on('message', (packet) =>
      this.#collector.take(packet, packet.length, performance.now() * 1e6),
    );
    return socket.address().port;
  }

  async #openProduction(): Promise<number> {
    const { topology } = this.options;
    const { addresses } = this.#network!;
    const open = (device: string): GrpcChannel => {
      const channel = new GrpcChannel(addresses.get(device)!);
      this.#channels.push(channel);
      return channel;
    };
    this.#production = await Production.open(topology, open);
    const routes = await this.#production.installRoutes();
    return routes + (await this.#production.installMirror(this.#rules));
  }

  async #startShadow(): Promise<SyncReport> {
    const { topology, seed } = this.options;
    // Copies of real packets come whole.
    const options = { pool: wirePool };
    this.#shadow = await Shadow.build(topology, seed, await this.#production.views(), options);
    await this.#shadow.sync.compare(true);
    let nextHeartbeatNs = 0;
    this.#shadow.faults.blast = DEFAULT_BLAST_LIMIT;
    const stepper = new FaultStepper(this.#shadow.faults);
    this.#pump = new RealTimePump([this.#shadow.network.fabric], (nowNs) => {
      stepper.poll(nowNs);
      if (nowNs < nextHeartbeatNs) return;
      nextHeartbeatNs = nowNs + HEARTBEAT_US * 1000;
      this.#shadow.faults.heartbeat();
    });
    this.#pump.start();
    let isBusy = false;
    this.#timer = setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      const done = (): void => void (isBusy = false);
      this.#syncOnce().then(done, done);
    }, SYNC_PERIOD_MS);
    return this.#syncOnce();
  }

  /** One comparison; a production switch that does not answer leaves the shadow as it was. */
  async #syncOnce(): Promise<SyncReport> {
    try {
      this.#lastSync = await this.#shadow.sync.compare(true);
      this.#lastSyncMs = performance.now();
    } catch (error) {
      if (!(error instanceof UmbraError) || !this.#lastSync) throw error;
    }
    return this.#lastSync;
  }

  /** Fails early, and says between whom, when real packets do not get through. */
  #checkReachable(): void {
    const [from, ...others] = this.options.topology.hosts;
    for (const to of others) {
      const output = this.#network!.execute(from!.name, ['ping', '-c', '2', '-W', '2', to.ip]);
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
    const changed = performance.now();
    await device.write([{ type: Update_Type.INSERT, entity: ruleEntity(device.schema, rule) }]);
    let report = await this.#shadow.sync.compare(false);
    while (report.equal < report.entities) {
      await sleep(10);
      report = await this.#shadow.sync.compare(false);
    }
    return performance.now() - changed;
  }

  /** Stops copying, lets what is on its way arrive, and compares the counters of both ends. */
  async #measureMirror() {
    await this.#production.installMirror([]);
    await sleep(DRAIN_MS);
    const devices = [...this.#production.devices.values()];
    const { total } = await measureCompleteness(devices, this.#collector);
    await this.#production.installMirror(this.#rules);
    return total;
  }

  #system(report: Report): System {
    const devices = new Map<string, DeviceReader>([
      ...[...this.#production.devices].map(([n, d]) => [`production.${n}`, d] as const),
      ...[...this.#shadow.devices].map(([n, d]) => [`shadow.${n}`, d] as const),
    ]);
    return {
      topology: this.options.topology,
      devices,
      probes: new Map(),
      faults: this.#shadow.faults,
      forecasts: report.forecasts,
      recommendations: report.recommendations,
      report,
      shadow: async () => {
        const sync = await this.#syncOnce();
        return {
          entries: sync.entities,
          equal: sync.equal,
          fidelity: sync.fidelity,
          ageMs: performance.now() - this.#lastSyncMs,
          differences: sync.devices.flatMap(({ device, differences }) =>
            differences.map(({ kind, key }) => ({ device, kind, key })),
          ),
        };
      },
      mirror: async () => {
        const all = [...this.#production.devices.values()];
        const { rules } = await measureCompleteness(all, this.#collector);
        return {
          rules: this.#rules.map((rule, i) => ({
            name: rule.name,
            description: describeRule(rule),
            ...rules[i]!,
          })),
        };
      },
      close: () => this.close(),
    };
  }
}
