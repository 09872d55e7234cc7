/** Mirror rules as people write them: which traffic is copied for the shadow. */
import { parseIpv4, parseIpv6, parseMac } from '../base/address.js';
import { UmbraError, messageOf } from '../base/errors.js';
import { hostPorts, type Topology } from '../topology/index.js';
import { endpointsOf } from './applications.js';

/** A rule; a part that is left out is any. It sees packets where they enter the network. */
export interface MirrorRule {
  name: string;
  /** Device where the packet enters. */
  device?: string;
  /** Port of that device. */
  port?: number;
  sourceMac?: string;
  destinationMac?: string;
  /** `10.0.1.0/24`, `2001:db8::/32`, or an address. */
  source?: string;
  destination?: string;
  /** IP protocol number. */
  protocol?: number;
  sourcePort?: number;
  destinationPort?: number;
  dscp?: number;
  /** `dns`, `http`, ..., or a service of the topology: both directions of its conversations. */
  application?: string;
  /** Share of flows, 0 to 1; a flow is copied whole or not at all. */
  share: number;
  /** Larger wins where rules overlap. */
  priority: number;
  /** The most that is kept of a frame, bytes. */
  truncateBytes: number;
  /** At most so much is copied, Mbit/s of whole frames, evenly divided among the devices. */
  limitMbps?: number;
  /** ERSPAN session of its copies, for sources that are not ours. */
  session?: number;
}

/** Rules that a network can have: each has a cell in the counters, the meter and the sequences. */
export const RULE_LIMIT = 255;

/** Protocols that have names in rules. */
const protocols: Record<string, number> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 };

/** Everything, whole. */
export function mirrorAll(name = 'everything'): MirrorRule {
  return { name, share: 1, priority: 10, truncateBytes: 65535 };
}

/** One rule as it came, read field by field. */
class RulePart {
  constructor(
    private readonly fields: Record<string, unknown>,
    private readonly name: string,
  ) {}

  error(field: string, what: string): UmbraError {
    return new UmbraError('INVALID_INPUT', `mirror rule '${this.name}': ${field}: ${what}`);
  }

  allow(known: readonly string[]): void {
    for (const field of Object.keys(this.fields)) {
      if (!known.includes(field)) throw this.error(field, 'no such field');
    }
  }

  text(field: string): string | undefined {
    const value = this.fields[field];
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value === '') throw this.error(field, 'must be a text');
    return value;
  }

  number(field: string, least: number, most: number): number | undefined {
    const value = this.fields[field];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw this.error(field, `${String(value)} is no number from ${least} to ${most}`);
    }
    return value;
  }

  integer(field: string, least: number, most: number): number | undefined {
    const value = this.number(field, least, most);
    if (value === undefined || Number.isInteger(value)) return value;
    throw this.error(field, `${value} is no whole number`);
  }

  mac(field: string): string | undefined {
    const text = this.text(field);
    if (text !== undefined) this.#check(field, () => parseMac(text));
    return text;
  }

  prefix(field: string): string | undefined {
    const text = this.text(field);
    if (text === undefined) return undefined;
    const [address = '', length, ...more] = text.split('/');
    const isSix = isIpv6(text);
    this.#check(field, () => void (isSix ? parseIpv6(address) : parseIpv4(address)));
    const most = isSix ? 128 : 32;
    const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= most);
    if (!isLength || more.length > 0) throw this.error(field, `'${text}' is no prefix`);
    return text;
  }

  protocol(): number | undefined {
    const value = this.fields['protocol'];
    if (typeof value !== 'string') return this.integer('protocol', 0, 255);
    const number = protocols[value.toLowerCase()];
    if (number !== undefined) return number;
    const known = Object.keys(protocols).join(', ');
    throw this.error('protocol', `no protocol '${value}'; there are ${known}, and numbers`);
  }

  #check(field: string, parse: () => unknown): void {
    try {
      parse();
    } catch (error) {
      throw this.error(field, messageOf(error));
    }
  }
}

/** Whether a prefix or address is one of IPv6. */
export function isIpv6(prefix: string): boolean {
  return prefix.includes(':');
}

/**
 * Reads a list of rules, from a file or a request. Throws INVALID_INPUT naming rule and field, and
 * LIMIT.
 */
export function readMirrorRules(json: unknown, topology: Topology): MirrorRule[] {
  if (!Array.isArray(json)) throw new UmbraError('INVALID_INPUT', 'mirror rules must be a list');
  if (json.length > RULE_LIMIT) {
    throw new UmbraError('LIMIT', `${json.length} mirror rules, ${RULE_LIMIT} at most`);
  }
  const names = new Set<string>();
  return json.map((value: unknown, i) => {
    const fields = (typeof value === 'object' && value !== null ? value : {}) as object;
    const rule = readRule(fields as Record<string, unknown>, `number ${i + 1}`, topology);
    if (names.has(rule.name)) {
      throw new UmbraError('INVALID_INPUT', `mirror rule '${rule.name}': name: used twice`);
    }
    names.add(rule.name);
    return rule;
  });
}

function readRule(
  fields: Record<string, unknown>,
  place: string,
  topology: Topology,
): MirrorRule {
  const name = new RulePart(fields, place).text('name');
  if (name === undefined) throw new RulePart(fields, place).error('name', 'is missing');
  const part = new RulePart(fields, name);
  const found = {
    device: part.text('device'),
    port: part.integer('port', 0, 511),
    sourceMac: part.mac('sourceMac'),
    destinationMac: part.mac('destinationMac'),
    source: part.prefix('source'),
    destination: part.prefix('destination'),
    protocol: part.protocol(),
    sourcePort: part.integer('sourcePort', 0, 65535),
    destinationPort: part.integer('destinationPort', 0, 65535),
    dscp: part.integer('dscp', 0, 63),
    application: part.text('application'),
    limitMbps: part.number('limitMbps', 0.001, 1e6),
    session: part.integer('session', 0, 1023),
  };
  const whole = {
    share: part.number('share', 0, 1) ?? 1,
    priority: part.integer('priority', 1, 65535) ?? 10,
    truncateBytes: part.integer('truncateBytes', 14, 65535) ?? 65535,
  };
  part.allow(['name', ...Object.keys(found), ...Object.keys(whole)]);
  const given = Object.fromEntries(Object.entries(found).filter(([, v]) => v !== undefined));
  const rule = { name, ...(given as Partial<MirrorRule>), ...whole };
  checkPlaces(rule, part, topology);
  checkTogether(rule, part, topology);
  return rule;
}

function checkPlaces({ device, port }: MirrorRule, part: RulePart, topology: Topology): void {
  if (device !== undefined && !topology.switches.some(({ name }) => name === device)) {
    throw part.error('device', `no switch '${device}'`);
  }
  if (port === undefined) return;
  if (device === undefined) throw part.error('port', 'needs a device');
  const ports = [...hostPorts(topology, device).keys()];
  if (ports.includes(port)) return;
  const known = ports.join(', ') || 'none';
  throw part.error('port', `no host is at port ${port} of ${device}; ports with hosts: ${known}`);
}

function checkTogether(rule: MirrorRule, part: RulePart, topology: Topology): void {
  const { source, destination, application } = rule;
  if (source !== undefined && destination !== undefined && isIpv6(source) !== isIpv6(destination)) {
    throw part.error('destination', `'${destination}' and source '${source}' never meet`);
  }
  if (application === undefined) return;
  for (const field of ['protocol', 'sourcePort', 'destinationPort'] as const) {
    if (rule[field] === undefined) continue;
    throw part.error(field, `the application '${application}' says it`);
  }
  const endpoints = endpointsOf(application, topology);
  if (typeof endpoints === 'string') throw part.error('application', endpoints);
  if (destination !== undefined && endpoints.some(({ addresses }) => addresses)) {
    throw part.error('destination', `the service '${application}' says it`);
  }
}

/** What a rule selects, as one line of text. */
export function describeRule(rule: MirrorRule): string {
  const { name, share, truncateBytes, limitMbps, priority: _, session: __, ...selects } = rule;
  const parts = Object.entries(selects).map(([key, value]) => `${key}=${value}`);
  const limits = [
    `${share * 100} % of flows`,
    ...(truncateBytes < 65535 ? [`${truncateBytes} bytes of each`] : []),
    ...(limitMbps === undefined ? [] : [`at most ${limitMbps} Mbit/s`]),
  ];
  return `${name}: ${parts.join(' ') || 'any packet'}, ${limits.join(', ')}`;
}
