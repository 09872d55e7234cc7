/** Failures as data: what a scenario, the API and the forecasts name. */

/** One direction of a link, as seen at the egress port of `device`. */
export type Direction = 'both' | 'a-to-b' | 'b-to-a';

/** A link that loses, delays or throttles packets. */
export interface LinkDegradation {
  type: 'link_degradation';
  /** Name of a topology link. */
  link: string;
  direction: Direction;
  /** Share of packets dropped, 0 to 1. */
  loss?: number;
  /** Added one-way delay, ns. */
  delayNs?: number;
  /** Uniform random extra delay in [0, jitterNs), ns. */
  jitterNs?: number;
  /** Shaped to this rate, bit/s. */
  rateBps?: number;
  /** Bound of the shaper's backlog, as the longest wait, ns; beyond it packets drop. */
  queueNs?: number;
}

/** A switch that forwards nothing, or forwards badly. */
export interface DeviceFailure {
  type: 'device_failure';
  /** Name of a topology switch. */
  device: string;
  /** outage: nothing is forwarded; graceful: a share of flows is not, the rest is delayed. */
  mode: 'outage' | 'graceful';
  /** Share of flows lost in graceful mode, 0 to 1. */
  share?: number;
  /** Added forwarding delay in graceful mode, ns. */
  delayNs?: number;
}

export type Failure = LinkDegradation | DeviceFailure;
