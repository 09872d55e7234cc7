/**
 * Finds links by LLDP: every switch sends a frame that names itself and the port out of each of its
 * ports, and tells what it hears. A frame of ours carries a keyed digest, so that other speakers,
 * and frames of earlier runs, make no link. Knows no clock: who runs it decides when to send again.
 */
import { createHmac } from 'node:crypto';
import { decodeLldp, encodeLldp, type Lldp } from '../packet/index.js';
import type { Endpoint } from '../topology/index.js';
import { addressesIn, type SeenHost } from './seenHost.js';

/** A switch that frames can be sent out of. */
export interface ProbedSwitch {
  name: string;
  /** Source of its frames. */
  mac: string;
  ports: readonly number[];
  send(port: number, frame: Uint8Array): void;
}

/** A direction that frames pass. */
export interface Direction {
  from: Endpoint;
  to: Endpoint;
}

/** Somebody else who speaks LLDP. */
export interface ForeignSpeaker {
  at: Endpoint;
  chassis: string;
  port: string;
}

/** What was found out. */
export interface Findings {
  /** Heard in both directions, and by nobody else. */
  links: { a: Endpoint; b: Endpoint }[];
  /** Heard in one direction only. */
  oneWay: Direction[];
  /** A switch that hears itself. */
  loops: Direction[];
  /** Ports that hear several others: something there passes LLDP on. */
  shared: { at: Endpoint; from: Endpoint[] }[];
  /** Ports of which nothing was heard and that heard nothing. */
  silent: { node: string; ports: number[] }[];
  foreign: ForeignSpeaker[];
  hosts: SeenHost[];
}

/** Of local use, as its second bit says: `UM`. */
const OUI = 0x02554d;
const AUTHENTICATOR = 1;
const AUTHENTICATOR_BYTES = 16;
const TTL_SECONDS = 120;
/** Foreign speakers and hosts that are kept: a port may hear anything. */
const LIMIT = 65_536;

const nameOf = ({ node, port }: Endpoint): string => `${node}:${port}`;

/** One run. */
export class Discovery {
  /** By receiving end: the ends that it heard, by name. */
  readonly #heard = new Map<string, { to: Endpoint; from: Map<string, Endpoint> }>();
  readonly #foreign = new Map<string, ForeignSpeaker>();
  readonly #hosts = new Map<string, SeenHost>();

  /**
   * @param switches may grow until the first probe
   * @param key nobody else's: random, or a test's
   */
  constructor(
    private readonly switches: readonly ProbedSwitch[],
    private readonly key: Uint8Array,
  ) {}

  /** Sends a frame out of every port. */
  probe(): void {
    for (const device of this.switches) {
      for (const port of device.ports) device.send(port, this.#frame(device, port));
    }
  }

  /** A switch got a frame at a port. */
  hear(node: string, port: number, frame: Uint8Array): void {
    const at = { node, port };
    const message = decodeLldp(frame);
    if (!message) {
      for (const host of addressesIn(frame)) this.#see({ at, ...host });
      return;
    }
    const from = this.#origin(message);
    if (!from) {
      const { chassis, port: theirs } = message;
      if (this.#foreign.size >= LIMIT) return;
      this.#foreign.set(`${nameOf(at)} ${chassis} ${theirs}`, { at, chassis, port: theirs });
      return;
    }
    const known = this.#heard.get(nameOf(at)) ?? { to: at, from: new Map<string, Endpoint>() };
    known.from.set(nameOf(from), from);
    this.#heard.set(nameOf(at), known);
  }

  findings(): Findings {
    const found: Findings = {
      links: [],
      oneWay: [],
      loops: [],
      shared: [],
      silent: this.#silent(),
      foreign: [...this.#foreign.values()],
      hosts: [],
    };
    const inner = new Set<string>();
    for (const { to, from } of this.#heard.values()) {
      const others = [...from.values()];
      inner.add(nameOf(to));
      if (others.length > 1) found.shared.push({ at: to, from: others });
      else this.#sort({ from: others[0]!, to }, found);
    }
    // What comes in where another switch is need not hang there.
    found.hosts = [...this.#hosts.values()].filter(({ at }) => !inner.has(nameOf(at)));
    return found;
  }

  /** A direction is half a link, when the other half was heard too. */
  #sort(direction: Direction, found: Findings): void {
    const { from, to } = direction;
    const back = this.#heard.get(nameOf(from))?.from;
    if (from.node === to.node) found.loops.push(direction);
    else if (!back?.has(nameOf(to))) found.oneWay.push(direction);
    else if (back.size === 1 && this.#isFirst(from, to)) found.links.push({ a: from, b: to });
  }

  /** Each link is told once, from its first switch. */
  #isFirst(from: Endpoint, to: Endpoint): boolean {
    const order = this.switches.map(({ name }) => name);
    return order.indexOf(from.node) < order.indexOf(to.node);
  }

  #silent(): Findings['silent'] {
    const spoken = new Set<string>();
    for (const [to, { from }] of this.#heard) {
      for (const end of [to, ...from.keys()]) spoken.add(end);
    }
    return this.switches
      .map(({ name: node, ports }) => {
        return { node, ports: ports.filter((port) => !spoken.has(nameOf({ node, port }))) };
      })
      .filter(({ ports }) => ports.length > 0);
  }

  #see(host: SeenHost): void {
    if (this.#hosts.size < LIMIT || this.#hosts.has(host.ip)) this.#hosts.set(host.ip, host);
  }

  #frame({ name, mac }: ProbedSwitch, port: number): Uint8Array {
    const ids = { chassis: name, port: String(port), ttlSeconds: TTL_SECONDS };
    const value = this.#authenticator(ids.chassis, ids.port);
    const organisations = [{ oui: OUI, subtype: AUTHENTICATOR, value }];
    return encodeLldp({ ...ids, organisations }, mac);
  }

  /** The end that sent a frame; undefined unless this run sent it. */
  #origin({ chassis, port, organisations }: Lldp): Endpoint | undefined {
    const ours = organisations.find(
      ({ oui, subtype }) => oui === OUI && subtype === AUTHENTICATOR,
    );
    if (!ours || !this.#authenticator(chassis, port).equals(ours.value)) return undefined;
    return { node: chassis, port: Number(port) };
  }

  #authenticator(chassis: string, port: string): Buffer {
    const digest = createHmac('sha256', this.key).update(`${chassis}\0${port}`).digest();
    return digest.subarray(0, AUTHENTICATOR_BYTES);
  }
}
