/** The network as a graph: what every other part calls hosts, switches, ports and links. */

/** One end of a link: a switch's port, or a host (whose port is always 0). */
export interface Endpoint {
  node: string;
  port: number;
}

/** An end system: addresses, first hop, and the services it offers. */
export interface Host {
  name: string;
  /** 6 bytes as text, `00:00:0a:00:01:01`. */
  mac: string;
  /** IPv4 address without a prefix length. */
  ip: string;
  /** Length of the host's own subnet. */
  prefixLength: number;
  /** IPv6 address, when the host has one. */
  ip6?: string;
  /** First hop; the switch at the other end answers ARP for it. */
  gateway: string;
  /** Named services that listen here, e.g. `web` on TCP 80. */
  services: Service[];
  /** How much its servers can do at once; without bounds unless given. */
  server?: ServerCapacity;
}

/** What a host's servers have in all. */
export interface ServerCapacity {
  /** Requests that are worked on at a time: CPU cores. */
  workers?: number;
  /** Requests that fit into memory. */
  concurrent?: number;
  /** Requests beyond those that wait to be taken; further ones are answered with 503. */
  backlog?: number;
}

/** A server of the host: its response time is exponential around `meanMs` when given. */
export interface Service {
  name: string;
  protocol: 'http' | 'tcp' | 'udp';
  port: number;
  /** Mean time to answer, ms. */
  meanMs?: number;
  /** Bytes of one answer's body. */
  responseBytes?: number;
}

/** A P4 switch, as the controller knows it. */
export interface SwitchDevice {
  name: string;
  /** P4Runtime device id, 1 upwards. */
  deviceId: number;
  /** The switch's own MAC: source of forwarded packets, answer to ARP for gateways. */
  mac: string;
  /** Loopback address, source of ERSPAN copies. */
  loopback: string;
  /** What it does besides forwarding. */
  function?: NetworkFunction;
}

/** An address and port that somebody serves. */
export interface ServedAddress {
  address: string;
  protocol: 'tcp' | 'udp';
  port: number;
}

/** A server behind a balancer; new connections come to it in proportion to its weight. */
export interface Backend {
  address: string;
  port: number;
  /** 0: none. */
  weight: number;
}

/** A program of its own that a switch runs (`p4/functions`), and what it is told. */
export type NetworkFunction =
  /** Connections pass that were opened at `inside` ports, or to an open service. */
  | { program: 'firewall'; inside: number[]; open: ServedAddress[] }
  /** What comes in at `inside` ports leaves with the public address. */
  | { program: 'nat'; inside: number[]; address: string }
  | { program: 'balancer'; services: (ServedAddress & { backends: Backend[] })[] };

/** A full-duplex cable between two endpoints. */
export interface Link {
  /** `a-b` with both ends' names, unique; parallel links carry their ports. */
  name: string;
  a: Endpoint;
  b: Endpoint;
  /** Megabit per second, each direction. */
  bandwidthMbps: number;
  /** One-way propagation delay, ns. */
  delayNs: number;
  /** Bound of each direction's queue in bytes. */
  queueBytes: number;
}

/** A whole network and the traffic it carries. */
export interface Topology {
  name: string;
  hosts: Host[];
  switches: SwitchDevice[];
  links: Link[];
  /** Traffic to run when none is learned or captured (`fabric/workload`). */
  traffic: TrafficFlow[];
}

/** How a server answers, as measured; draws from this take the place of draws around means. */
export interface AnswerProfile {
  /** Quantiles of the time to answer in even steps from the least to the greatest, ns. */
  serviceNs: number[];
  /** The same of an answer's bytes. */
  bytes: number[];
  /** Statuses of 400 and above, with their share of all answers, 0 to 1. */
  errors?: { status: number; share: number }[];
}

/**
 * One stream of traffic between two hosts: what a topology file asks for, what the mirror learns,
 * and what the fabric runs. Times in ns, sizes in bytes; random draws are exponential around means.
 */
export type TrafficFlow =
  | {
      kind: 'http';
      name: string;
      client: string;
      server: string;
      port: number;
      /** Mean requests per second while the client is not waiting (open loop, Poisson). */
      requestsPerSecond: number;
      requestBytes: number;
      responseBytes: number;
      /** Mean server time, ns. */
      serviceNs: number;
      /** What the server's answers are like, when more than their means is known. */
      answers?: AnswerProfile;
    }
  | {
      kind: 'bulk';
      name: string;
      client: string;
      server: string;
      port: number;
      /** Bytes from client to server in one transfer, repeated `transfersPerSecond`; 0: endless. */
      transferBytes: number;
      transfersPerSecond: number;
    }
  | {
      kind: 'udp';
      name: string;
      client: string;
      server: string;
      port: number;
      packetsPerSecond: number;
      payloadBytes: number;
    }
  | { kind: 'ping'; name: string; client: string; server: string; intervalNs: number };
