/**
 * What is left to a host that fails or runs short: the words between those who limit hosts (faults)
 * and whatever carries the limits out (a server of the fabric, a real process).
 */

/** What a limit is about. Limits of different parts of one host act together. */
export type HostPart = 'cpu' | 'memory' | 'disk' | 'device';

/** The parts, in their order. */
export const hostParts: readonly HostPart[] = ['cpu', 'memory', 'disk', 'device'];

/** Limits of one part of a host; what is left out is as it was. Shares are 0 to 1. */
export interface HostLimits {
  /** Share of the service rate that is left; at 0 requests are taken and nothing goes on. */
  serviceRate?: number;
  /** Requests that are worked on at a time, at most. */
  workers?: number;
  /** Requests that the server holds at once, at most; further ones wait, or are refused by 503. */
  concurrent?: number;
  /** A request beyond `concurrent` kills the server instead, which is back after this time, ns. */
  restartNs?: number;
  /** Share of requests that touch the disk; all unless given. */
  diskShare?: number;
  /** What such a request takes longer, ns. */
  diskNs?: number;
  /** Such a request is answered with 500. */
  isDiskFull?: boolean;
  /** What every answer takes longer, ns. */
  lateNs?: number;
  /** Share of requests that are never answered. */
  unanswered?: number;
  /** The host sends nothing and hears nothing. */
  isSilent?: boolean;
  /** The host's servers are gone: connections are reset, and refused. */
  isRefusing?: boolean;
  /** `isSilent` and `isRefusing` end here already, controller time, us. */
  goneUntilUs?: number;
  /** Connections live on while the host is silent. */
  keepsConnections?: boolean;
}

/** Limits and their end in controller time, us. */
export interface TimedLimits {
  limits: HostLimits;
  expiresUs: number;
}

/** How a host's limits are carried out. Nothing acts past its end, or without a lease. */
export interface HostControl {
  /** Puts limits on a part, in place of what it had. */
  apply(part: HostPart, timed: TimedLimits): void | Promise<void>;
  /** The limits of a part; undefined when it has none. */
  read(part: HostPart): TimedLimits | undefined | Promise<TimedLimits | undefined>;
  clear(part: HostPart): void | Promise<void>;
  /** Limits act until so long after `nowUs`, controller time, us; 0 ends what they do. */
  renew(nowUs: number, leaseUs: number): void;
}
