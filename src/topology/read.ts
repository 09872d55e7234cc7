/**
 * Topology files. Two forms are read: Umbra's own, and p4lang's (`topology.json` of the tutorials),
 * in which links are arrays. Every error names the file and the JSON path.
 */
import { parseIpv4, parseMac } from '../base/address.js';
import { UmbraError, messageOf } from '../base/errors.js';
import { defaultLink, switchOf } from './generate.js';
import { readTraffic } from './readTraffic.js';
import type { Endpoint, Host, Link, Service, SwitchDevice, Topology } from './topology.js';
import { TopologyPart } from './topologyPart.js';

/** Reads a topology. Throws INVALID_TOPOLOGY naming `file` and the place in it. */
export function readTopology(text: string, file: string): Topology {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UmbraError('INVALID_TOPOLOGY', `${file}: not JSON: ${messageOf(error)}`);
  }
  const root = new TopologyPart(json, file, '');
  root.allow(['name', 'hosts', 'switches', 'links', 'traffic', 'description']);
  const switches = root.entries('switches').map(([name, part], i) => readSwitch(name, part, i));
  const hosts = root.entries('hosts').map(([name, part]) => readHost(name, part));
  if (switches.length === 0) throw root.error('a network needs a switch');
  const names = new Set<string>();
  for (const { name } of [...switches, ...hosts]) {
    if (names.has(name)) throw root.error(`two nodes are called '${name}'`);
    names.add(name);
  }
  const links = readLinks(root, switches, hosts);
  checkAddresses(root, hosts);
  const name = root.optionalString('name') ?? file.replace(/^.*\//, '').replace(/\.json$/, '');
  return { name, hosts, switches, links, traffic: readTraffic(root, hosts) };
}

function readSwitch(name: string, part: TopologyPart, index: number): SwitchDevice {
  // The p4lang keys say where a tutorial's switch takes its configuration from.
  part.allow(['id', 'mac', 'loopback', 'runtime_json', 'cli_input', 'mac_addr', 'program']);
  const made = switchOf(name, part.optionalNumber('id') ?? index + 1);
  return {
    ...made,
    mac: part.optionalString('mac') ?? made.mac,
    loopback: part.optionalString('loopback') ?? made.loopback,
  };
}

function readHost(name: string, part: TopologyPart): Host {
  part.allow(['ip', 'mac', 'gateway', 'ip6', 'services', 'commands']);
  const [ip = '', length = '24'] = part.string('ip').split('/');
  part.check('ip', () => parseIpv4(ip));
  if (!/^\d+$/.test(length) || Number(length) > 32) throw part.error(`prefix length '${length}'`);
  const bytes = ip.split('.').map(Number);
  const hex = bytes.map((b) => b.toString(16).padStart(2, '0'));
  const mac = part.optionalString('mac') ?? `02:00:${hex.join(':')}`;
  part.check('mac', () => parseMac(mac));
  const gateway = part.optionalString('gateway') ?? gatewayOf(part, bytes);
  part.check('gateway', () => parseIpv4(gateway));
  const ip6 = part.optionalString('ip6');
  return {
    name,
    mac,
    ip,
    prefixLength: Number(length),
    gateway,
    services: part.list('services').map(readService),
    ...(ip6 === undefined ? {} : { ip6 }),
  };
}

/** p4lang hosts name their gateway in a shell command; otherwise it is .254 of the subnet. */
function gatewayOf(part: TopologyPart, bytes: number[]): string {
  for (const command of part.strings('commands')) {
    const found = /default gw (\d+\.\d+\.\d+\.\d+)/.exec(command);
    if (found) return found[1]!;
  }
  return `${bytes.slice(0, 3).join('.')}.254`;
}

function readService(part: TopologyPart): Service {
  part.allow(['name', 'protocol', 'port', 'meanMs', 'responseBytes']);
  const protocol = part.oneOf('protocol', ['http', 'tcp', 'udp'] as const);
  const meanMs = part.optionalNumber('meanMs');
  const responseBytes = part.optionalNumber('responseBytes');
  return {
    name: part.string('name'),
    protocol,
    port: part.number('port'),
    ...(meanMs === undefined ? {} : { meanMs }),
    ...(responseBytes === undefined ? {} : { responseBytes }),
  };
}

function readLinks(root: TopologyPart, switches: SwitchDevice[], hosts: Host[]): Link[] {
  const isSwitch = new Set(switches.map((device) => device.name));
  const isHost = new Set(hosts.map((host) => host.name));
  const used = new Map<string, string>();
  const parts = root.list('links');
  const pairs = parts.map((part) => {
    const ends = part.isArray ? [part.item(0), part.item(1)] : [part.string('a'), part.string('b')];
    return ends.map((end) => readEnd(part, String(end), isSwitch, isHost)) as [Endpoint, Endpoint];
  });
  const count = new Map<string, number>();
  for (const [a, b] of pairs) {
    const name = `${a.node}-${b.node}`;
    count.set(name, (count.get(name) ?? 0) + 1);
  }
  const links = parts.map((part, i): Link => {
    const [a, b] = pairs[i]!;
    for (const end of [a, b]) {
      const key = `${end.node} port ${end.port}`;
      const other = used.get(key);
      if (other !== undefined) throw part.error(`${key} is already used by ${other}`);
      used.set(key, part.path);
    }
    const short = `${a.node}-${b.node}`;
    const name = count.get(short) === 1 ? short : `${a.node}:${a.port}-${b.node}:${b.port}`;
    return { name, a, b, ...readShape(part) };
  });
  for (const { name } of hosts) {
    if (!used.has(`${name} port 0`)) throw root.error(`host '${name}' has no link`);
  }
  return links;
}

function readShape(part: TopologyPart): Pick<Link, 'bandwidthMbps' | 'delayNs' | 'queueBytes'> {
  if (part.isArray) {
    const delay = part.item(2);
    const bandwidth = part.item(3);
    return {
      ...defaultLink,
      ...(delay === undefined ? {} : { delayNs: readDelay(part, delay) }),
      ...(bandwidth === undefined ? {} : { bandwidthMbps: readPositive(part, bandwidth) }),
    };
  }
  part.allow(['a', 'b', 'bandwidthMbps', 'delay', 'queueBytes']);
  const delay = part.optionalString('delay');
  return {
    bandwidthMbps: readPositive(
      part,
      part.optionalNumber('bandwidthMbps') ?? defaultLink.bandwidthMbps,
    ),
    delayNs: delay === undefined ? defaultLink.delayNs : readDelay(part, delay),
    queueBytes: part.optionalNumber('queueBytes') ?? defaultLink.queueBytes,
  };
}

/** `s1-p2`, `leaf1:2` or a host's name. */
function readEnd(
  part: TopologyPart,
  text: string,
  isSwitch: ReadonlySet<string>,
  isHost: ReadonlySet<string>,
): Endpoint {
  if (isHost.has(text)) return { node: text, port: 0 };
  const found = /^(.+)(?:-p|:)(\d+)$/.exec(text);
  const node = found?.[1] ?? text;
  if (!isSwitch.has(node)) throw part.error(`no host or switch '${node}'`);
  if (!found) throw part.error(`'${text}' names no port; write '${text}:1'`);
  const port = Number(found[2]);
  if (port >= 500) throw part.error(`port ${port} of '${node}'; ports are below 500`);
  return { node, port };
}

const unitNs: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** `5ms`, `10us`, or a bare number of milliseconds, as p4lang writes it. */
function readDelay(part: TopologyPart, value: unknown): number {
  const found = /^(\d+(?:\.\d+)?)(ns|us|ms|s)?$/.exec(String(value));
  if (!found) throw part.error(`'${String(value)}' is no delay; write '5ms'`);
  return Math.round(Number(found[1]) * unitNs[found[2] ?? 'ms']!);
}

function readPositive(part: TopologyPart, value: unknown): number {
  const number = Number(value);
  if (!(number > 0)) throw part.error(`'${String(value)}' is no bandwidth in Mbit/s`);
  return number;
}

function checkAddresses(root: TopologyPart, hosts: Host[]): void {
  const owners = new Map<string, string>();
  for (const { name, ip, mac } of hosts) {
    for (const address of [ip, mac.toLowerCase()]) {
      const owner = owners.get(address);
      if (owner !== undefined) throw root.error(`'${owner}' and '${name}' share ${address}`);
      owners.set(address, name);
    }
  }
}
