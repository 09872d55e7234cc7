/** Campaigns of a running service: on forks of its shadow as it is when they begin. */
import type { CampaignSummary, RunRecord } from '../campaign/index.js';
import { checkPlan, parseCampaign } from '../campaign/index.js';
import { UmbraError, messageOf } from '../base/errors.js';
import type { Progress } from '../base/log.js';
import type { Store } from '../store/index.js';
import type { TrafficFlow } from '../topology/index.js';
import { Campaigns, type CampaignRecord } from './campaigns.js';
import type { Replica } from './replica.js';
import { coreCount } from './testbedPool.js';

/** A campaign without what only its threads need. */
export interface CampaignView {
  id: string;
  name: string;
  state: CampaignRecord['state'];
  error?: string;
  /** Runs that are over, and all of them. */
  done: number;
  total: number;
  summary?: CampaignSummary;
}

/** What campaigns of a service work with. */
export interface CampaignControlOptions {
  store: Store;
  /** The shadow as it is now. */
  replica: () => Replica;
  /** The traffic that is known of production. */
  traffic: () => readonly TrafficFlow[];
  /** Why the shadow cannot be trusted now, if so. */
  distrust?: () => string | undefined;
  /** Hears what campaigns do, and why one failed. */
  progress: Progress;
}

/** Starts, ends and shows campaigns. */
export class CampaignControl {
  private readonly campaigns: Campaigns;

  /** Throws STORE. */
  constructor(private readonly options: CampaignControlOptions) {
    const { distrust, progress, store } = options;
    // The service itself wants a core.
    const threads = Math.max(1, coreCount() - 1);
    this.campaigns = new Campaigns(store, { threads, progress, ...(distrust && { distrust }) });
  }

  /**
   * Begins the campaign of a file's content. Throws INVALID_FILE with the place, and what its
   * scenarios are refused for.
   */
  async start(content: unknown): Promise<CampaignView> {
    const file = parseCampaign(JSON.stringify(content, null, 1), 'the request');
    const replica = await this.options.replica().image();
    const plan = file.planFor(replica.topology);
    const flows = this.options.traffic();
    if (flows.length === 0) throw new UmbraError('CONFLICT', 'no traffic is known yet');
    checkPlan(replica.topology, flows, plan);
    const image = { replica, flows, seed: plan.seed, warmUpNs: plan.warmUpNs };
    return this.resume(this.campaigns.add(plan, image).id);
  }

  /** Goes on with one. Throws NOT_FOUND, CONFLICT. */
  resume(id: string): CampaignView {
    this.campaigns.requireReady(id);
    this.campaigns.run(id).catch((error: unknown) => {
      this.options.progress.step(`${id} failed: ${messageOf(error)}`);
    });
    return this.view(id);
  }

  pause(id: string): CampaignView {
    this.campaigns.pause(id);
    return this.view(id);
  }

  cancel(id: string): CampaignView {
    this.campaigns.cancel(id);
    return this.view(id);
  }

  list(): CampaignView[] {
    return this.campaigns.list().map(({ id }) => this.view(id));
  }

  /** Throws NOT_FOUND. */
  view(id: string): CampaignView {
    const { error, outcomes, plan, state } = this.campaigns.get(id);
    return {
      id,
      name: plan.name,
      state,
      ...(error !== undefined && { error }),
      ...this.campaigns.progress(id),
      ...(outcomes && { summary: this.campaigns.summary(id) }),
    };
  }

  /** Ends the threads; a campaign that runs can be resumed. */
  close(): Promise<void> {
    return this.campaigns.close();
  }

  /** Of one campaign, or of all. */
  runs(campaign?: string): RunRecord[] {
    return this.campaigns.runs(campaign);
  }
}
