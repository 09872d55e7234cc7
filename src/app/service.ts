/**
 * `umbra up`: production as a guest sees it, whatever it runs, and its shadow under the wall clock:
 * followed, fed with what the mirror brings, open to faults. Production is never written to.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../base/log.js';
import { UmbraError, messageOf } from '../base/errors.js';
import { ProductionView, type DeviceReader } from '../device/index.js';
import { RealTimePump } from '../fabric/index.js';
import { DEFAULT_BLAST_LIMIT, HEARTBEAT_US, type Fault, type StopState } from '../fault/index.js';
import { tagFrame, taggedLength } from '../mirror/index.js';
import type { GrpcChannel } from '../p4runtime/index.js';
import { wirePool } from '../packet/index.js';
import { Store } from '../store/index.js';
import {
  DeviceFollower,
  Following,
  inconclusiveReason,
  type Fidelity,
  type FollowStatus,
} from '../sync/index.js';
import { readTopology, type Topology } from '../topology/index.js';
import { CampaignControl } from './campaignControl.js';
import type { DeviceConfig, UpConfig } from './config.js';
import { deviceChannel } from './deviceChannel.js';
import { discoverOnce } from './discoverOnce.js';
import { FaultStepper } from './faultStepper.js';
import { GuestMirror } from './guestMirror.js';
import { SwitchProbe } from './probe.js';
import type { ReplicaImage } from './replica.js';
import { Shadow } from './shadow.js';
import type { ShadowState, System } from './system.js';

/** Between two tries to reach a switch that does not answer, ms. */
const RETRY_MS = 1000;

const NO_MIRROR = { rules: [], completeness: 1, strangers: {} };

const nowMs = (): number => performance.now();

/** A running service. */
export class Service {
  readonly topology: Topology;
  readonly #store: Store;
  readonly #campaigns: CampaignControl;
  readonly #channels = new Map<string, GrpcChannel>();
  #views = new Map<string, ProductionView>();
  #shadow!: Shadow;
  #following!: Following;
  #mirror: GuestMirror | undefined;
  #pump: RealTimePump | undefined;
  #isClosed = false;
  #isRebuilding = false;

  private constructor(
    private readonly config: UpConfig,
    private readonly progress: Progress,
  ) {
    this.topology = readTopology(readText(config.topology), config.topology);
    this.#store = Store.open(config.state);
    this.#campaigns = new CampaignControl({
      store: this.#store,
      replica: () => this.#shadow,
      traffic: () => {
        // What the mirror shows is what production does; a file can only say what was planned.
        const learned = this.#mirror?.flows ?? [];
        return learned.length > 0 ? learned : this.topology.traffic;
      },
      distrust: () => inconclusiveReason(this.fidelity(), config.fidelity?.minimum),
      progress,
    });
    const missing = this.topology.switches.filter(({ name }) => !(name in config.devices));
    if (missing.length > 0) {
      const names = missing.map(({ name }) => name).join(', ');
      throw new UmbraError('INVALID_FILE', `devices: no address of switch ${names}`);
    }
    for (const name of Object.keys(config.devices)) {
      if (this.topology.switches.some((device) => device.name === name)) continue;
      throw new UmbraError('INVALID_FILE', `devices.${name}: no such switch in ${config.topology}`);
    }
  }

  /** Reaches every switch, clones all and follows them. Throws before anything has started. */
  static async start(config: UpConfig, progress: Progress): Promise<Service> {
    if (config.discover && !existsSync(config.topology)) await discoverOnce(config, progress);
    const service = new Service(config, progress);
    try {
      await service.#build();
      await service.#collect();
    } catch (error) {
      await service.close();
      throw error;
    }
    return service;
  }

  /** What the API and the commands see. */
  get system(): System {
    const shadow = this.#shadow;
    const devices = new Map<string, DeviceReader>();
    const probes = new Map<string, SwitchProbe>();
    for (const [name, view] of this.#views) devices.set(`production.${name}`, view);
    for (const [name, device] of shadow.devices) devices.set(`shadow.${name}`, device);
    for (const [name, device] of shadow.network.switches) {
      probes.set(`shadow.${name}`, new SwitchProbe(device));
    }
    return {
      topology: this.topology,
      devices,
      probes,
      faults: shadow.faults,
      forecasts: [],
      recommendations: [],
      report: undefined,
      campaigns: this.#campaigns,
      shadow: () => Promise.resolve(this.#shadowState()),
      mirror: async () => (await this.#mirror?.state()) ?? NO_MIRROR,
      setMirrorRules: () => Promise.reject(asGuest()),
      close: () => void this.close(),
    };
  }

  /** How far the shadow can be trusted now; see `inconclusiveReason`. */
  fidelity(): Fidelity {
    return this.#following.fidelity(this.#mirror?.completeness, this.#mirror?.baseline?.closeness);
  }

  /** Ends everything; production stays as it is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopShadow();
    this.#mirror?.close();
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    await this.#campaigns.close();
    this.#store.close();
  }

  async #build(): Promise<void> {
    this.#views = await this.#openViews();
    const { topology, config } = this;
    const options = {
      pool: wirePool,
      record: (fault: Fault): void => this.#store.put('faults', fault),
      recordStop: (state: StopState): void => this.#store.put('stop', { id: 'stop', ...state }),
    };
    const began = nowMs();
    const views = [...this.#views.values()];
    this.#shadow = await Shadow.build(topology, config.seed ?? 1, views, options);
    const followers = this.#shadow.pairs.map(
      ({ production, shadow }) => new DeviceFollower(production, shadow, nowMs),
    );
    this.#following = new Following(followers, nowMs, config.sync?.periodMs);
    const first = await this.#following.once();
    const entities = first.reduce((sum, status) => sum + status.entities, 0);
    const equal = first.reduce((sum, status) => sum + status.equal, 0);
    this.progress.step(
      `shadow: ${first.length} switches cloned in ${((nowMs() - began) / 1000).toFixed(2)} s; ` +
        `${equal} of ${entities} entities equal`,
    );
    await this.#recoverFaults();
    this.#run();
  }

  /** Waits for switches that do not answer yet: a service starts before what it serves. */
  async #openViews(): Promise<Map<string, ProductionView>> {
    const views = new Map<string, ProductionView>();
    for (const { name, deviceId } of this.topology.switches) {
      const device = this.config.devices[name]!;
      let last = '';
      while (!views.has(name) && !this.#isClosed) {
        try {
          const id = BigInt(device.deviceId ?? deviceId);
          views.set(name, await ProductionView.open(name, this.#channel(name, device), id));
        } catch (error) {
          if (!(error instanceof UmbraError) || error.code === 'INVALID_PROGRAM') throw error;
          const text = messageOf(error);
          if (text !== last) this.progress.step(`waiting for ${name}: ${text}`);
          last = text;
          await sleep(RETRY_MS);
        }
      }
    }
    return views;
  }

  #channel(name: string, config: DeviceConfig): GrpcChannel {
    const known = this.#channels.get(name);
    if (known) return known;
    const channel = deviceChannel(config);
    this.#channels.set(name, channel);
    return channel;
  }

  async #recoverFaults(): Promise<void> {
    const stop = this.#store.get<StopState & { id: string }>('stop', 'stop');
    const faults = this.#store.all<Fault>('faults');
    const interrupted = await this.#shadow.faults.recover(faults, stop);
    if (interrupted.length === 0) return;
    const ids = interrupted.map(({ id }) => id).join(', ');
    this.progress.step(`faults that were under way are gone, marked interrupted: ${ids}`);
  }

  #run(): void {
    const { faults, network } = this.#shadow;
    faults.blast = DEFAULT_BLAST_LIMIT;
    const stepper = new FaultStepper(faults);
    let nextHeartbeatNs = 0;
    this.#pump = new RealTimePump([network.fabric], (nowNs) => {
      stepper.poll(nowNs);
      this.#rebuildIfChanged();
      if (nowNs < nextHeartbeatNs) return;
      nextHeartbeatNs = nowNs + HEARTBEAT_US * 1000;
      faults.heartbeat();
    });
    this.#pump.start();
    const told = new Map<string, string>();
    this.#following.start((error) => {
      const text = messageOf(error);
      if (told.get('error') !== text) this.progress.step(`sync: ${text}`);
      told.set('error', text);
    });
  }

  /** A switch with another program needs another replica: all are built anew. */
  #rebuildIfChanged(): void {
    if (this.#isRebuilding || this.#isClosed) return;
    const changed = this.#following.status().filter(({ state }) => state === 'other program');
    if (changed.length === 0) return;
    this.#isRebuilding = true;
    const names = changed.map(({ device }) => device).join(', ');
    this.progress.step(`another program on ${names}: the shadow is built anew`);
    this.#stopShadow();
    const rebuilt = async (): Promise<void> => {
      await this.#build();
      await this.#mirror?.follow([...this.#views.values()]);
    };
    rebuilt().then(
      () => void (this.#isRebuilding = false),
      (error: unknown) => {
        this.progress.step(`shadow: ${messageOf(error)}; tried again soon`);
        setTimeout(() => {
          this.#isRebuilding = false;
          this.#rebuildIfChanged();
        }, RETRY_MS);
      },
    );
  }

  #stopShadow(): void {
    this.#following?.stop();
    this.#pump?.stop();
    this.#pump = undefined;
  }

  async #collect(): Promise<void> {
    const { mirror } = this.config;
    if (!mirror) return;
    this.#mirror = new GuestMirror(this.topology, mirror, (entered) => {
      const { device, port, frame, wireLength } = entered;
      const { fabric } = this.#shadow.network;
      fabric.inject(device, port, tagFrame(frame), taggedLength(wireLength));
    });
    await this.#mirror.open([...this.#views.values()], this.progress);
    const { baselinePeriodMs } = this.config.fidelity ?? {};
    const image = (): Promise<ReplicaImage> => this.#shadow.image();
    this.#mirror.compareBaselines(image, this.progress, baselinePeriodMs);
  }

  #shadowState(): ShadowState {
    const all = this.#following.status();
    const sum = (pick: (status: FollowStatus) => number): number =>
      all.reduce((total, status) => total + pick(status), 0);
    const parts = this.fidelity();
    const inconclusive = inconclusiveReason(parts, this.config.fidelity?.minimum);
    return {
      entries: sum(({ entities }) => entities),
      equal: sum(({ equal }) => equal),
      fidelity: parts.score,
      parts,
      ...(inconclusive === undefined ? {} : { inconclusive }),
      ...(this.#mirror?.baseline && { baseline: this.#mirror.baseline }),
      ageMs: this.#following.ageMs,
      differences: all.flatMap(({ drift }) =>
        drift.flatMap(({ device, part, ...kinds }) =>
          Object.entries(kinds)
            .filter(([, count]) => count > 0)
            .map(([kind, count]) => ({ device, kind, key: `${part}: ${count}` })),
        ),
      ),
      devices: all.map(({ device, state, reason, entities, equal, held }) => {
        const why = reason === undefined ? {} : { reason };
        return { device, state, entities, equal, held, ...why };
      }),
    };
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UmbraError('INVALID_FILE', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

function asGuest(): UmbraError {
  const what = "a guest writes nothing to production; describe its rules as 'mirror.rules'";
  return new UmbraError('REFUSED', what);
}
