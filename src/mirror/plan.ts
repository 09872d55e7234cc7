/** The entities that make a device mirror by rules: selection, encapsulation, sessions, rates. */
import { parseIpv4 } from '../base/address.js';
import { UmbraError } from '../base/errors.js';
import {
  cloneSessionEntity,
  entityKey,
  meterEntity,
  ruleEntity,
  type Schema,
} from '../p4runtime/index.js';
import { EtherType } from '../packet/index.js';
import type { Entity } from '../proto/index.js';
import { hostPorts, type SwitchDevice, type Topology } from '../topology/index.js';
import { endpointsOf } from './applications.js';
import { isIpv6, RULE_LIMIT, type MirrorRule } from './rules.js';

/** The switch port to which copies leave: an out-of-band link to the collector. */
export const MIRROR_PORT = 500;
/** Where ERSPAN packets are addressed to. */
export const COLLECTOR_IP = '10.254.0.1';
const COLLECTOR_MAC = '02:ee:00:00:00:01';
/** Clone session of rule number n. */
const FIRST_SESSION = 1;
/** `threshold` of every flow. */
const EVERY_FLOW = 65536;
/** A rule at its rate may send so much at once: 50 ms of it, and some of the largest frames. */
const BURST_SECONDS = 0.05;
const LEAST_BURST_BYTES = 32_768;

/** The session in which the copies of rule number `index` travel. */
export function sessionOf(index: number): number {
  return FIRST_SESSION + index;
}

/** The mirror's entities of one device. Throws INVALID_INPUT naming the rule, LIMIT, NOT_FOUND. */
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
  const selected = new Map<string, string>();
  return rules.flatMap((rule, index) => {
    if (rule.session !== undefined) {
      const what = 'session: switches that Umbra controls number theirs by themselves';
      throw new UmbraError('INVALID_INPUT', `mirror rule '${rule.name}': ${what}`);
    }
    if (rule.device !== undefined && rule.device !== device) return [];
    const selections = planSelection(topology, device, rule, index, schema);
    for (const entity of selections) {
      const other = selected.get(entityKey(entity));
      if (other !== undefined) {
        const what = `selects what '${other}' does, at the same priority ${rule.priority}`;
        throw new UmbraError('INVALID_INPUT', `mirror rule '${rule.name}': priority: ${what}`);
      }
      selected.set(entityKey(entity), rule.name);
    }
    return [
      cloneSessionEntity(sessionOf(index), MIRROR_PORT),
      planWrapping(self, rule, index, schema),
      ...planRate(topology, rule, index, schema),
      ...selections,
    ];
  });
}

function planWrapping(
  self: SwitchDevice,
  { truncateBytes }: MirrorRule,
  index: number,
  schema: Schema,
): Entity {
  const session = String(sessionOf(index));
  return ruleEntity(schema, {
    table: 'erspan.encapsulate',
    match: { session },
    action: 'erspan.wrap',
    params: {
      src_mac: self.mac,
      dst_mac: COLLECTOR_MAC,
      src_ip: self.loopback,
      dst_ip: COLLECTOR_IP,
      session_id: session,
      truncate_bytes: String(truncateBytes),
    },
  });
}

/** The meter of a rule with a limit, at this device's part of it. */
function planRate(
  topology: Topology,
  { limitMbps, device }: MirrorRule,
  index: number,
  schema: Schema,
): Entity[] {
  if (limitMbps === undefined) return [];
  const devices = device === undefined ? entryDevices(topology) : 1;
  const bytesPerSecond = Math.max(1, Math.floor((limitMbps * 1e6) / 8 / devices));
  const burst = Math.max(LEAST_BURST_BYTES, Math.round(bytesPerSecond * BURST_SECONDS));
  return [meterEntity(schema, 'mirror.rate', index, bytesPerSecond, burst)];
}

/** How many switches have hosts. */
function entryDevices(topology: Topology): number {
  const all = topology.switches.filter(({ name }) => hostPorts(topology, name).size > 0);
  return Math.max(1, all.length);
}

function planSelection(
  topology: Topology,
  device: string,
  rule: MirrorRule,
  index: number,
  schema: Schema,
): Entity[] {
  const ports = rule.port === undefined ? [...hostPorts(topology, device).keys()] : [rule.port];
  const params = {
    session: String(sessionOf(index)),
    rule: String(index),
    threshold: String(Math.round(rule.share * EVERY_FLOW)),
    metered: rule.limitMbps === undefined ? '0' : '1',
  };
  const seen = new Map<string, Entity>();
  for (const ends of endsOf(rule, topology)) {
    for (const isSix of [false, true]) {
      const match = matchOf(rule, ends, isSix);
      if (!match) continue;
      for (const port of ports) {
        const entity = ruleEntity(schema, {
          table: isSix ? 'mirror.selection_v6' : 'mirror.selection',
          match: { ingress_port: String(port), ...match },
          priority: rule.priority,
          action: isSix ? 'mirror.copy_v6' : 'mirror.copy',
          params,
        });
        seen.set(entityKey(entity), entity);
      }
    }
  }
  return [...seen.values()];
}

/** The ends of what a rule selects; an application gives two for each of its endpoints. */
type Ends = Pick<
  MirrorRule,
  'source' | 'destination' | 'protocol' | 'sourcePort' | 'destinationPort'
>;

function endsOf(rule: MirrorRule, topology: Topology): Ends[] {
  const { application } = rule;
  if (application === undefined) return [rule];
  const endpoints = endpointsOf(application, topology);
  if (typeof endpoints === 'string') {
    throw new UmbraError('INVALID_INPUT', `mirror rule '${rule.name}': application: ${endpoints}`);
  }
  return endpoints.flatMap(({ protocol, port, addresses }) =>
    (addresses ?? [rule.destination])
      .filter((server) => mayServe(server, rule))
      .flatMap((server): Ends[] => {
        const client = rule.source === undefined ? {} : { source: rule.source };
        const back = rule.source === undefined ? {} : { destination: rule.source };
        const to = server === undefined ? {} : { destination: server };
        const from = server === undefined ? {} : { source: server };
        return [
          { protocol, destinationPort: port, ...client, ...to },
          { protocol, sourcePort: port, ...back, ...from },
        ];
      }),
  );
}

/** Whether clients of a rule can reach a server's address. */
function mayServe(server: string | undefined, { source }: MirrorRule): boolean {
  return server === undefined || source === undefined || isIpv6(source) === isIpv6(server);
}

/** The key of a rule in one of the two tables; undefined where it can match nothing. */
function matchOf(
  rule: MirrorRule,
  ends: Ends,
  isSix: boolean,
): Record<string, string> | undefined {
  const match: Record<string, string> = {};
  const set = (field: string, value: string | number | undefined): void => {
    if (value !== undefined) match[field] = String(value);
  };
  for (const prefix of [ends.source, ends.destination]) {
    if (prefix !== undefined && isIpv6(prefix) !== isSix) return undefined;
  }
  set(isSix ? 'ipv6_src' : 'ipv4_src', ends.source);
  set(isSix ? 'ipv6_dst' : 'ipv4_dst', ends.destination);
  set('ip_protocol', ends.protocol);
  set('l4_src_port', ends.sourcePort);
  set('l4_dst_port', ends.destinationPort);
  set('dscp', rule.dscp);
  // Absent fields are zero: without this, DSCP 0 would be that of ARP too.
  if (!isSix && Object.keys(match).length > 0) set('ether_type', EtherType.IPV4);
  set('eth_src', rule.sourceMac);
  set('eth_dst', rule.destinationMac);
  return match;
}

/** The device that an ERSPAN source address belongs to. */
export function deviceByLoopback(topology: Topology): Map<number, string> {
  return new Map(topology.switches.map(({ name, loopback }) => [parseIpv4(loopback), name]));
}
