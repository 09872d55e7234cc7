/**
 * The mirror of `umbra up`: copies from switches that others have set to mirror, collected, counted
 * against what the switches say they sent, and handed on. Nothing is written to production.
 */
import { parseIpv4 } from '../base/address.js';
import { UmbraError, messageOf } from '../base/errors.js';
import type { Progress } from '../base/log.js';
import type { ProductionView } from '../device/index.js';
import {
  measureCompleteness,
  MirrorCollector,
  MirrorCounters,
  namesByAddress,
  OriginalEnds,
  ProfileLearner,
  readMirrorRules,
  RecentCompleteness,
  type Baseline,
  type EnteredFrame,
  type MirrorCompleteness,
  type MirrorSource,
} from '../mirror/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import { probeBaseline } from './baselineProbe.js';
import { collectFrames, type FrameSource } from './collect.js';
import type { MirrorConfig } from './config.js';
import { isShippedProgram } from './programs.js';
import type { ReplicaImage } from './replica.js';
import { mirrorState, type MirrorState } from './system.js';

const MEASURE_PERIOD_MS = 1000;
/** Completeness of late is that of a minute. */
const RECENT_PERIODS = 60;
/** Long enough for slow flows to show themselves, and for what a comparison costs not to matter. */
const BASELINE_PERIOD_MS = 60_000;

/** Collects and measures. */
export class GuestMirror {
  readonly #collector: MirrorCollector;
  readonly #recent = new RecentCompleteness(RECENT_PERIODS);
  #counters: MirrorCounters | undefined;
  #source: FrameSource | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last: MirrorCompleteness | undefined;
  /** What the mirror teaches since the baselines were last compared. */
  #learner: ProfileLearner;
  /** What it taught before. */
  #learned: readonly TrafficFlow[] = [];
  #baseline: Baseline | undefined;
  #baselineTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    private readonly topology: Topology,
    private readonly config: MirrorConfig,
    deliver: (entered: EnteredFrame) => void,
  ) {
    this.#learner = this.#newLearner();
    const rules = readMirrorRules(config.rules ?? [], topology);
    const sources = readSources(config, topology);
    const options = { rules, sources, takesAnySession: true };
    this.#collector = new MirrorCollector(topology, options, (entered) => {
      this.#learner.observe(entered.frame, entered.timeNs, entered.wireLength);
      deliver(entered);
    });
  }

  #newLearner(): ProfileLearner {
    return new ProfileLearner({}, new OriginalEnds(this.topology));
  }

  /** Listens, and measures now and then. Throws like `collectFrames`. */
  async open(views: readonly ProductionView[], progress: Progress): Promise<void> {
    await this.follow(views);
    this.#source = await collectFrames(this.config.collect, (frame, wireLength) =>
      this.#collector.take(frame, wireLength, performance.now() * 1e6),
    );
    progress.step(`mirror: collecting ERSPAN at ${this.#source.name}`);
    this.#timer = setInterval(() => void this.#period(), MEASURE_PERIOD_MS);
  }

  /**
   * Compares the baselines of production and of the unfaulted shadow again and again.
   * @param image the shadow as it is, without faults
   */
  compareBaselines(
    image: () => Promise<ReplicaImage>,
    progress: Progress,
    periodMs = BASELINE_PERIOD_MS,
  ): void {
    const isWanted = (): boolean => !this.#isClosed;
    const compare = async (): Promise<void> => {
      try {
        const found = await probeBaseline(await image(), this.#learner, isWanted);
        if (found) {
          this.#baseline = found;
          this.#learned = this.flows;
          this.#learner = this.#newLearner();
        }
      } catch (error) {
        progress.step(`baseline: ${messageOf(error)}`);
      }
      if (isWanted()) this.#baselineTimer = setTimeout(() => void compare(), periodMs);
    };
    this.#baselineTimer = setTimeout(() => void compare(), periodMs);
  }

  /** Flows that the mirror has shown of late; empty before any. */
  get flows(): readonly TrafficFlow[] {
    const fresh = this.#learner.flows(namesByAddress(this.topology.hosts));
    return fresh.length > 0 ? fresh : this.#learned;
  }

  /** The last comparison of baselines; undefined before there was one. */
  get baseline(): Baseline | undefined {
    return this.#baseline;
  }

  /** Production was opened anew: those that run our program tell by their counters. */
  async follow(views: readonly ProductionView[]): Promise<void> {
    const own = views.filter(hasMirrorCounters);
    const counters = new MirrorCounters(own);
    const { rules } = this.#collector;
    this.#collector.restart(rules);
    this.#recent.clear();
    await counters.begin(rules.length);
    this.#counters = counters;
  }

  /** Completeness of late, 0 to 1; undefined while nothing tells what was sent. */
  get completeness(): number | undefined {
    const isKnown = this.#last?.rules.some(({ basis }) => basis !== 'unknown');
    return isKnown ? this.#recent.value : undefined;
  }

  async state(): Promise<MirrorState> {
    await this.#measure();
    const none = { total: { expected: 0, copied: 0, limited: 0, completeness: 1 }, rules: [] };
    return mirrorState(this.#collector, this.#last ?? none, this.completeness);
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#baselineTimer);
    this.#source?.close();
  }

  async #period(): Promise<void> {
    await this.#measure();
    if (this.#last) this.#recent.add(this.#last.total);
  }

  /** Switches that do not answer leave what was measured before. */
  async #measure(): Promise<void> {
    try {
      this.#last = await measureCompleteness(this.#collector, this.#counters);
    } catch (error) {
      if (!(error instanceof UmbraError)) throw error;
    }
  }
}

/** Whether a switch runs our program, in a version that counts what it copies and what not. */
function hasMirrorCounters({ config, schema }: ProductionView): boolean {
  const names = schema.counters.all.map(({ name }) => name);
  const counts = ['mirror.selected', 'mirror.limited'];
  return (
    isShippedProgram('production', config) &&
    counts.every((count) => names.some((name) => name.endsWith(`.${count}`)))
  );
}

/** `mirror.sources`. Throws INVALID_FILE naming the address. */
function readSources({ sources = {} }: MirrorConfig, topology: Topology) {
  const found = new Map<number, MirrorSource>();
  for (const [address, named] of Object.entries(sources)) {
    const source = typeof named === 'string' ? { device: named } : named;
    const fail = (what: string): UmbraError =>
      new UmbraError('INVALID_FILE', `mirror.sources: ${address}: ${what}`);
    if (!topology.switches.some(({ name }) => name === source.device)) {
      throw fail(`no switch '${source.device}'`);
    }
    if (!/^\d+(\.\d+){3}$/.test(address)) throw fail('not an IPv4 address');
    const { device, ports, sessions, hasHeader } = source as Exclude<typeof named, string>;
    found.set(parseIpv4(address), {
      device,
      ...(ports && { ports: numbered(ports) }),
      ...(sessions && { sessions: numbered(sessions) }),
      ...(hasHeader && { hasHeader }),
    });
  }
  return found;
}

function numbered(map: Record<string, number>): Map<number, number> {
  return new Map(Object.entries(map).map(([key, value]) => [Number(key), value]));
}
