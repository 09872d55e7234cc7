/**
 * Campaigns with their runs, on disk: what was begun is known after any end of the process, and
 * goes on from there. They run on forks, on threads, and never on the shadow that follows.
 */
import { deserialize, serialize } from 'node:v8';
import { UmbraError, messageOf } from '../base/errors.js';
import type { Progress } from '../base/log.js';
import {
  conduct,
  runCount,
  summarize,
  type CampaignPlan,
  type CampaignSummary,
  type RunOutcome,
  type RunRecord,
} from '../campaign/index.js';
import type { Store } from '../store/index.js';
import type { TestbedImage } from './testbed.js';
import { TestbedPool } from './testbedPool.js';

/** A campaign as it is kept. */
export interface CampaignRecord {
  id: string;
  plan: CampaignPlan;
  /**
   * interrupted: its process ended before it did; failed: something other than a scenario did not
   * work. All but `done` and `cancelled` can be resumed.
   */
  state: 'running' | 'paused' | 'interrupted' | 'failed' | 'cancelled' | 'done';
  /** Why it failed. */
  error?: string;
  /** Outcomes in their order, once it is done. */
  outcomes?: RunOutcome[];
}

/** What campaigns are run with. */
export interface CampaignsOptions {
  /** One for each core unless given. */
  threads?: number;
  progress: Progress;
  /** Why the shadow cannot be trusted now, if so. */
  distrust?: () => string | undefined;
}

/** A warm network as text: images are kept beside their campaigns. */
interface KeptImage {
  id: string;
  image: string;
}

/** All campaigns of one store. */
export class Campaigns {
  #running: string | undefined;
  #wish: 'paused' | 'cancelled' | undefined;
  #pool: TestbedPool | undefined;

  /** Marks what a process that ended left under way. Throws STORE. */
  constructor(
    private readonly store: Store,
    private readonly options: CampaignsOptions,
  ) {
    for (const record of store.all<RunRecord>('runs')) {
      if (record.state === 'running') store.put('runs', { ...record, state: 'interrupted' });
    }
    for (const record of this.list()) {
      if (record.state === 'running') this.#keep({ ...record, state: 'interrupted' });
    }
  }

  list(): CampaignRecord[] {
    return this.store.all<CampaignRecord>('campaigns');
  }

  /** Throws NOT_FOUND. */
  get(id: string): CampaignRecord {
    const record = this.store.get<CampaignRecord>('campaigns', id);
    if (!record) throw new UmbraError('NOT_FOUND', `no campaign '${id}'`);
    return record;
  }

  /** Runs in the order in which they began; of one campaign, or of all. */
  runs(campaign?: string): RunRecord[] {
    const all = this.store.all<RunRecord>('runs');
    return campaign === undefined ? all : all.filter((run) => run.campaign === campaign);
  }

  /** Runs that are over, and all that there will be. */
  progress(id: string): { done: number; total: number } {
    const done = this.runs(id).filter(({ state }) => state === 'done').length;
    return { done, total: runCount(this.get(id).plan) };
  }

  /** What a campaign showed. Throws CONFLICT while it is not done. */
  summary(id: string): CampaignSummary {
    const { outcomes, plan, state } = this.get(id);
    if (!outcomes) throw new UmbraError('CONFLICT', `${id} is ${state}`);
    return summarize(plan.name, plan.seed, outcomes);
  }

  /** A campaign that can begin or go on now. Throws NOT_FOUND, CONFLICT. */
  requireReady(id: string): CampaignRecord {
    const record = this.get(id);
    if (this.#running !== undefined) {
      throw new UmbraError('CONFLICT', `${this.#running} is running`);
    }
    if (record.state === 'done' || record.state === 'cancelled') {
      throw new UmbraError('CONFLICT', `${id} is ${record.state}`);
    }
    return record;
  }

  /** Keeps a new campaign; `run` begins it. */
  add(plan: CampaignPlan, image: TestbedImage): CampaignRecord {
    const numbers = this.list().map(({ id }) => Number(/\d+$/.exec(id)?.[0] ?? 0));
    const id = `campaign-${Math.max(0, ...numbers) + 1}`;
    const kept: KeptImage = { id, image: serialize(image).toString('base64') };
    this.store.put('campaignImages', kept);
    return this.#keep({ id, plan, state: 'paused' });
  }

  /**
   * Runs what has no outcome yet, until the end or a pause. Throws CONFLICT when a campaign is
   * running or this one is over, what its scenarios are refused for, and STORE.
   */
  async run(id: string): Promise<CampaignRecord> {
    const record = this.requireReady(id);
    this.#running = id;
    this.#wish = undefined;
    const { error: _, ...fresh } = record;
    this.#keep({ ...fresh, state: 'running' });
    try {
      const outcomes = await this.#conduct(fresh);
      if (outcomes) return this.#keep({ ...fresh, state: 'done', outcomes });
      return this.#keep({ ...fresh, state: this.#wish ?? 'paused' });
    } catch (error) {
      // A store that takes nothing any more cannot take this either.
      const isKept = !(error instanceof UmbraError && error.code === 'STORE');
      if (isKept) this.#keep({ ...fresh, state: 'failed', error: messageOf(error) });
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  /** Ends a campaign when the runs under way are over. Throws CONFLICT when it is not running. */
  pause(id: string): CampaignRecord {
    const record = this.get(id);
    if (this.#running !== id) throw new UmbraError('CONFLICT', `${id} is ${record.state}`);
    this.#wish = 'paused';
    return record;
  }

  /** As `pause`, for good; a campaign that is not running is over at once. */
  cancel(id: string): CampaignRecord {
    const record = this.get(id);
    if (record.state === 'done') throw new UmbraError('CONFLICT', `${id} is done`);
    if (this.#running !== id) return this.#keep({ ...record, state: 'cancelled' });
    this.#wish = 'cancelled';
    return record;
  }

  /** Ends the threads: what runs is over, and can be resumed. */
  async close(): Promise<void> {
    this.#wish ??= 'paused';
    await this.#pool?.close();
  }

  async #conduct({ id, plan }: CampaignRecord): Promise<RunOutcome[] | undefined> {
    const kept = this.store.get<KeptImage>('campaignImages', id);
    if (!kept) throw new UmbraError('STORE', `${id}: its network was not kept`);
    const image = deserialize(Buffer.from(kept.image, 'base64')) as TestbedImage;
    const { distrust, progress, threads } = this.options;
    const runner = await TestbedPool.open(image, threads);
    this.#pool = runner;
    progress.step(`${id}: ${plan.name}: ${runner.width} threads are warm`);
    try {
      return await conduct({
        campaign: id,
        plan,
        topology: image.replica.topology,
        traffic: image.flows,
        runner,
        keeper: {
          get: (run) => this.store.get<RunRecord>('runs', run),
          keep: (run) => this.store.put('runs', run),
        },
        progress,
        isPaused: () => this.#wish !== undefined,
        ...(distrust && { distrust }),
      });
    } finally {
      this.#pool = undefined;
      await runner.close();
    }
  }

  #keep(record: CampaignRecord): CampaignRecord {
    this.store.put('campaigns', record);
    return record;
  }
}
