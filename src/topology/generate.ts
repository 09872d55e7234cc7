/** Topologies by rule: leaf-spine and fat tree. */
import { UmbraError } from '../base/errors.js';
import { demoTraffic } from './demoTraffic.js';
import type { Host, Link, SwitchDevice, Topology } from './topology.js';

/** What generated links have in common. */
export interface LinkShape {
  bandwidthMbps: number;
  delayNs: number;
  queueBytes: number;
}

/** A link of a gigabit network within one building. */
export const defaultLink: LinkShape = {
  bandwidthMbps: 1000,
  delayNs: 10_000,
  queueBytes: 256 * 1024,
};

/** A switch by its P4Runtime device id, with addresses that follow from it. */
export function switchOf(name: string, deviceId: number): SwitchDevice {
  const hex = deviceId.toString(16).padStart(4, '0');
  return {
    name,
    deviceId,
    mac: `02:aa:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`,
    loopback: `10.255.${deviceId >> 8}.${deviceId & 255}`,
  };
}

/** Host `index` (from 1) of subnet 10.(subnet >> 8).(subnet & 255).0/24. */
export function hostOf(name: string, subnet: number, index: number): Host {
  const [high, low] = [subnet >> 8, subnet & 255];
  const byte = (value: number): string => value.toString(16).padStart(2, '0');
  return {
    name,
    mac: `02:00:0a:${byte(high)}:${byte(low)}:${byte(index)}`,
    ip: `10.${high}.${low}.${index}`,
    prefixLength: 24,
    gateway: `10.${high}.${low}.254`,
    services: [],
  };
}

/**
 * `leaves` switches with `hostsPerLeaf` hosts each, joined by `spines` switches. Throws
 * INVALID_INPUT unless all are 1 or more, at most 253 hosts a leaf.
 */
export function leafSpine(
  spines: number,
  leaves: number,
  hostsPerLeaf: number,
  shape: LinkShape = defaultLink,
): Topology {
  checkCount('leaves', leaves, 1, 400);
  checkCount('hosts per leaf', hostsPerLeaf, 1, 253);
  const largest = Math.max(leaves, hostsPerLeaf);
  const names = Array.from({ length: leaves }, (_, l) =>
    Array.from({ length: hostsPerLeaf }, (__, h) => `h${pair(l + 1, h + 1, largest)}`),
  );
  return leafSpineOf(spines, names, shape);
}

/** The same with hosts of given names: a list for each leaf, which may be empty. */
export function leafSpineOf(
  spines: number,
  hostNames: readonly (readonly string[])[],
  shape: LinkShape = defaultLink,
): Topology {
  checkCount('spines', spines, 1, 64);
  const topology: Topology = {
    name: 'leaf-spine',
    hosts: [],
    switches: [],
    links: [],
    traffic: [],
  };
  let id = 1;
  for (let s = 1; s <= spines; s++) topology.switches.push(switchOf(`spine${s}`, id++));
  hostNames.forEach((names, i) => {
    const l = i + 1;
    const leaf = `leaf${l}`;
    topology.switches.push(switchOf(leaf, id++));
    names.forEach((name, h) => {
      topology.hosts.push(hostOf(name, l, h + 1));
      topology.links.push(linkOf(name, 0, leaf, h + 1, shape));
    });
    for (let s = 1; s <= spines; s++) {
      topology.links.push(linkOf(leaf, names.length + s, `spine${s}`, l, shape));
    }
  });
  topology.traffic = demoTraffic(topology.hosts);
  return topology;
}

/**
 * A k-ary fat tree (Al-Fares, 2008): k pods, k^3/4 hosts, 5k^2/4 switches. Throws INVALID_INPUT
 * unless k is even, 2 to 48.
 */
export function fatTree(k: number, shape: LinkShape = defaultLink): Topology {
  checkCount('k', k, 2, 48);
  if (k % 2 !== 0) throw new UmbraError('INVALID_INPUT', `k is ${k}; a fat tree needs an even one`);
  const topology: Topology = {
    name: `fat-tree-${k}`,
    hosts: [],
    switches: [],
    links: [],
    traffic: [],
  };
  const half = k / 2;
  let id = 1;
  for (let c = 0; c < half * half; c++) topology.switches.push(switchOf(`core${c + 1}`, id++));
  for (let pod = 0; pod < k; pod++) {
    for (let i = 0; i < half; i++) {
      topology.switches.push(switchOf(`agg${pair(pod + 1, i + 1, k)}`, id++));
      topology.switches.push(switchOf(`edge${pair(pod + 1, i + 1, k)}`, id++));
    }
    for (let a = 0; a < half; a++) {
      const aggregation = `agg${pair(pod + 1, a + 1, k)}`;
      for (let c = 0; c < half; c++) {
        const core = `core${a * half + c + 1}`;
        topology.links.push(linkOf(aggregation, half + c + 1, core, pod + 1, shape));
      }
      for (let e = 0; e < half; e++) {
        const edge = `edge${pair(pod + 1, e + 1, k)}`;
        topology.links.push(linkOf(edge, half + a + 1, aggregation, e + 1, shape));
      }
    }
    for (let e = 0; e < half; e++) {
      for (let h = 0; h < half; h++) {
        const name = k < 10 ? `h${pod + 1}${e + 1}${h + 1}` : `h${pod + 1}-${e + 1}-${h + 1}`;
        const host = hostOf(name, pod * half + e + 1, h + 1);
        topology.hosts.push(host);
        topology.links.push(linkOf(host.name, 0, `edge${pair(pod + 1, e + 1, k)}`, h + 1, shape));
      }
    }
  }
  topology.traffic = demoTraffic(topology.hosts);
  return topology;
}

/** Two numbers as one name, which stays unique beyond single digits. */
function pair(first: number, second: number, largest: number): string {
  return largest < 10 ? `${first}${second}` : `${first}-${second}`;
}

function checkCount(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new UmbraError('INVALID_INPUT', `${what}: ${value}, must be ${least} to ${most}`);
}

function linkOf(a: string, aPort: number, b: string, bPort: number, shape: LinkShape): Link {
  return {
    name: `${a}-${b}`,
    a: { node: a, port: aPort },
    b: { node: b, port: bPort },
    ...shape,
  };
}
