/** Failures as data: what a scenario, the API and the forecasts name. */

/** How a number of a failure changes. */
export interface Ramp {
  /** Name of the parameter, such as `loss`. */
  parameter: string;
  from: number;
  /** Time until the parameter has its value, ns. */
  overNs: number;
}

/** One direction of a link, as seen at the egress port of `device`. */
export type Direction = 'both' | 'a-to-b' | 'b-to-a';

/** Which flows a failure takes; a part that is left out is any. IPv4 only, as entries are. */
export interface FlowMatch {
  /** Address or prefix, `10.0.1.0/24`. */
  source?: string;
  destination?: string;
  /** IP protocol number. */
  protocol?: number;
  sourcePort?: number;
  destinationPort?: number;
}

/** Gilbert-Elliott: chances per packet, each 0 to 1. */
export interface BurstLoss {
  /** From the good state to the bad one. */
  enter: number;
  /** From the bad state to the good one. */
  leave: number;
  /** Loss in the good state; 0 unless given. */
  lossGood?: number;
  /** Loss in the bad state; 1 unless given. */
  lossBad?: number;
}

/** Shapes of random delay: around `delayNs` with the scale `jitterNs`. */
export type JitterShape = 'uniform' | 'normal' | 'pareto';

/** A link that loses, corrupts, duplicates, throttles, reorders or delays packets; a partition. */
export interface LinkDegradation {
  type: 'link_degradation';
  /** Name of a topology link. */
  link?: string;
  /**
   * Instead of a link: these switches and hosts are cut off, every link between them and the rest
   * is down. `a-to-b` is what they send, `b-to-a` what they would hear. Nothing else may be given.
   */
  partition?: string[];
  direction: Direction;
  /** A number that grows with time. */
  ramp?: Ramp;
  /** Only these flows. */
  flow?: FlowMatch;

  /** Share of packets dropped, each by a draw of its own, 0 to 1. */
  loss?: number;
  /** Losses in bursts. */
  burstLoss?: BurstLoss;
  /** Exactly `packets` of every `of` (at most 65,535), evenly spread. */
  exactLoss?: { packets: number; of: number };
  /** Down for the first `downNs` of every `periodNs`. */
  flap?: { periodNs: number; downNs: number };

  /** Share of packets of which one random bit is turned, 0 to 1. */
  corrupt?: number;
  /** Checksums are put right again, so that hosts cannot tell; false unless given. */
  corruptRepaired?: boolean;
  /** Share of packets that leave twice, 0 to 1. */
  duplicate?: number;

  /** Shaped to this rate, bit/s of frames. */
  rateBps?: number;
  /** Bound of the shaper's backlog, as the longest wait, ns; beyond it packets drop. */
  queueNs?: number;
  /** The same bound in bytes. */
  queueBytes?: number;
  /** Policed to this rate, bit/s of frames: what exceeds it drops, nothing waits. */
  policeBps?: number;
  /** What the policer lets through at once, bytes. */
  burstBytes?: number;

  /** Share of packets that wait `reorderNs` longer, so that later ones overtake, 0 to 1. */
  reorder?: number;
  reorderNs?: number;

  /** Added one-way delay, ns. */
  delayNs?: number;
  /** Random extra delay, ns: the bound if uniform, the standard deviation otherwise. */
  jitterNs?: number;
  /** Shape of the extra delay; uniform in [0, jitterNs) unless given. */
  jitterShape?: JitterShape;
  /** Measured delays instead, ns: a delay is drawn between neighbours of this table, sorted. */
  delayTableNs?: number[];
}

/** A switch that forwards nothing or forwards badly, or a host that serves nobody or badly. */
export interface DeviceFailure {
  type: 'device_failure';
  /** Name of a topology switch or host. */
  device: string;
  /**
   * outage: nothing is forwarded, a host is silent; reboot: nothing for `downNs`, then everything,
   * or with `stateLost` nothing that an entry routes; graceful: a part is not, the rest late and
   * slowly; stuck: a port's queue sends nothing until the failure ends; hang: a host takes
   * requests and answers none; slow_control: a switch's controller waits `delayNs` for every
   * answer and PacketIn; stale: `entryShare` of its table entries stay as they are, and what is
   * written to them is carried out when the failure ends.
   */
  mode: 'outage' | 'graceful' | 'reboot' | 'stuck' | 'hang' | 'slow_control' | 'stale';
  /** Share of flows lost, or of a host's requests never answered, in graceful mode, 0 to 1. */
  share?: number;
  /** Share of a host's service rate that is left in graceful mode, 0 to 1. */
  serviceRate?: number;
  /** Outage of a host: its system lives and refuses connections. */
  refuses?: boolean;
  /** Share of ports that are dead in graceful mode, 0 to 1; which ones follows from `seed`. */
  portShare?: number;
  /** Share of routes lost, or of entries that are stale, 0 to 1; which follows from `seed`. */
  entryShare?: number;
  seed?: number;
  /** Added delay of forwarding in graceful mode, or of a slow control plane, ns. */
  delayNs?: number;
  /** Forwarding rate left in graceful mode, bit/s of frames, and the longest wait for it, ns. */
  rateBps?: number;
  queueNs?: number;
  /** How long a reboot takes, ns. */
  downNs?: number;
  /** A reboot forgets the entries; a host's the connections, unless this is false. */
  stateLost?: boolean;
  /** The port whose queue is stuck; all unless given. */
  port?: number;
  /** A number that grows with time. */
  ramp?: Ramp;
}

/** What a service speaks: decides what an error of it looks like. */
export type AppProtocol = 'http' | 'postgres' | 'mysql' | 'redis' | 'tcp';

/**
 * A server whose answers over TCP are wrong, late, cut short or refused. It is named by `service`,
 * by `host` and `port`, or as all that a switch (`device`) has behind its ports on `port`.
 */
export interface AppError {
  type: 'app_error';
  /** Name of a service of the topology: every host that has it. */
  service?: string;
  /** Name of a topology host. */
  host?: string;
  /** Name of a topology switch: the hosts that are attached to it. */
  device?: string;
  /** TCP port of the server. */
  port?: number;
  /** The topology's unless given, else by the port: 5432, 3306, 6379, 80, 8080; else tcp. */
  protocol?: AppProtocol;
  /**
   * status: another status in the head of an HTTP/1 answer; error: a database's last error message
   * instead of the answer; delay: the answer is `delayNs` late; hang: it never comes; cut, reset:
   * the connection is closed or reset after `afterBytes` of it; refuse: connections are refused.
   */
  mode: 'status' | 'error' | 'delay' | 'hang' | 'cut' | 'reset' | 'refuse';
  /** Share of answers that are hit (refuse: of connections), 0 to 1; all unless given. */
  share?: number;
  /** 100 to 599; 503 unless given. */
  status?: number;
  /** Other statuses than 2xx and 3xx are rewritten, too. */
  anyStatus?: boolean;
  /** Until the first byte of the answer, ns. */
  delayNs?: number;
  /** Bytes of the answer that still arrive, rounded down to whole segments; 0 unless given. */
  afterBytes?: number;
  /** Only these clients: `source` and `sourcePort`, as in their requests. */
  flow?: FlowMatch;
  /** Which answers are hit; another one hits others. */
  seed?: number;
  /** A number that grows with time. */
  ramp?: Ramp;
}

/**
 * A host that is short of cpu, memory or disk, or a switch that is short of table space or buffers.
 */
export interface ResourceExhaustion {
  type: 'resource_exhaustion';
  /** Name of a topology host. */
  host?: string;
  /** Or name of a topology switch. */
  device?: string;
  resource: 'cpu' | 'memory' | 'disk' | 'table_space' | 'buffers';
  /**
   * cpu: share of the service rate that is used up; memory: share of the host's `concurrent`;
   * disk: share of requests that touch it, all unless given; table_space: share of each table's
   * size that is taken; buffers: share of each port's queue bound that is gone. 0 to 1.
   */
  share?: number;
  /**
   * cpu: workers that are left; memory: requests that it still holds at once; table_space: entries
   * that a table holds at most; buffers: bytes that a port still queues.
   */
  amount?: number;
  /** table_space: only this table of the switch's program, by its name or alias. */
  table?: string;
  /** buffers: only this port. */
  port?: number;
  /**
   * memory: `limit` (unless given), or `oom_restart`: the server is killed, at once or as soon as
   * a request goes beyond `amount`, and back after `downNs`. disk: `slow` (unless given): requests
   * take `latencyNs` longer, or `full`: they are answered with 500.
   */
  mode?: 'limit' | 'oom_restart' | 'slow' | 'full';
  latencyNs?: number;
  downNs?: number;
  /** A number that grows with time. */
  ramp?: Ramp;
}

/** Any failure; `type` tells them apart. */
export type Failure = LinkDegradation | DeviceFailure | AppError | ResourceExhaustion;
