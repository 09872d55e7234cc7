/** Throttling: a shaper in which packets wait, or a policer that drops. */
import { UmbraError } from '../../base/errors.js';
import type { LinkDegradation } from '../failure.js';
import { byteTime, nanoseconds, within } from '../parameters.js';
import type { StageCall, StageContext } from './stage.js';

/** The longest queue of a shaper unless the failure says otherwise, ns. */
export const DEFAULT_QUEUE_NS = 50e6;
/** The burst of a policer unless the failure says otherwise, bytes. */
const DEFAULT_BURST_BYTES = 64_000;
const MAX_BYTES = 1e12;

/** Undefined when the failure throttles nothing. Throws INVALID_INPUT for both ways at once. */
export function rateStage(failure: LinkDegradation, context: StageContext): StageCall | undefined {
  const { rateBps, policeBps } = failure;
  const { expires_us } = context;
  if (rateBps !== undefined && policeBps !== undefined) {
    throw new UmbraError('INVALID_INPUT', 'rateBps and policeBps: a link is throttled in one way');
  }
  if (rateBps !== undefined) {
    const params = {
      byte_time_q10: byteTime('rateBps', rateBps),
      state: context.slot(),
      queue_ns: queueOf(failure, rateBps),
      expires_us,
    };
    return { table: 'link_fault.rate', action: 'shape', params };
  }
  if (policeBps === undefined) return undefined;
  const burst = within('burstBytes', failure.burstBytes ?? DEFAULT_BURST_BYTES, 0, MAX_BYTES);
  const params = {
    byte_time_q10: byteTime('policeBps', policeBps),
    state: context.slot(),
    burst_ns: nanoseconds('burstBytes', (burst * 8e9) / policeBps),
    expires_us,
  };
  return { table: 'link_fault.rate', action: 'police', params };
}

function queueOf({ queueNs, queueBytes }: LinkDegradation, rateBps: number): string {
  if (queueBytes === undefined) return nanoseconds('queueNs', queueNs ?? DEFAULT_QUEUE_NS);
  if (queueNs !== undefined) {
    throw new UmbraError('INVALID_INPUT', 'queueNs and queueBytes: a queue has one bound');
  }
  const bytes = within('queueBytes', queueBytes, 0, MAX_BYTES);
  return nanoseconds('queueBytes', (bytes * 8e9) / rateBps);
}
