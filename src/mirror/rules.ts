/** Mirror rules: which traffic is copied for the shadow, and the entities that make it so. */
import { parseIpv4 } from '../base/address.js';
import { UmbraError } from '../base/errors.js';
import { cloneSessionEntity, ruleEntity, type Schema } from '../p4runtime/index.js';
import type { Entity } from '../proto/index.js';
import { hostPorts, type Topology } from '../topology/index.js';

/** A rule; a part that is left out is any. It sees packets where they enter the network. */
export interface MirrorRule {
  name: string;
  /** Device where the packet enters. */
  device?: string;
  /** `10.0.1.0/24` or an address. */
  source?: string;
  destination?: string;
  /** IP protocol number. */
  protocol?: number;
  sourcePort?: number;
  destinationPort?: number;
  dscp?: number;
  /** Share of flows, 0 to 1; a flow is copied whole or not at all. */
  share: number;
  /** Larger wins where rules overlap. */
  priority: number;
  /** The most that is kept of a frame, bytes. */
  truncateBytes: number;
}

/** The switch port to which copies leave: an out-of-band link to the collector. */
export const MIRROR_PORT = 500;
/** Where ERSPAN packets are addressed to. */
export const COLLECTOR_IP = '10.254.0.1';
const COLLECTOR_MAC = '02:ee:00:00:00:01';
const RULE_LIMIT = 1000;
/** Clone session of rule number n. */
const FIRST_SESSION = 1;

/** The session in which the copies of rule number `index` travel. */
export function sessionOf(index: number): number {
  return FIRST_SESSION + index;
}

/** Everything, whole. */
export function mirrorAll(name = 'everything'): MirrorRule {
  return { name, share: 1, priority: 10, truncateBytes: 65535 };
}

/** The mirror's entities of one device. Throws INVALID_INPUT naming the rule. */
export function planMirror(
  topology: Topology,
  device: string,
  rules: readonly MirrorRule[],
  schema: Schema,
): Entity[] {
  if (rules.length > RULE_LIMIT) {
    throw new UmbraError('LIMIT', `${rules.length} mirror rules, ${RULE_LIMIT} at most`);
  }
  const self = topology.switches.find((s) => s.name === device);
  if (!self) throw new UmbraError('NOT_FOUND', `no switch '${device}'`);
  const ports = [...hostPorts(topology, device).keys()];
  return rules.flatMap((rule, index) => {
    if (!(rule.share >= 0 && rule.share <= 1)) {
      throw new UmbraError('INVALID_INPUT', `mirror rule '${rule.name}': share ${rule.share}`);
    }
    if (rule.device !== undefined && rule.device !== device) return [];
    const session = sessionOf(index);
    const wrap = ruleEntity(schema, {
      table: 'erspan.encapsulate',
      match: { session: String(session) },
      action: 'erspan.wrap',
      params: {
        src_mac: self.mac,
        dst_mac: COLLECTOR_MAC,
        src_ip: self.loopback,
        dst_ip: COLLECTOR_IP,
        session_id: String(session),
        truncate_bytes: String(rule.truncateBytes),
      },
    });
    const selections = ports.map((port) =>
      ruleEntity(schema, {
        table: 'mirror.selection',
        match: { ingress_port: String(port), ...matchOf(rule) },
        priority: rule.priority,
        action: 'mirror.copy',
        params: {
          session: String(session),
          rule: String(index),
          threshold: String(Math.round(rule.share * 65536)),
        },
      }),
    );
    return [cloneSessionEntity(session, MIRROR_PORT), wrap, ...selections];
  });
}

function matchOf(rule: MirrorRule): Record<string, string> {
  const match: Record<string, string> = {};
  if (rule.source !== undefined) match['ipv4_src'] = rule.source;
  if (rule.destination !== undefined) match['ipv4_dst'] = rule.destination;
  if (rule.protocol !== undefined) match['ip_protocol'] = String(rule.protocol);
  if (rule.sourcePort !== undefined) match['l4_src_port'] = String(rule.sourcePort);
  if (rule.destinationPort !== undefined) match['l4_dst_port'] = String(rule.destinationPort);
  if (rule.dscp !== undefined) match['dscp'] = String(rule.dscp);
  return match;
}

/** The device that an ERSPAN source address belongs to. */
export function deviceByLoopback(topology: Topology): Map<number, string> {
  return new Map(topology.switches.map(({ name, loopback }) => [parseIpv4(loopback), name]));
}

/** The rule as one line of text. */
export function describeRule(rule: MirrorRule): string {
  const parts = Object.entries(matchOf(rule)).map(([key, value]) => `${key}=${value}`);
  return `${rule.name}: ${parts.join(' ') || 'any packet'}, ${rule.share * 100} % of flows`;
}
