/** A running system as the API shows it, whatever clock or targets it has. */
import type { Progress } from '../base/log.js';
import type { DeviceReader } from '../device/index.js';
import { DEFAULT_BLAST_LIMIT, HEARTBEAT_US, type FaultEngine } from '../fault/index.js';
import type { Recommendation } from '../advice/index.js';
import { RealTimePump } from '../fabric/index.js';
import {
  readMirrorRules,
  type Baseline,
  type MirrorCollector,
  type MirrorCompleteness,
  type RuleCompleteness,
} from '../mirror/index.js';
import type { Fidelity } from '../sync/index.js';
import type { Topology } from '../topology/index.js';
import type { Loop } from './loop.js';
import { Store } from '../store/index.js';
import { CampaignControl } from './campaignControl.js';
import { FaultStepper } from './faultStepper.js';
import { SwitchProbe } from './probe.js';
import type { ForecastLine, Report } from './report.js';

/** How the replica stands. */
export interface ShadowState {
  entries: number;
  equal: number;
  fidelity: number;
  /** What the score is the product of, where that is known. */
  parts?: Fidelity;
  /** Why campaigns on this shadow are inconclusive, if they are. */
  inconclusive?: string;
  /** The last comparison of latency and loss with production's. */
  baseline?: Baseline;
  /** Time since production was last read, ms. */
  ageMs: number;
  differences: { device: string; kind: string; key: string }[];
  /** How each switch is followed, where that is known. */
  devices?: {
    device: string;
    state: string;
    entities: number;
    equal: number;
    /** Changes held back by a fault. */
    held: number;
    reason?: string;
  }[];
}

/** What is mirrored, and how completely. */
export interface MirrorState {
  rules: RuleCompleteness[];
  /** Of all rules, of late where that is known. */
  completeness: number;
  /** Packets that were no copies of known switches, by reason. */
  strangers: Record<string, number>;
}

/** The mirror's state, from its collector and what was measured. */
export function mirrorState(
  { strangers }: MirrorCollector,
  { rules, total }: MirrorCompleteness,
  recent = total.completeness,
): MirrorState {
  return { rules, completeness: recent, strangers: Object.fromEntries(strangers) };
}

/** Everything the API and the CLI can ask. */
export interface System {
  readonly topology: Topology;
  /** By id: `production.leaf1`, `shadow.leaf1`. */
  readonly devices: ReadonlyMap<string, DeviceReader>;
  /** By the same ids: switches that run in this process. */
  readonly probes: ReadonlyMap<string, SwitchProbe>;
  readonly faults: FaultEngine;
  readonly forecasts: readonly ForecastLine[];
  readonly recommendations: readonly Recommendation[];
  readonly report: Report | undefined;
  readonly campaigns: CampaignControl;
  shadow(): Promise<ShadowState>;
  mirror(): Promise<MirrorState>;
  /** Replaces the mirror's rules. Throws INVALID_INPUT; REFUSED where we are a guest. */
  setMirrorRules(rules: unknown): Promise<void>;
  close(): void;
}

/** Ids of a loop's devices. */
export function devicesOf(loop: Loop): Map<string, DeviceReader> {
  const devices = new Map<string, DeviceReader>();
  for (const [name, device] of loop.production.devices) devices.set(`production.${name}`, device);
  for (const [name, device] of loop.shadow.devices) devices.set(`shadow.${name}`, device);
  return devices;
}

function probesOf(loop: Loop): Map<string, SwitchProbe> {
  const probes = new Map<string, SwitchProbe>();
  const networks = { production: loop.network, shadow: loop.shadow.network };
  for (const [network, { switches }] of Object.entries(networks)) {
    for (const [name, device] of switches) {
      probes.set(`${network}.${name}`, new SwitchProbe(device));
    }
  }
  return probes;
}

const SYNC_PERIOD_MS = 1000;

/** Lets a finished loop go on under the wall clock, so that what the API does has an effect. */
export function runLive(loop: Loop, report: Report, progress: Progress): System {
  const fabrics = [loop.network.fabric, loop.shadow.network.fabric];
  let nextHeartbeatNs = 0;
  const stepper = new FaultStepper(loop.shadow.faults);
  const pump = new RealTimePump(fabrics, (nowNs) => {
    stepper.poll(nowNs);
    if (nowNs < nextHeartbeatNs) return;
    nextHeartbeatNs = nowNs + HEARTBEAT_US * 1000;
    loop.shadow.faults.heartbeat();
  });
  loop.shadow.faults.blast = DEFAULT_BLAST_LIMIT;
  pump.start();
  const timer = setInterval(() => void loop.syncOnce(), SYNC_PERIOD_MS);
  const campaigns = new CampaignControl({
    store: Store.open(),
    replica: () => loop.shadow,
    traffic: () => loop.topology.traffic,
    progress,
  });
  return {
    topology: loop.topology,
    devices: devicesOf(loop),
    probes: probesOf(loop),
    faults: loop.shadow.faults,
    forecasts: report.forecasts,
    recommendations: report.recommendations,
    report,
    campaigns,
    async shadow() {
      const sync = loop.lastSync ?? (await loop.syncOnce());
      return {
        entries: sync.entities,
        equal: sync.equal,
        fidelity: sync.fidelity,
        ageMs: (loop.nowNs - loop.lastSyncNs) / 1e6,
        differences: sync.devices.flatMap((device) =>
          device.differences.map(({ kind, key }) => ({ device: device.device, kind, key })),
        ),
      };
    },
    async mirror() {
      return mirrorState(loop.collector, await loop.completeness());
    },
    setMirrorRules: (rules) => loop.setMirrorRules(readMirrorRules(rules, loop.topology)),
    close() {
      pump.stop();
      clearInterval(timer);
      void campaigns.close();
    },
  };
}
