/**
 * The links of a topology file: objects in Umbra's own form, `[end, end, delay, bandwidth]` in
 * p4lang's. Left out: 1000 Mbit/s, 10 us, 256 KiB of queue.
 */
import { parseDuration } from '../base/duration.js';
import { defaultLink } from './generate.js';
import type { Endpoint, Host, Link, SwitchDevice } from './topology.js';
import type { TopologyPart } from './topologyPart.js';

/** Ports from here on are the switch's own: mirror, CPU, drop. */
const PORT_LIMIT = 500;
const QUEUE_MOST = 2 ** 30;

/** Reads `links`. Throws INVALID_TOPOLOGY naming the link. */
export function readLinks(root: TopologyPart, switches: SwitchDevice[], hosts: Host[]): Link[] {
  const isSwitch = new Set(switches.map((device) => device.name));
  const isHost = new Set(hosts.map((host) => host.name));
  const used = new Map<string, string>();
  const parts = root.list('links');
  const pairs = parts.map((part) => {
    if (part.isArray && (part.length < 2 || part.length > 4)) {
      throw part.error(`${part.length} items; a link is [end, end, delay, bandwidth]`);
    }
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
    if (a.node === b.node) throw part.error(`both ends are '${a.node}'`);
    if (isHost.has(a.node) && isHost.has(b.node)) {
      throw part.error(`joins the hosts '${a.node}' and '${b.node}'; a host hangs on a switch`);
    }
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
    queueBytes: part.optionalInteger('queueBytes', 1, QUEUE_MOST) ?? defaultLink.queueBytes,
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
  if (!isSwitch.has(node)) {
    throw part.error(`no ${found ? 'switch' : 'host or switch'} '${node}'`);
  }
  if (!found) throw part.error(`'${text}' names no port; write '${text}:1'`);
  const port = Number(found[2]);
  if (port >= PORT_LIMIT) {
    throw part.error(`port ${port} of '${node}'; ports are below ${PORT_LIMIT}`);
  }
  return { node, port };
}

/** `5ms`, `10us`, or a bare number of milliseconds, as p4lang writes it. */
function readDelay(part: TopologyPart, value: unknown): number {
  const ns = parseDuration(String(value), 'ms');
  if (ns === undefined) throw part.error(`'${String(value)}' is no delay; write '5ms'`);
  return ns;
}

function readPositive(part: TopologyPart, value: unknown): number {
  const number = Number(value);
  if (number > 0 && Number.isFinite(number)) return number;
  throw part.error(`'${String(value)}' is no bandwidth in Mbit/s`);
}
