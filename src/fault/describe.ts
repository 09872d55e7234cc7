/** Failures as text. */
import type {
  AppError,
  DeviceFailure,
  Failure,
  FlowMatch,
  LinkDegradation,
  ResourceExhaustion,
} from './failure.js';
import { targetOf } from './target.js';

/** `link leaf1-spine1: loss 5 %, delay 20 ms`. */
export function describeFailure(failure: Failure): string {
  switch (failure.type) {
    case 'device_failure':
      return describeDevice(failure);
    case 'link_degradation':
      return describeLink(failure);
    case 'app_error':
      return describeApp(failure);
    case 'resource_exhaustion':
      return describeShortage(failure);
  }
}

function describeShortage(failure: ResourceExhaustion): string {
  const { resource, share, amount, mode, latencyNs, downNs, table, port } = failure;
  const of = resource === 'disk' ? 'of requests' : 'used up';
  const left = {
    cpu: 'workers left',
    memory: 'requests at once',
    disk: '',
    table_space: 'entries at most',
    buffers: 'bytes left',
  }[resource];
  const parts = present([
    mode !== undefined && mode.replace('_', ' '),
    share !== undefined && `${percent(share)} ${of}`,
    amount !== undefined && `${amount} ${left}`,
    latencyNs !== undefined && `${ms(latencyNs)} late`,
    downNs !== undefined && `down ${ms(downNs)}`,
    table !== undefined && `table ${table}`,
    port !== undefined && `port ${port}`,
  ]);
  const kind = failure.device === undefined ? 'host' : 'device';
  const what = resource.replace('_', ' ');
  return `${kind} ${targetOf(failure)}: ${what}: ${parts.join(', ')}`;
}

function describeApp(failure: AppError): string {
  const { mode, share = 1, status = 503, delayNs = 0, afterBytes = 0, flow } = failure;
  const part = mode === 'refuse' ? 'connections' : 'answers';
  const after = afterBytes > 0 ? ` after ${afterBytes} bytes` : '';
  const what = {
    status: `status ${status}`,
    error: 'error reply',
    delay: `${ms(delayNs)} late`,
    hang: 'never come',
    cut: `cut${after}`,
    reset: `reset${after}`,
    refuse: 'refused',
  }[mode];
  const of = `${percent(share)} of ${part}`;
  return `service ${targetOf(failure)}${describeFlow(flow)}: ${of}: ${what}`;
}

function describeDevice(failure: DeviceFailure): string {
  const { device, mode } = failure;
  const parts = present([
    failure.share !== undefined && `${percent(failure.share)} lost`,
    failure.portShare !== undefined && `${percent(failure.portShare)} of ports dead`,
    failure.entryShare !== undefined &&
      `${percent(failure.entryShare)} of ${mode === 'stale' ? 'entries' : 'routes lost'}`,
    failure.delayNs ? `${ms(failure.delayNs)} late` : false,
    mode === 'graceful' && failure.rateBps !== undefined && `forwards ${mbps(failure.rateBps)}`,
    failure.downNs !== undefined && `down ${ms(failure.downNs)}`,
    failure.stateLost === true && 'state lost',
    failure.stateLost === false && 'state kept',
    failure.serviceRate !== undefined && `${percent(failure.serviceRate)} of service rate left`,
    failure.refuses === true && 'refuses connections',
    failure.port !== undefined && `port ${failure.port}`,
  ]);
  const how = parts.length > 0 ? ` (${parts.join(', ')})` : '';
  return `device ${device}: ${mode.replace('_', ' ')}${how}`;
}

function describeLink(failure: LinkDegradation): string {
  const { burstLoss, exactLoss, flap, jitterShape, delayTableNs } = failure;
  const shape = jitterShape === undefined ? '' : ` ${jitterShape}`;
  const parts = present([
    (failure.loss === 1 || failure.partition !== undefined) && 'down',
    failure.loss !== undefined && failure.loss !== 1 && `loss ${percent(failure.loss)}`,
    burstLoss && `loss in bursts (in ${percent(burstLoss.enter)}, out ${percent(burstLoss.leave)})`,
    exactLoss && `loss ${exactLoss.packets} of ${exactLoss.of}`,
    flap && `down ${ms(flap.downNs)} of every ${ms(flap.periodNs)}`,
    failure.corrupt !== undefined && `corrupt ${percent(failure.corrupt)}`,
    failure.duplicate !== undefined && `duplicate ${percent(failure.duplicate)}`,
    failure.rateBps !== undefined && `rate ${mbps(failure.rateBps)}`,
    failure.policeBps !== undefined && `policed to ${mbps(failure.policeBps)}`,
    failure.reorder !== undefined && `reorder ${percent(failure.reorder)}`,
    failure.delayNs ? `delay ${ms(failure.delayNs)}` : false,
    failure.jitterNs ? `jitter ${ms(failure.jitterNs)}${shape}` : false,
    delayTableNs && `delay by a table of ${delayTableNs.length}`,
  ]);
  const way = failure.direction === 'both' ? '' : ` ${failure.direction}`;
  const what = failure.partition ? '' : 'link ';
  return `${what}${targetOf(failure)}${way}${describeFlow(failure.flow)}: ${parts.join(', ')}`;
}

function describeFlow(flow: FlowMatch | undefined): string {
  if (!flow) return '';
  const { source = 'any', destination = 'any', protocol, sourcePort, destinationPort } = flow;
  const port = (number: number | undefined): string => (number === undefined ? '' : `:${number}`);
  const ends = `${source}${port(sourcePort)} to ${destination}${port(destinationPort)}`;
  return ` (${ends}${protocol === undefined ? '' : `, protocol ${protocol}`})`;
}

function present(parts: readonly (string | false | undefined)[]): string[] {
  return parts.filter((part): part is string => typeof part === 'string');
}

function ms(ns: number): string {
  return `${Number((ns / 1e6).toPrecision(6))} ms`;
}

function mbps(bps: number): string {
  return `${bps / 1e6} Mbit/s`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
