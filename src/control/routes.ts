/**
 * The forwarding state that a topology asks for: routes along all shortest paths, ECMP groups, ARP
 * answers, each switch's hash salt. A plan is what the whole network should hold; applying it is
 * the device's reconciliation.
 */
import { formatIpv4, ipv4Mask, parseIpv4 } from '../base/address.js';
import { defined } from '../base/assert.js';
import { groupEntity, memberEntity, ruleEntity, type Schema } from '../p4runtime/index.js';
import type { Entity } from '../proto/index.js';
import {
  attachmentsOf,
  Graph,
  hostPorts,
  type Avoided,
  type Host,
  type NextHop,
  type Topology,
} from '../topology/index.js';

/** Wanted entities by device name. */
export type NetworkPlan = Map<string, Entity[]>;

const PROFILE = 'routing.ecmp';
const FORWARD = 'routing.forward';

/**
 * Routes of every switch. `avoided` links and devices carry no traffic where another path exists;
 * a destination that only they reach keeps its path.
 */
export function planRoutes(
  topology: Topology,
  schemaOf: (device: string) => Schema,
  avoided: Avoided = {},
): NetworkPlan {
  const plans = new Map(
    topology.switches.map((device) => [
      device.name,
      new SwitchPlan(device.name, topology, schemaOf),
    ]),
  );
  const around = new Graph(topology, avoided);
  const all = new Graph(topology);
  for (const { hosts, prefix } of destinations(topology)) {
    const [first] = hosts;
    const preferred = around.nextHopsTo(first!.name);
    const fallback = all.nextHopsTo(first!.name);
    for (const device of topology.switches) {
      const local = hosts.filter((host) => isAttached(topology, device.name, host));
      const plan = plans.get(device.name)!;
      for (const host of local)
        plan.addRoute(`${host.ip}/32`, localHop(topology, device.name, host));
      if (local.length === hosts.length) continue;
      const hops = preferred.get(device.name) ?? fallback.get(device.name) ?? [];
      if (hops.length > 0) plan.addRoute(prefix, hops);
    }
  }
  for (const { address, device } of functionAddresses(topology)) {
    const preferred = around.nextHopsTo(device);
    const fallback = all.nextHopsTo(device);
    for (const { name } of topology.switches) {
      const hops = preferred.get(name) ?? fallback.get(name) ?? [];
      if (hops.length > 0) plans.get(name)!.addRoute(`${address}/32`, hops);
    }
  }
  return new Map([...plans].map(([name, plan]) => [name, plan.entities()]));
}

/** Addresses that network functions answer to, and that are no host's. */
function functionAddresses(topology: Topology): { address: string; device: string }[] {
  const taken = new Set(topology.hosts.map(({ ip }) => ip));
  return topology.switches.flatMap(({ name: device, function: it }) => {
    const addresses =
      it?.program === 'nat'
        ? [it.address]
        : it?.program === 'balancer'
          ? it.services.map(({ address }) => address)
          : [];
    return [...new Set(addresses)]
      .filter((address) => !taken.has(address))
      .map((address) => ({ address, device }));
  });
}

/** Hosts that share a prefix and a switch, as one destination; others one by one. */
function destinations(topology: Topology): { prefix: string; hosts: Host[] }[] {
  const groups = new Map<string, Host[]>();
  for (const host of topology.hosts) {
    const network = (parseIpv4(host.ip) & ipv4Mask(host.prefixLength)) >>> 0;
    const prefix = `${formatIpv4(network)}/${host.prefixLength}`;
    const group = groups.get(prefix);
    if (group) group.push(host);
    else groups.set(prefix, [host]);
  }
  return [...groups].flatMap(([prefix, hosts]) => {
    const switches = new Set(hosts.map((host) => switchOfHost(topology, host.name)));
    if (switches.size === 1) return [{ prefix, hosts }];
    return hosts.map((host) => ({ prefix: `${host.ip}/32`, hosts: [host] }));
  });
}

/** The switch that a host hangs on. */
export function switchOfHost(topology: Topology, host: string): string {
  return defined(attachmentsOf(topology, host)[0], `link of ${host}`).node;
}

function isAttached(topology: Topology, device: string, host: Host): boolean {
  return switchOfHost(topology, host.name) === device;
}

function localHop(topology: Topology, device: string, host: Host): NextHop[] {
  for (const [port, name] of hostPorts(topology, device)) {
    if (name === host.name) return [{ port, node: name, link: '' }];
  }
  return [];
}

/** Collects the entities of one switch; equal next hops share a member, equal sets a group. */
class SwitchPlan {
  readonly #schema: Schema;
  readonly #members = new Map<string, number>();
  readonly #groups = new Map<string, number>();
  readonly #entities: Entity[] = [];
  readonly #mac: string;

  constructor(
    readonly device: string,
    private readonly topology: Topology,
    schemaOf: (device: string) => Schema,
  ) {
    this.#schema = schemaOf(device);
    const self = defined(
      topology.switches.find((s) => s.name === device),
      device,
    );
    this.#mac = self.mac;
    // An odd multiplier of its own for each switch, so that ECMP choices in a row differ.
    const salt = (Math.imul(self.deviceId, 0x9e3779b1) | 1) >>> 0;
    this.#add({
      table: 'routing.salt',
      match: {},
      isDefault: true,
      action: 'set_salt',
      params: { multiplier: `0x${salt.toString(16)}` },
    });
    this.#addArp();
  }

  entities(): Entity[] {
    return this.#entities;
  }

  addRoute(prefix: string, hops: readonly NextHop[]): void {
    const members = hops.map((hop) => this.#member(hop));
    const target = members.length === 1 ? { member: members[0]! } : { group: this.#group(members) };
    this.#add({ table: 'routing.ipv4_lpm', match: { ipv4_dst: prefix }, ...target });
  }

  #add(rule: Parameters<typeof ruleEntity>[1]): void {
    this.#entities.push(ruleEntity(this.#schema, rule));
  }

  #member(hop: NextHop): number {
    const key = `${hop.port} ${hop.node}`;
    const known = this.#members.get(key);
    if (known !== undefined) return known;
    const id = this.#members.size + 1;
    this.#members.set(key, id);
    const params = { src_mac: this.#mac, dst_mac: this.#macOf(hop.node), port: String(hop.port) };
    this.#entities.push(memberEntity(this.#schema, PROFILE, id, FORWARD, params));
    return id;
  }

  #group(members: readonly number[]): number {
    const key = members.join(',');
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const id = this.#groups.size + 1;
    this.#groups.set(key, id);
    this.#entities.push(groupEntity(this.#schema, PROFILE, id, members));
    return id;
  }

  /** The switch answers for gateways, and for the other hosts of its hosts' subnets. */
  #addArp(): void {
    const attached = [...hostPorts(this.topology, this.device).values()];
    const own = this.topology.hosts.filter((host) => attached.includes(host.name));
    const answers = new Set<string>();
    for (const host of own) {
      const mask = ipv4Mask(host.prefixLength);
      answers.add(host.gateway);
      for (const other of this.topology.hosts) {
        if (((parseIpv4(other.ip) ^ parseIpv4(host.ip)) & mask) === 0) answers.add(other.ip);
      }
    }
    for (const address of answers) {
      this.#add({
        table: 'arp.responder',
        match: { target_ip: address },
        action: 'arp.reply',
        params: { mac: this.#mac },
      });
    }
  }

  #macOf(node: string): string {
    const all = [...this.topology.switches, ...this.topology.hosts];
    return defined(
      all.find((n) => n.name === node),
      node,
    ).mac;
  }
}
