/** Failures as text. */
import type { Failure } from './failure.js';

/** `link leaf1-spine1: loss 5 %, delay 20 ms`. */
export function describeFailure(failure: Failure): string {
  if (failure.type === 'device_failure') {
    const parts = [
      failure.share !== undefined ? `${failure.share * 100} % of flows` : '',
      failure.delayNs ? `${failure.delayNs / 1e6} ms late` : '',
    ].filter((part) => part !== '');
    const detail = failure.mode === 'graceful' && parts.length > 0 ? ` (${parts.join(', ')})` : '';
    return `device ${failure.device}: ${failure.mode}${detail}`;
  }
  const parts = [
    failure.loss === 1 ? 'down' : failure.loss !== undefined ? `loss ${percent(failure.loss)}` : '',
    failure.delayNs ? `delay ${failure.delayNs / 1e6} ms` : '',
    failure.jitterNs ? `jitter ${failure.jitterNs / 1e6} ms` : '',
    failure.rateBps !== undefined ? `rate ${failure.rateBps / 1e6} Mbit/s` : '',
  ].filter((part) => part !== '');
  const way = failure.direction === 'both' ? '' : ` ${failure.direction}`;
  return `link ${failure.link}${way}: ${parts.join(', ')}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
