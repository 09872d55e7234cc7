/** Which part of the program's state each planner owns: it replaces that part and no other. */
import type { Schema } from '../p4runtime/index.js';
import type { Entity } from '../proto/index.js';

const routing = ['routing.salt', 'routing.ipv4_lpm', 'routing.ipv6_lpm', 'arp.responder'];
const mirroring = ['mirror.selection', 'mirror.selection_v6', 'erspan.encapsulate'];

/** Entities of routing: routes, members, groups, ARP answers, the salt. */
export function isRouting(schema: Schema): (entity: Entity) => boolean {
  const tables = tableIds(schema, routing);
  return ({ entity }) => {
    if (entity?.$case === 'actionProfileMember' || entity?.$case === 'actionProfileGroup') {
      return true;
    }
    if (entity?.$case !== 'tableEntry' || !tables.has(entity.value.tableId)) return false;
    // Other default entries are the program's own.
    const { tableId, isDefaultAction } = entity.value;
    return !isDefaultAction || tableId === schema.tables.get('routing.salt').id;
  };
}

/** Entities of the mirror: selection entries, encapsulation, clone sessions, rates. */
export function isMirroring(schema: Schema): (entity: Entity) => boolean {
  const tables = tableIds(schema, mirroring);
  const rate = schema.meters.get('mirror.rate').id;
  return ({ entity }) =>
    entity?.$case === 'packetReplicationEngineEntry' ||
    (entity?.$case === 'meterEntry' && entity.value.meterId === rate) ||
    (entity?.$case === 'tableEntry' &&
      !entity.value.isDefaultAction &&
      tables.has(entity.value.tableId));
}

function tableIds(schema: Schema, names: readonly string[]): Set<number> {
  return new Set(names.map((name) => schema.tables.get(name).id));
}
