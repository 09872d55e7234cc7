/** What network functions are told (`p4/functions`): planned from the topology, as routes are. */
import { defined } from '../base/assert.js';
import { deriveSeed, Prng } from '../base/prng.js';
import { ruleEntity, type Rule, type Schema } from '../p4runtime/index.js';
import type { Entity } from '../proto/index.js';
import {
  hostsBehind,
  type Backend,
  type NetworkFunction,
  type Topology,
} from '../topology/index.js';
import type { NetworkPlan } from './routes.js';

/** Of every pool; a connection's hash names one. */
export const BUCKETS = 256;
const PROTOCOLS = { tcp: '6', udp: '17' } as const;
const PREFIX = 'network_function';

/** Entities of a function: all entries of its tables, and the NAT's address. */
export function isOfFunction(schema: Schema): (entity: Entity) => boolean {
  const tables = schema.tables.all.filter(({ name }) => name.includes(`.${PREFIX}.`));
  const ids = new Set(tables.map(({ id }) => id));
  const settings = new Set(
    tables.filter(({ name }) => name.endsWith('.public')).map(({ id }) => id),
  );
  return ({ entity }) => {
    if (entity?.$case !== 'tableEntry') return false;
    const { tableId, isDefaultAction } = entity.value;
    return isDefaultAction ? settings.has(tableId) : ids.has(tableId);
  };
}

/** The plan of every switch that has a function; the others are not in it. */
export function planFunctions(
  topology: Topology,
  schemaOf: (device: string) => Schema,
): NetworkPlan {
  const plan: NetworkPlan = new Map();
  for (const { name, function: networkFunction } of topology.switches) {
    if (!networkFunction) continue;
    const rules = rulesOf(networkFunction, topology, name);
    plan.set(
      name,
      rules.map(({ table, ...rule }) =>
        ruleEntity(schemaOf(name), { table: `${PREFIX}.${table}`, ...rule }),
      ),
    );
  }
  return plan;
}

function rulesOf(it: NetworkFunction, topology: Topology, device: string): Rule[] {
  switch (it.program) {
    case 'firewall':
      return [
        ...zones(it.inside),
        ...it.open.map(({ address, protocol, port }, i) => ({
          table: 'services',
          match: {
            ipv4_dst: address,
            ip_protocol: PROTOCOLS[protocol],
            l4_dst_port: String(port),
          },
          priority: i + 1,
          action: 'open',
        })),
      ];
    case 'nat':
      return [
        ...zones(it.inside),
        ...hostsBehind(topology, device, it.inside).map(({ ip }) => ({
          table: 'networks',
          match: { ipv4_dst: `${ip}/32` },
          action: 'local',
        })),
        {
          table: 'public',
          match: {},
          isDefault: true,
          action: 'set_public',
          params: { address: it.address },
        },
      ];
    case 'balancer':
      return it.services.flatMap(balanced);
  }
}

function zones(inside: readonly number[]): Rule[] {
  return inside.map((port) => ({
    table: 'zones',
    match: { ingress_port: String(port) },
    action: 'inside',
  }));
}

type Service = Extract<NetworkFunction, { program: 'balancer' }>['services'][number];

function balanced({ address, protocol, port, backends }: Service, index: number): Rule[] {
  const pool = String(index + 1);
  const ip_protocol = PROTOCOLS[protocol];
  const entry: Rule = {
    table: 'addresses_served',
    match: { ipv4_dst: address, ip_protocol, l4_dst_port: String(port) },
    action: 'balance',
    params: { pool_id: pool },
  };
  const buckets = bucketsOf(backends).flatMap((backend, bucket): Rule[] => {
    if (!backend) return [];
    const params = { backend: backend.address, backend_port: String(backend.port) };
    const match = { pool, bucket: String(bucket) };
    return [{ table: 'buckets', match, action: 'use_backend', params }];
  });
  // A backend that gets no new connections still answers those that it has.
  const back = backends.map(
    (backend): Rule => ({
      table: 'backends',
      match: {
        ipv4_src: backend.address,
        ip_protocol,
        l4_src_port: String(backend.port),
      },
      action: 'from_backend',
      params: { served: address, served_port: String(port) },
    }),
  );
  return [entry, ...buckets, ...back];
}

/**
 * The backend of each bucket, by weighted rendezvous hashing: a backend that goes gives its buckets
 * away and moves no others. All undefined when no backend has a weight.
 */
export function bucketsOf(backends: readonly Backend[]): (Backend | undefined)[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => {
    const scores = backends.map(({ address, port, weight }) => {
      const draw = new Prng(deriveSeed(bucket, `${address}:${port}`)).unit();
      return weight === 0 ? 0 : weight / -Math.log(draw);
    });
    const best = Math.max(0, ...scores);
    return best === 0 ? undefined : defined(backends[scores.indexOf(best)], 'a backend');
  });
}
