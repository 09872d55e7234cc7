/**
 * Topology files. Two forms are read: Umbra's own, and p4lang's (`topology.json` of the tutorials),
 * in which links are arrays. Every error names the file and the JSON path.
 */
import {
  formatIpv4,
  formatIpv6,
  ipv4Mask,
  parseIpv4,
  parseIpv6,
  parseMac,
} from '../base/address.js';
import { UmbraError, messageOf } from '../base/errors.js';
import { demoTraffic } from './demoTraffic.js';
import { switchOf } from './generate.js';
import { functionKeys, readFunction } from './readFunction.js';
import { readLinks } from './readLinks.js';
import { readTraffic } from './readTraffic.js';
import type { Host, ServerCapacity, Service, SwitchDevice, Topology } from './topology.js';
import { TopologyPart } from './topologyPart.js';

/** More requests than a host ever has at once. */
const CAPACITY_MOST = 1_000_000;

/**
 * Reads a topology. A file without `traffic` gets `demoTraffic`. Throws INVALID_TOPOLOGY naming
 * `file` and the place in it.
 */
export function readTopology(text: string, file: string): Topology {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UmbraError('INVALID_TOPOLOGY', `${file}: not JSON: ${messageOf(error)}`);
  }
  const root = new TopologyPart(json, file, '');
  root.allow(['name', 'hosts', 'switches', 'links', 'traffic', 'description']);
  const hosts = root.entries('hosts').map(([name, part]) => readHost(name, part));
  const switches = root
    .entries('switches')
    .map(([name, part], i) => readSwitch(name, part, i, hosts));
  if (switches.length === 0) throw root.error('a network needs a switch');
  const names = new Set<string>();
  for (const { name } of [...switches, ...hosts]) {
    if (names.has(name)) throw root.error(`two nodes are called '${name}'`);
    names.add(name);
  }
  const links = readLinks(root, switches, hosts);
  checkAddresses(root, hosts, switches);
  const name = root.optionalString('name') ?? file.replace(/^.*\//, '').replace(/\.json$/, '');
  const traffic = root.has('traffic') ? readTraffic(root, hosts) : demoTraffic(hosts);
  return { name, hosts, switches, links, traffic };
}

function readSwitch(
  name: string,
  part: TopologyPart,
  index: number,
  hosts: readonly Host[],
): SwitchDevice {
  // The p4lang keys say where a tutorial's switch takes its configuration from.
  const p4lang = ['runtime_json', 'cli_input', 'mac_addr', 'program'];
  part.allow(['id', 'mac', 'loopback', ...p4lang, ...functionKeys]);
  const made = switchOf(name, part.optionalInteger('id', 1, 65535) ?? index + 1);
  const mac = part.optionalString('mac') ?? made.mac;
  part.check('mac', () => parseMac(mac));
  const loopback = part.optionalString('loopback') ?? made.loopback;
  part.check('loopback', () => parseIpv4(loopback));
  const networkFunction = readFunction(part, hosts);
  return { ...made, mac, loopback, ...(networkFunction && { function: networkFunction }) };
}

function readHost(name: string, part: TopologyPart): Host {
  part.allow(['ip', 'mac', 'gateway', 'ip6', 'services', 'server', 'commands']);
  const [ip = '', length = '24', ...rest] = part.string('ip').split('/');
  part.check('ip', () => parseIpv4(ip));
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32 || rest.length > 0) {
    throw part.error(`'ip': prefix length '${[length, ...rest].join('/')}'`);
  }
  const prefixLength = Number(length);
  const hex = ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  const mac = part.optionalString('mac') ?? `02:00:${hex.join(':')}`;
  part.check('mac', () => parseMac(mac));
  const gateway = part.optionalString('gateway') ?? gatewayOf(part, ip, prefixLength);
  checkGateway(part, ip, prefixLength, gateway);
  const ip6 = part.optionalString('ip6');
  if (ip6 !== undefined) part.check('ip6', () => parseIpv6(ip6));
  return {
    name,
    mac,
    ip,
    prefixLength,
    gateway,
    services: part.list('services').map(readService),
    ...(ip6 === undefined ? {} : { ip6 }),
    ...(part.has('server') ? { server: readServer(part.child('server')) } : {}),
  };
}

function readServer(part: TopologyPart): ServerCapacity {
  part.allow(['workers', 'concurrent', 'backlog']);
  const workers = part.optionalInteger('workers', 1, CAPACITY_MOST);
  const concurrent = part.optionalInteger('concurrent', 1, CAPACITY_MOST);
  const backlog = part.optionalInteger('backlog', 0, CAPACITY_MOST);
  return {
    ...(workers === undefined ? {} : { workers }),
    ...(concurrent === undefined ? {} : { concurrent }),
    ...(backlog === undefined ? {} : { backlog }),
  };
}

/**
 * p4lang hosts name their gateway in a shell command; otherwise it is .254, or the highest address
 * of a smaller subnet.
 */
function gatewayOf(part: TopologyPart, ip: string, prefixLength: number): string {
  for (const command of part.strings('commands')) {
    const found = /default (?:gw|via) (\d+\.\d+\.\d+\.\d+)/.exec(command);
    if (found) return found[1]!;
  }
  const own = parseIpv4(ip);
  const last = (own | ~ipv4Mask(Math.max(24, prefixLength))) >>> 0;
  if (prefixLength >= 31) return formatIpv4(own === last ? own - 1 : last);
  return formatIpv4(own === last - 1 ? last - 2 : last - 1);
}

/** The host must reach its gateway directly; with a prefix of 32 it reaches nothing else so. */
function checkGateway(part: TopologyPart, ip: string, prefixLength: number, gateway: string): void {
  part.check('gateway', () => parseIpv4(gateway));
  const differ = (parseIpv4(ip) ^ parseIpv4(gateway)) >>> 0;
  if (differ === 0) throw part.error(`'gateway' ${gateway} is the host itself`);
  if (prefixLength < 32 && (differ & ipv4Mask(prefixLength)) !== 0) {
    throw part.error(`'gateway' ${gateway} is not in ${ip}/${prefixLength}`);
  }
}

function readService(part: TopologyPart): Service {
  part.allow(['name', 'protocol', 'port', 'meanMs', 'responseBytes']);
  const protocol = part.oneOf('protocol', ['http', 'tcp', 'udp'] as const);
  const meanMs = part.optionalNumber('meanMs');
  const responseBytes = part.optionalNumber('responseBytes');
  return {
    name: part.string('name'),
    protocol,
    port: part.integer('port', 1, 65535),
    ...(meanMs === undefined ? {} : { meanMs }),
    ...(responseBytes === undefined ? {} : { responseBytes }),
  };
}

function checkAddresses(root: TopologyPart, hosts: Host[], switches: SwitchDevice[]): void {
  const owners = new Map<string, string>();
  const claim = (address: string, name: string): void => {
    const owner = owners.get(address);
    if (owner !== undefined) throw root.error(`'${owner}' and '${name}' share ${address}`);
    owners.set(address, name);
  };
  for (const { name, deviceId, mac, loopback } of switches) {
    claim(`id ${deviceId}`, name);
    claim(loopback, name);
    claim(mac.toLowerCase(), name);
  }
  for (const { name, ip, ip6, mac } of hosts) {
    claim(ip, name);
    claim(mac.toLowerCase(), name);
    if (ip6 !== undefined) claim(formatIpv6(parseIpv6(ip6)), name);
  }
}
