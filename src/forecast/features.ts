/** A failure and a flow as numbers that a regression can learn from. */
import { averageLoss, type Failure } from '../fault/index.js';
import type { FlowMetrics } from '../telemetry/index.js';

/** Severity of a failure, in comparable terms. */
interface Severity {
  loss: number;
  delayMs: number;
  jitterMs: number;
  /** How far below 100 Mbit/s the rate is cut, in decades. */
  squeeze: number;
  down: number;
}

const REFERENCE_BPS = 100e6;

function severityOf(failure: Failure): Severity {
  const none: Severity = { loss: 0, delayMs: 0, jitterMs: 0, squeeze: 0, down: 0 };
  if (failure.type === 'device_failure') {
    if (failure.mode === 'outage' || failure.mode === 'hang') return { ...none, down: 1 };
    if (failure.mode === 'slow_control') return none;
    return { ...none, down: failure.share ?? 0, delayMs: (failure.delayNs ?? 0) / 1e6 };
  }
  if (failure.type === 'app_error') {
    // An answer that fails is to its flow what a failed part of the way would be.
    const { mode, share = 1, delayNs = 0 } = failure;
    return mode === 'delay'
      ? { ...none, delayMs: (share * delayNs) / 1e6 }
      : { ...none, down: share };
  }
  if (failure.type === 'resource_exhaustion') {
    // Work that finds no room is lost, as it would be on the way.
    const { mode, resource, share = 1, latencyNs = 0 } = failure;
    // A full table or a short queue hurts what comes new or at once, which these do not tell.
    if (resource === 'table_space' || resource === 'buffers') return none;
    return latencyNs > 0
      ? { ...none, delayMs: (share * latencyNs) / 1e6 }
      : { ...none, down: mode === 'oom_restart' ? 1 : share };
  }
  const loss = averageLoss(failure);
  return {
    loss: loss === 1 ? 0 : loss,
    down: loss === 1 ? 1 : 0,
    delayMs: (failure.delayNs ?? 0) / 1e6,
    jitterMs: (failure.jitterNs ?? 0) / 1e6,
    squeeze:
      failure.rateBps === undefined ? 0 : Math.max(0, Math.log10(REFERENCE_BPS / failure.rateBps)),
  };
}

/**
 * Features of one pair. Every severity counts as far as the flow is exposed; TCP and datagrams
 * react differently, so each has its own.
 * @param exposure share of the flow's packets that the failure can touch, 0 to 1
 * @param baseline the flow without the failure
 */
export function featuresOf(
  failure: Failure,
  exposure: number,
  baseline: FlowMetrics,
): Record<string, number> {
  const s = severityOf(failure);
  const isTcp = baseline.kind === 'http' || baseline.kind === 'bulk' ? 1 : 0;
  const load = Math.min(baseline.throughputMbps, 100) / 10;
  const features: Record<string, number> = {};
  const add = (name: string, value: number): void => {
    features[`tcp ${name}`] = value * isTcp;
    features[`datagram ${name}`] = value * (1 - isTcp);
  };
  const reach = Math.sqrt(exposure);
  add('loss', exposure * s.loss);
  add('any loss', reach * Math.sqrt(s.loss));
  add('heavy loss', s.loss > 0.1 ? reach : 0);
  add('delay', exposure * s.delayMs);
  add('any delay', s.delayMs > 0 && exposure > 0 ? s.delayMs : 0);
  add('jitter', exposure * s.jitterMs);
  add('squeeze', exposure * s.squeeze * load);
  add('any squeeze', reach * s.squeeze);
  add('down', exposure * s.down);
  add('wholly down', exposure === 1 ? s.down : 0);
  features['load down'] = exposure * s.down * load;
  features['bulk delay'] = baseline.kind === 'bulk' ? exposure * s.delayMs : 0;
  features['bulk loss'] = baseline.kind === 'bulk' ? reach * Math.sqrt(s.loss) : 0;
  return features;
}
