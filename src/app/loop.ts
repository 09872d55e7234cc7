/**
 * The whole loop on the embedded switch: production, mirror, shadow, failures, model, forecasts,
 * recommendations. Both networks share one virtual clock, so that a seed gives one result.
 */
import type { Progress } from '../base/log.js';
import { rehearseReroute, type Recommendation } from '../advice/index.js';
import {
  randomFailures,
  runCampaign,
  sweep,
  sweepFailures,
  type CampaignResult,
} from '../campaign/index.js';
import { runTogether } from '../fabric/index.js';
import {
  forecastWorst,
  learnEffects,
  untriedFailures,
  type Forecast,
  type MetricModels,
} from '../forecast/index.js';
import {
  measureCompleteness,
  mirrorAll,
  MIRROR_PORT,
  MirrorCollector,
  namesByAddress,
  ProfileLearner,
  tagFrame,
  taggedLength,
  type Completeness,
  type MirrorRule,
} from '../mirror/index.js';
import { ruleEntity } from '../p4runtime/index.js';
import { Update_Type } from '../proto/index.js';
import type { Fault } from '../fault/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import type { SyncReport } from '../sync/index.js';
import { Production } from './production.js';
import { effectLines, forecastLine, modelLine, type Report } from './report.js';
import { Shadow } from './shadow.js';
import { ShadowTestbed } from './testbed.js';

const MS = 1e6;
const SECOND = 1e9;
/** How often the shadow is compared with production. */
export const SYNC_PERIOD_NS = 100 * MS;
const SETTLE_NS = 500 * MS;
const MIRROR_NS = 5 * SECOND;
const WARM_UP_NS = 1 * SECOND;
const RUN_NS = 1.5 * SECOND;
const PHASE_NS = 2 * SECOND;
const RANDOM_SCENARIOS = 60;
const WORST = 10;
const RECOMMENDATIONS = 3;

export interface LoopOptions {
  topology: Topology;
  seed: number;
  progress: Progress;
  /** Wall-clock seconds; figures only, nothing depends on it. */
  wallSeconds: () => number;
  /** Keeps a fault's record. */
  record?: (fault: Fault) => void;
}

/** The two networks and what joins them, after `runLoop` or while it runs. */
export class Loop {
  readonly mirrorRules: readonly MirrorRule[] = [mirrorAll()];
  readonly learner = new ProfileLearner();
  readonly collector: MirrorCollector;
  /** Copies that found no room in the shadow. */
  refusedCopies = 0;
  lastSync: SyncReport | undefined;
  lastSyncNs = 0;
  forecasts: Forecast[] = [];
  recommendations: Recommendation[] = [];
  models: MetricModels = new Map();
  campaign: CampaignResult | undefined;

  private constructor(
    readonly topology: Topology,
    readonly production: Production,
    readonly shadow: Shadow,
  ) {
    this.collector = new MirrorCollector(topology, this.mirrorRules.length, (entered) => {
      this.learner.observe(entered.frame, entered.timeNs);
      const { device, port, frame, wireLength } = entered;
      const { fabric } = shadow.network;
      if (!fabric.inject(device, port, tagFrame(frame), taggedLength(wireLength))) {
        this.refusedCopies++;
      }
    });
  }

  /** Builds production with its routes and its mirror, lets it run, and builds its shadow. */
  static async build(options: LoopOptions): Promise<{ loop: Loop; written: number }> {
    const { topology, seed, progress } = options;
    const production = await Production.build(topology, seed);
    const routes = await production.installRoutes();
    const mirror = await production.installMirror([mirrorAll()]);
    progress.step(
      `production: ${topology.switches.length} switches, ${topology.hosts.length} hosts, ` +
        `${topology.links.length} links; ${routes + mirror} entries written over P4Runtime`,
    );
    const { fabric } = production.network;
    fabric.start(topology.traffic, seed);
    fabric.runUntil(SETTLE_NS);
    const views = await production.views();
    const shadow = await Shadow.build(topology, seed, views, options.record);
    shadow.network.fabric.runUntil(SETTLE_NS);
    return { loop: new Loop(topology, production, shadow), written: routes + mirror };
  }

  get nowNs(): number {
    return this.production.network.fabric.nowNs;
  }

  /** Runs both networks together, comparing them every SYNC_PERIOD_NS. */
  async runTogether(untilNs: number): Promise<void> {
    const fabrics = [this.production.network.fabric, this.shadow.network.fabric];
    while (this.nowNs < untilNs) {
      const next = Math.floor(this.nowNs / SYNC_PERIOD_NS + 1) * SYNC_PERIOD_NS;
      runTogether(fabrics, Math.min(next, untilNs));
      if (this.nowNs === next) await this.syncOnce();
    }
  }

  /** One comparison with repair. */
  async syncOnce(): Promise<SyncReport> {
    this.lastSync = await this.shadow.sync.compare(true);
    this.lastSyncNs = this.nowNs;
    return this.lastSync;
  }

  /** Copies from production's mirror ports enter the shadow from now on. */
  connectMirror(): void {
    const { fabric } = this.production.network;
    for (const { name } of this.topology.switches) {
      fabric.tap(name, MIRROR_PORT, (frame, wireLength, nowNs) =>
        this.collector.take(frame, wireLength, nowNs),
      );
    }
  }

  /** How complete the mirror was, by production's counters. */
  completeness(): Promise<{ total: Completeness; rules: Completeness[] }> {
    return measureCompleteness([...this.production.devices.values()], this.collector);
  }
}

/** Runs the loop from beginning to end. */
export async function runLoop(options: LoopOptions): Promise<{ loop: Loop; report: Report }> {
  const { topology, seed, progress } = options;
  const { loop, written } = await Loop.build(options);
  const first = await loop.syncOnce();
  progress.step(
    `shadow: cloned by reading; ${first.equal} of ${first.entities} entities were equal before, ` +
      `${(await loop.shadow.sync.compare(false)).equal} after`,
  );
  // Copies made before the collector listened are not its loss.
  await loop.production.installMirror([]);
  loop.connectMirror();
  await loop.production.installMirror(loop.mirrorRules);
  const before = (await loop.completeness()).total.expected;
  const syncLagMs = await changeAndFollow(loop);
  await loop.runTogether(loop.nowNs + MIRROR_NS);
  const state = await loop.shadow.sync.compare(false);
  const seen = (await loop.completeness()).total;
  const expected = seen.expected - before;
  const mirror = {
    expected,
    copied: seen.copied,
    completeness: expected === 0 ? 1 : seen.copied / expected,
  };
  progress.step(
    `mirror: ${mirror.copied} of ${expected} packets copied and replayed ` +
      `(${(mirror.completeness * 100).toFixed(2)} %); sync lag ${syncLagMs} ms, ` +
      `${state.equal} of ${state.entities} entities equal`,
  );
  const flows = loop.learner.flows(namesByAddress(topology.hosts));
  progress.step(`profile: ${flows.length} flows learned from the mirror`);
  const campaign = await experiment(loop, flows, options);
  return {
    loop,
    report: {
      seed,
      production: { switches: topology.switches.length, entries: written + 1 },
      shadow: {
        entries: state.entities,
        equal: state.equal,
        syncLagMs,
        fidelity: state.fidelity,
      },
      mirror,
      ...campaign,
    },
  };
}

/** The controller changes production; returns how long the shadow took to follow, ms. */
async function changeAndFollow(loop: Loop): Promise<number> {
  await loop.runTogether(loop.nowNs + SYNC_PERIOD_NS * 0.4);
  const device = [...loop.production.devices.values()].at(-1)!;
  const rule = {
    table: 'acl.filter',
    match: { ether_type: '0x0800', ip_protocol: '6', l4_dst_port: '23' },
    priority: 10,
    action: 'deny',
  };
  const changedNs = loop.nowNs;
  await device.write([{ type: Update_Type.INSERT, entity: ruleEntity(device.schema, rule) }]);
  let report: SyncReport | undefined;
  while ((report = await loop.shadow.sync.compare(false)).equal < report.entities) {
    await loop.runTogether(loop.nowNs + SYNC_PERIOD_NS / 10);
  }
  return (loop.nowNs - changedNs) / MS;
}

type Experiment = Pick<Report, 'campaign' | 'effects' | 'model' | 'forecasts' | 'recommendations'>;

/** Campaign, models, forecasts and recommendations; the live shadow is put back afterwards. */
async function experiment(
  loop: Loop,
  flows: readonly TrafficFlow[],
  options: LoopOptions,
): Promise<Experiment> {
  const { topology, seed, progress, wallSeconds } = options;
  const { fabric } = loop.shadow.network;
  const live = fabric.save();
  const testbed = new ShadowTestbed(loop.shadow);
  await testbed.warmUp(flows, seed, WARM_UP_NS);
  const tried = [...sweepFailures(topology), ...randomFailures(topology, seed, RANDOM_SCENARIOS)];
  const scenarios = sweep(tried, { seed, durationNs: RUN_NS, repeats: 1 });
  const began = wallSeconds();
  const campaign = await runCampaign(testbed, scenarios, progress);
  const took = wallSeconds() - began;
  progress.step(
    `campaign: ${scenarios.length} scenarios, ${campaign.virtualSeconds.toFixed(1)} virtual s in ` +
      `${took.toFixed(1)} s, ${(campaign.packetHops / took / 1e6).toFixed(2)} M packet-hops/s`,
  );
  const models = await learnEffects(topology, flows, campaign);
  for (const model of models.values()) {
    progress.step(
      `model: ${model.target}: error ${model.mae.toPrecision(3)} ` +
        `(mean: ${model.baselineMae.toPrecision(3)}), ` +
        `${(model.coverage * 100).toFixed(1)} % inside the ${model.level * 100} % interval`,
    );
  }
  const baseline = campaign.results[0]!.baseline;
  const failures = [...sweepFailures(topology), ...untriedFailures(topology)];
  const ranked = forecastWorst(topology, flows, models, baseline, failures, failures.length);
  const forecasts = ranked.slice(0, WORST);
  const recommendations = await rehearse(testbed, ranked, seed, progress);
  fabric.load(live);
  loop.shadow.faults.forget();
  Object.assign(loop, { campaign, models, forecasts, recommendations });
  return {
    campaign: {
      scenarios: scenarios.length,
      virtualSeconds: campaign.virtualSeconds,
      wallSeconds: took,
      packetHops: campaign.packetHops,
    },
    effects: effectLines(campaign),
    model: [...models.values()].map(modelLine),
    forecasts: forecasts.map(forecastLine),
    recommendations,
  };
}

/** Rehearses a reroute for the worst forecasts that have a way around. */
async function rehearse(
  testbed: ShadowTestbed,
  ranked: readonly Forecast[],
  seed: number,
  progress: Progress,
): Promise<Recommendation[]> {
  const found: Recommendation[] = [];
  const tried = new Set<string>();
  for (const { failure } of ranked) {
    if (found.length === RECOMMENDATIONS) break;
    const target = failure.type === 'device_failure' ? failure.device : failure.link;
    if (tried.has(target)) continue;
    tried.add(target);
    const id = `recommendation-${found.length + 1}`;
    const result = await rehearseReroute(testbed, failure, { id, seed, phaseNs: PHASE_NS });
    if (!result) continue;
    found.push(result);
    progress.tick('rehearsals', found.length, RECOMMENDATIONS);
  }
  return found;
}
