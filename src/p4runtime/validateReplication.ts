/** Multicast groups and clone sessions. Spec: section 9.5. */
import { Update_Type, type Entity, type Replica } from '../proto/index.js';
import { bigintOf } from './bytestring.js';
import { invalid } from './status.js';

type AnyEntity = NonNullable<Entity['entity']>;
type ReplicationEntry = Extract<AnyEntity, { $case: 'packetReplicationEngineEntry' }>['value'];

/** Throws a StatusError when the entry is not one that an engine can have. */
export function validateReplication(type: Update_Type, entry: ReplicationEntry['type']): void {
  if (!entry) throw invalid('replication entry without a kind');
  const isClone = entry.$case === 'cloneSessionEntry';
  const id = isClone ? entry.value.sessionId : entry.value.multicastGroupId;
  const what = `${isClone ? 'clone session' : 'multicast group'} ${id}`;
  if (id === 0) throw invalid(`${what}: id 0`);
  if (type === Update_Type.DELETE) return;
  validateReplicas(what, entry.value.replicas);
  if (!isClone) return;
  if (entry.value.classOfService !== 0) throw invalid(`${what}: there is no class of service`);
  if (entry.value.packetLengthBytes < 0) throw invalid(`${what}: negative length`);
}

function validateReplicas(what: string, replicas: readonly Replica[]): void {
  const seen = new Set<string>();
  const add = (port: number, instance: number): void => {
    const key = `${port}/${instance}`;
    if (seen.has(key)) throw invalid(`${what}: replica ${key} twice`);
    seen.add(key);
  };
  for (const replica of replicas) {
    const { portKind, instance, backupReplicas } = replica;
    const isEmpty = portKind?.$case === 'port' && portKind.value.length === 0;
    if (!portKind || isEmpty) throw invalid(`${what}: replica without port`);
    const port = portOf(replica);
    add(port, instance);
    for (const backup of backupReplicas) {
      if (backup.port.length === 0) throw invalid(`${what}: backup without port`);
      const other = Number(bigintOf(backup.port));
      if (other === port) throw invalid(`${what}: a backup has its replica's port ${port}`);
      add(other, backup.instance);
    }
  }
}

/** The port of a replica, in either of its two forms. */
export function portOf({ portKind }: Pick<Replica, 'portKind'>): number {
  if (portKind === undefined) return 0;
  return portKind.$case === 'egressPort' ? portKind.value : Number(bigintOf(portKind.value));
}
