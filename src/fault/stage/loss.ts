/** Losing packets: each by itself, in bursts, exactly so many, or all while a link is down. */
import { UmbraError } from '../../base/errors.js';
import type { LinkDegradation } from '../failure.js';
import { microseconds, threshold, wholeWithin } from '../parameters.js';
import type { StageCall, StageContext } from './stage.js';

const TABLE = 'link_fault.loss';
const LONGEST_CYCLE = 65535;

/** Undefined when the failure loses nothing. Throws INVALID_INPUT for two ways at once. */
export function lossStage(failure: LinkDegradation, context: StageContext): StageCall | undefined {
  const { loss, burstLoss, exactLoss, flap } = failure;
  const ways = { loss, burstLoss, exactLoss, flap };
  const given = Object.entries(ways).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const names = given.map(([name]) => name).join(' and ');
    throw new UmbraError('INVALID_INPUT', `${names}: a link loses packets in one way at a time`);
  }
  const { expires_us } = context;
  const call = (action: string, params: Record<string, string>): StageCall => ({
    table: TABLE,
    action,
    params: { ...params, expires_us },
  });
  if (loss !== undefined) return call('lose', { threshold: threshold('loss', loss) });
  if (burstLoss) {
    return call('lose_in_bursts', {
      state: context.slot(),
      enter_bad: threshold('burstLoss.enter', burstLoss.enter),
      leave_bad: threshold('burstLoss.leave', burstLoss.leave),
      loss_good: threshold('burstLoss.lossGood', burstLoss.lossGood ?? 0),
      loss_bad: threshold('burstLoss.lossBad', burstLoss.lossBad ?? 1),
    });
  }
  if (exactLoss) {
    const of = wholeWithin('exactLoss.of', exactLoss.of, 1, LONGEST_CYCLE);
    return call('lose_exactly', {
      state: context.slot(),
      packets: String(wholeWithin('exactLoss.packets', exactLoss.packets, 0, of)),
      of_packets: String(of),
    });
  }
  if (!flap) return undefined;
  if (!(flap.downNs <= flap.periodNs)) {
    throw new UmbraError(
      'INVALID_INPUT',
      `flap.downNs is ${flap.downNs}, flap.periodNs ${flap.periodNs}: down longer than a period`,
    );
  }
  return call('flap', {
    period_us: microseconds('flap.periodNs', flap.periodNs),
    down_us: microseconds('flap.downNs', flap.downNs),
    lasts_us: String(context.lastsUs),
  });
}

/** The share of packets that a link loses in the long run, 0 to 1. */
export function averageLoss(failure: LinkDegradation): number {
  const { loss, burstLoss, exactLoss, flap, partition } = failure;
  if (partition) return 1;
  if (loss !== undefined) return loss;
  if (exactLoss) return exactLoss.packets / exactLoss.of;
  if (flap) return flap.downNs / flap.periodNs;
  if (!burstLoss) return 0;
  const { enter, leave, lossGood = 0, lossBad = 1 } = burstLoss;
  const bad = enter + leave === 0 ? 0 : enter / (enter + leave);
  return bad * lossBad + (1 - bad) * lossGood;
}
