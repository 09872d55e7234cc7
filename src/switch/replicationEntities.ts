/** Multicast groups and clone sessions. Spec: P4Runtime 1.5, section 9.5. */
import { defined } from '../base/assert.js';
import { bigintOf, Code, entityKey, portOf, StatusError } from '../p4runtime/index.js';
import { Update_Type, type Entity, type Replica as ReplicaMessage } from '../proto/index.js';
import type { Replica, V1Switch } from '../v1model/index.js';
import { canonicalMulticast, canonicalSession } from './canonicalEntity.js';
import { requirePort } from './profileEntities.js';
import { exists, missing } from './v1Values.js';

/** standard_metadata.mcast_grp and egress_rid have 16 bits. */
const LIMIT = 65_535;

/** The groups and sessions of one pipeline. */
export class ReplicationEntities {
  #all = new Map<string, Entity>();

  constructor(private readonly v1: V1Switch) {}

  /** Those that a request names; ids of 0, and a request without a kind, are wildcards. */
  read(request: Entity): Entity[] {
    const e = request.entity;
    const type = e?.$case === 'packetReplicationEngineEntry' ? e.value.type : undefined;
    if (type === undefined) return [...this.#all.values()];
    const kind = type.$case === 'cloneSessionEntry' ? 'clone session/' : 'multicast group/';
    const key = entityKey(request);
    if (key !== `${kind}0`) {
      const found = this.#all.get(key);
      return found ? [found] : [];
    }
    return [...this.#all].filter(([own]) => own.startsWith(kind)).map(([, entity]) => entity);
  }

  save(): Map<string, Entity> {
    return new Map(this.#all);
  }

  load(saved: Map<string, Entity>): void {
    this.#all = new Map(saved);
  }

  write(type: Update_Type, entity: Entity): void {
    const e = entity.entity;
    const entry = e?.$case === 'packetReplicationEngineEntry' ? e.value.type : undefined;
    const { $case, value } = defined(entry, 'checked replication entry');
    const key = entityKey(entity);
    const isKnown = this.#all.has(key);
    if (type === Update_Type.INSERT && isKnown) throw exists(key);
    if (type !== Update_Type.INSERT && !isKnown) throw missing(key);
    const { replication } = this.v1;
    if (type === Update_Type.DELETE) {
      if ($case === 'cloneSessionEntry') replication.removeCloneSession(value.sessionId);
      else replication.removeMulticastGroup(value.multicastGroupId);
      this.#all.delete(key);
      return;
    }
    const replicas = value.replicas.map((replica) => replicaOf(replica, key));
    if ($case === 'cloneSessionEntry') {
      replication.setCloneSession(value.sessionId, replicas, value.packetLengthBytes);
      this.#keep(key, { $case, value: canonicalSession(value) });
    } else {
      requireAtMost(value.multicastGroupId, key);
      replication.setMulticastGroup(value.multicastGroupId, replicas);
      this.#keep(key, { $case, value: canonicalMulticast(value) });
    }
  }

  #keep(key: string, type: ReplicationType): void {
    this.#all.set(key, { entity: { $case: 'packetReplicationEngineEntry', value: { type } } });
  }
}

type AnyEntity = NonNullable<Entity['entity']>;
type ReplicationType = NonNullable<
  Extract<AnyEntity, { $case: 'packetReplicationEngineEntry' }>['value']['type']
>;

function replicaOf(message: ReplicaMessage, what: string): Replica {
  const one = (port: number, instance: number) => {
    requirePort(port, what);
    requireAtMost(instance, what);
    return { port, instance };
  };
  const replica = one(portOf(message), message.instance);
  if (message.backupReplicas.length === 0) return replica;
  const backups = message.backupReplicas.map((b) => one(Number(bigintOf(b.port)), b.instance));
  return { ...replica, backups };
}

function requireAtMost(number: number, what: string): void {
  if (number <= LIMIT) return;
  throw new StatusError(Code.INVALID_ARGUMENT, `${what}: ${number}, ${LIMIT} at most`);
}
