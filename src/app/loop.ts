/**
 * The whole loop on the embedded switch: production, mirror, shadow, failures, model, forecasts,
 * recommendations. Both networks share one virtual clock, so that a seed gives one result.
 */
import { runTogether } from '../fabric/index.js';
import {
  measureCompleteness,
  mirrorAll,
  MIRROR_PORT,
  MirrorCollector,
  MirrorCounters,
  namesByAddress,
  OriginalEnds,
  ProfileLearner,
  tagFrame,
  taggedLength,
  type MirrorCompleteness,
  type MirrorRule,
} from '../mirror/index.js';
import { ruleEntity } from '../p4runtime/index.js';
import { Update_Type } from '../proto/index.js';
import type { SyncReport } from '../sync/index.js';
import { windowFor, type Topology } from '../topology/index.js';
import { experiment, type ExperimentOptions } from './experiment.js';
import { buildNetwork, type Network } from './network.js';
import { Production, replaceMirror } from './production.js';
import type { Report } from './report.js';
import { Shadow } from './shadow.js';

const FIRST_RULES: readonly MirrorRule[] = [mirrorAll()];
const MS = 1e6;
const SECOND = 1e9;
/** How often the shadow is compared with production. */
export const SYNC_PERIOD_NS = 100 * MS;
/** The lag of the shadow is measured to this. */
const FOLLOW_STEP_NS = MS;
const SETTLE_NS = 500 * MS;
/** The mirror is watched this long at least, and until slow flows have shown themselves. */
const MIRROR_NS = 5 * SECOND;
const EXCHANGES = 10;
const PACKETS = 100_000;

/** What a loop is built from. */
export interface LoopOptions extends ExperimentOptions {
  topology: Topology;
}

/** The two networks and what joins them, after `runLoop` or while it runs. */
export class Loop {
  readonly learner: ProfileLearner;
  readonly collector: MirrorCollector;
  /** Copies that found no room in the shadow. */
  refusedCopies = 0;
  lastSync: SyncReport | undefined;
  lastSyncNs = 0;
  readonly #counters: MirrorCounters;
  /** Our own controller has written since the last comparison. */
  #isWritten = false;

  private constructor(
    readonly topology: Topology,
    readonly network: Network,
    readonly production: Production,
    readonly shadow: Shadow,
  ) {
    production.onWritten(() => (this.#isWritten = true));
    this.#counters = new MirrorCounters([...production.devices.values()]);
    this.learner = new ProfileLearner({}, new OriginalEnds(topology));
    this.collector = new MirrorCollector(topology, { rules: FIRST_RULES }, (entered) => {
      this.learner.observe(entered.frame, entered.timeNs, entered.wireLength);
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
    const network = buildNetwork(topology, seed);
    const production = await Production.open(topology, () => network.channel);
    const routes = await production.installRoutes();
    const mirror = await production.installMirror(FIRST_RULES);
    progress.step(
      `production: ${topology.switches.length} switches, ${topology.hosts.length} hosts, ` +
        `${topology.links.length} links; ${routes + mirror} entries written over P4Runtime`,
    );
    const { fabric } = network;
    fabric.start(topology.traffic, seed);
    fabric.runUntil(SETTLE_NS);
    const views = await production.views();
    const shadow = await Shadow.build(topology, seed, views);
    shadow.network.fabric.runUntil(SETTLE_NS);
    return { loop: new Loop(topology, network, production, shadow), written: routes + mirror };
  }

  get nowNs(): number {
    return this.network.fabric.nowNs;
  }

  /**
   * Runs both networks together, comparing them every SYNC_PERIOD_NS, and at once when this
   * controller has written to production.
   */
  async runTogether(untilNs: number): Promise<void> {
    if (this.#isWritten) await this.syncOnce();
    const fabrics = [this.network.fabric, this.shadow.network.fabric];
    while (this.nowNs < untilNs) {
      const next = Math.floor(this.nowNs / SYNC_PERIOD_NS + 1) * SYNC_PERIOD_NS;
      runTogether(fabrics, Math.min(next, untilNs));
      if (this.nowNs === next) await this.syncOnce();
    }
  }

  /** One comparison with repair. */
  async syncOnce(): Promise<SyncReport> {
    this.#isWritten = false;
    this.lastSync = await this.shadow.sync.compare(true);
    this.lastSyncNs = this.nowNs;
    return this.lastSync;
  }

  /** Copies from production's mirror ports enter the shadow from now on. */
  async connectMirror(): Promise<void> {
    const { fabric } = this.network;
    // Copies made before the collector listened are not its loss.
    await this.#counters.begin(this.collector.rules.length);
    for (const { name } of this.topology.switches) {
      fabric.tap(name, MIRROR_PORT, (frame, wireLength, nowNs) =>
        this.collector.take(frame, wireLength, nowNs),
      );
    }
  }

  /** How complete the mirror was, by production's counters. */
  completeness(): Promise<MirrorCompleteness> {
    return measureCompleteness(this.collector, this.#counters);
  }

  /** Mirrors by other rules from now on; all counts begin anew. */
  async setMirrorRules(rules: readonly MirrorRule[]): Promise<void> {
    await replaceMirror(this.production, this.collector, this.#counters, rules);
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
  await loop.connectMirror();
  const syncLagMs = await changeAndFollow(loop);
  await loop.runTogether(loop.nowNs + windowFor(topology.traffic, EXCHANGES, MIRROR_NS, PACKETS));
  const state = await loop.shadow.sync.compare(false);
  const mirror = (await loop.completeness()).total;
  progress.step(
    `mirror: ${mirror.copied} of ${mirror.expected} packets copied and replayed ` +
      `(${(mirror.completeness * 100).toFixed(2)} %); sync lag ${syncLagMs} ms, ` +
      `${state.equal} of ${state.entities} entities equal`,
  );
  const flows = loop.learner.flows(namesByAddress(topology.hosts));
  loop.shadow.faults.traffic = flows;
  progress.step(`profile: ${flows.length} flows learned from the mirror`);
  const { fabric } = loop.shadow.network;
  const live = fabric.save();
  const figures = await experiment(loop.shadow, flows, options);
  fabric.load(live);
  loop.shadow.faults.forget();
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
      ...figures,
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
    await loop.runTogether(loop.nowNs + FOLLOW_STEP_NS);
  }
  return (loop.nowNs - changedNs) / MS;
}
