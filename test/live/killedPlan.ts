/** A campaign of short scenarios whose failures all take away every packet from a to b. */
import type { CampaignPlan, Scenario, TimedFailure } from '../../src/campaign/index.js';
import type { Failure } from '../../src/fault/index.js';

/** Shorter than the product's, so that many deaths take minutes. */
export const LEASE_MS = 1000;

const MS = 1e6;
const onLink = { type: 'link_degradation', link: 's1-s2' } as const;

const failures: Record<string, Failure[]> = {
  'loss both ways': [{ ...onLink, direction: 'both', loss: 1 }],
  'loss one way': [{ ...onLink, direction: 'a-to-b', loss: 1 }],
  'a link that is down': [
    { ...onLink, direction: 'both', flap: { periodNs: 60e9, downNs: 60e9 } },
  ],
  'every packet corrupt': [{ ...onLink, direction: 'both', corrupt: 1 }],
  's1 is out': [{ type: 'device_failure', device: 's1', mode: 'outage' }],
  's2 is out': [{ type: 'device_failure', device: 's2', mode: 'outage' }],
  's2 loses all flows': [{ type: 'device_failure', device: 's2', mode: 'graceful', share: 1 }],
  'link and switch': [
    { ...onLink, direction: 'both', loss: 1 },
    { type: 'device_failure', device: 's2', mode: 'outage' },
  ],
};

function timed(failure: Failure, i: number): TimedFailure {
  return { id: `failure-${i + 1}`, failure, startNs: i * 50 * MS, durationNs: 300 * MS };
}

/** The campaign. */
export const killedPlan: CampaignPlan = {
  name: 'killed',
  seed: 1,
  warmUpNs: 0,
  scenarios: Object.entries(failures).map(
    ([id, all]): Scenario => ({
      id,
      seed: 1,
      beforeNs: 100 * MS,
      afterNs: 100 * MS,
      recoveryNs: 0,
      windowNs: 100 * MS,
      failures: all.map(timed),
      hypothesis: [{ metric: 'lossRate', of: 'all', comparison: '<=', value: 0.1 }],
      stop: [],
    }),
  ),
};
