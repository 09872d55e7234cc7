/** Delaying packets, all alike or by a distribution, and letting some be overtaken. */
import { UmbraError } from '../../base/errors.js';
import type { LinkDegradation } from '../failure.js';
import { nanoseconds, threshold } from '../parameters.js';
import { normalQuantiles, paretoQuantiles, tableQuantiles } from './quantiles.js';
import type { StageCall, StageContext } from './stage.js';

/** Undefined when the failure reorders nothing. */
export function reorderStage(
  { reorder, reorderNs }: LinkDegradation,
  { expires_us }: StageContext,
): StageCall | undefined {
  if (reorder === undefined) return undefined;
  if (reorderNs === undefined) {
    throw new UmbraError('INVALID_INPUT', 'reorder needs reorderNs: how long packets wait');
  }
  const params = {
    threshold: threshold('reorder', reorder),
    extra_ns: nanoseconds('reorderNs', reorderNs),
    expires_us,
  };
  return { table: 'link_fault.reorder', action: 'hold_back', params };
}

/** Undefined when the failure delays nothing. */
export function delayStage(failure: LinkDegradation, context: StageContext): StageCall | undefined {
  const { delayNs, jitterNs, jitterShape = 'uniform', delayTableNs } = failure;
  const { expires_us } = context;
  const table = 'link_fault.delay';
  if (delayTableNs !== undefined) {
    if (delayNs !== undefined || jitterNs !== undefined) {
      throw new UmbraError('INVALID_INPUT', 'delayTableNs stands alone: it holds whole delays');
    }
    const of_distribution = context.distribution(tableQuantiles(delayTableNs));
    return { table, action: 'add_sampled', params: { of_distribution, expires_us } };
  }
  if (delayNs === undefined && jitterNs === undefined) return undefined;
  const delay = Number(nanoseconds('delayNs', delayNs ?? 0));
  const jitter = Number(nanoseconds('jitterNs', jitterNs ?? 0));
  if (jitterShape === 'uniform' || jitter === 0) {
    const params = { delay_ns: String(delay), jitter_ns: String(jitter), expires_us };
    return { table, action: 'add', params };
  }
  const quantiles =
    jitterShape === 'normal' ? normalQuantiles(delay, jitter) : paretoQuantiles(delay, jitter);
  const of_distribution = context.distribution(quantiles);
  return { table, action: 'add_sampled', params: { of_distribution, expires_us } };
}
