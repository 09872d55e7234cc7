/**
 * What a failure puts on the shadow: rules of the switches' fault stage with what they refer to,
 * and limits of hosts.
 */
import { UmbraError } from '../base/errors.js';
import type { HostLimits, HostPart } from '../base/hostLimits.js';
import { cloneSessionEntity, compareEntities, entityKey, type Rule } from '../p4runtime/index.js';
import type { Entity } from '../proto/index.js';
import {
  FIRST_FAULT_SESSION,
  type ControlLimits,
  type ControlPart,
  type RoomLimit,
  type ShadowDevice,
} from '../device/index.js';

/** Limits of one part of a host, with their end in controller time, us. */
export interface HostEntry {
  kind: 'host';
  host: string;
  part: HostPart;
  limits: HostLimits;
  expiresUs: number;
}

/** What hinders the control plane of a switch, with its end in controller time, us. */
export interface ControlEntry {
  kind: 'control';
  device: string;
  part: ControlPart;
  limits: ControlLimits;
  expiresUs: number;
}

/** One entity of a fault on one switch. */
export type SwitchEntry =
  | { device: string; kind: 'rule'; rule: Rule }
  /** The session by which copies of duplicated packets leave a port. */
  | { device: string; kind: 'copies'; port: number };

/** Table space of a switch that is taken. */
export interface RoomEntry extends RoomLimit {
  kind: 'room';
  device: string;
}

/** What a fault puts at one place. */
export type FaultEntry = SwitchEntry | HostEntry | RoomEntry | ControlEntry;

/** The entity of an entry. */
export function entityOf(entry: SwitchEntry, device: ShadowDevice): Entity {
  if (entry.kind === 'rule') return device.entityOf(entry.rule);
  return cloneSessionEntity(FIRST_FAULT_SESSION + entry.port, entry.port);
}

/** A switch of the shadow. Throws NOT_FOUND. */
export function shadowOf(devices: ReadonlyMap<string, ShadowDevice>, name: string): ShadowDevice {
  const device = devices.get(name);
  if (!device) throw new UmbraError('NOT_FOUND', `no shadow of switch '${name}'`);
  return device;
}

/** Entries of switches by device, each entity once: two faults of one plan may share a session. */
export function entitiesByDevice(
  entries: readonly FaultEntry[],
  devices: ReadonlyMap<string, ShadowDevice>,
): Map<ShadowDevice, Entity[]> {
  const result = new Map<ShadowDevice, Map<string, Entity>>();
  for (const entry of entries) {
    if (entry.kind !== 'rule' && entry.kind !== 'copies') continue;
    const device = shadowOf(devices, entry.device);
    const entity = entityOf(entry, device);
    const entities = result.get(device) ?? new Map<string, Entity>();
    result.set(device, entities.set(entityKey(entity), entity));
  }
  return new Map([...result].map(([device, entities]) => [device, [...entities.values()]]));
}

/**
 * Where two faults would act on the same packets in the same stage, as text; undefined when they
 * compose. Two rules of one table meet unless some field of their keys tells them apart, two limits
 * when they are of the same part of a host, two shortages when they are of one table.
 */
export function clashOf(a: FaultEntry, b: FaultEntry): string | undefined {
  if (a.kind === 'host' && b.kind === 'host') {
    return a.host === b.host && a.part === b.part ? `${a.host} ${a.part}` : undefined;
  }
  if (a.kind === 'room' && b.kind === 'room') return roomClash(a, b);
  if (a.kind === 'control' && b.kind === 'control') {
    const isSame = a.device === b.device && a.part === b.part;
    return isSame ? `${a.device} control: ${a.part}` : undefined;
  }
  if (a.kind === 'host' || b.kind === 'host') return undefined;
  if (a.device !== b.device || a.kind !== 'rule' || b.kind !== 'rule') return undefined;
  if (a.rule.table !== b.rule.table || a.rule.table.endsWith('.quantiles')) return undefined;
  for (const [field, value] of Object.entries(a.rule.match)) {
    const other = b.rule.match[field];
    if (other !== undefined && !valuesMeet(value, other)) return undefined;
  }
  const port = a.rule.match['egress_port'] ?? a.rule.match['ingress_port'];
  return `${a.device} ${a.rule.table} ${port === undefined ? 'all ports' : `port ${port}`}`;
}

function roomClash(a: RoomEntry, b: RoomEntry): string | undefined {
  const meet = a.table === undefined || b.table === undefined || a.table === b.table;
  if (a.device !== b.device || !meet) return undefined;
  return `${a.device} table space of ${a.table ?? b.table ?? 'all tables'}`;
}

/** Whether two values of a key, plain or `address/length`, can both match something. */
export function valuesMeet(a: string, b: string): boolean {
  const [x, y] = [prefixOf(a), prefixOf(b)];
  if (!x || !y) return a === b;
  const length = Math.min(x.length, y.length);
  return length === 0 || x.bits >>> (32 - length) === y.bits >>> (32 - length);
}

function prefixOf(text: string): { bits: number; length: number } | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text);
  if (!match) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1, 5).map(Number);
  const bits = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  return { bits, length: match[5] === undefined ? 32 : Number(match[5]) };
}

/** The first place where faults that are there and wanted ones would meet; undefined: none. */
export function firstClash(
  present: readonly FaultEntry[],
  wanted: readonly FaultEntry[],
): string | undefined {
  for (const one of present) {
    for (const other of wanted) {
      const clash = clashOf(one, other);
      if (clash !== undefined) return clash;
    }
  }
  return undefined;
}

/** What rules refer to, then the rules: each batch is one Write. */
export function inOrder(entities: readonly Entity[]): Entity[][] {
  const isRule = ({ entity }: Entity): boolean => entity?.$case === 'tableEntry';
  const batches = [entities.filter((e) => !isRule(e)), entities.filter(isRule)];
  return batches.filter((batch) => batch.length > 0);
}

/** Reads back. Throws RPC when an entity is missing or different. */
export async function requirePresent(
  device: ShadowDevice,
  wanted: readonly Entity[],
): Promise<void> {
  const keys = new Set(wanted.map(entityKey));
  const state = await device.unhindered.readState();
  const have = state.filter((entity) => keys.has(entityKey(entity)));
  const wrong = compareEntities(have, wanted);
  if (wrong.length > 0) {
    throw new UmbraError(
      'RPC',
      `${device.name}: read back ${wrong[0]!.kind} entry after injection`,
    );
  }
}
