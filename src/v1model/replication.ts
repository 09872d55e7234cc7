/** The packet replication engine's groups: multicast and clone sessions. */
import type { Replica, ReplicationControl } from './control.js';

/** Where copies of a packet go. */
export interface ReplicaList {
  replicas: readonly Replica[];
  /** 0: whole packets. */
  truncateBytes: number;
}

type SavedReplication = [Map<number, ReplicaList>, Map<number, ReplicaList>];

/** All groups and sessions of one switch. */
export class Replication implements ReplicationControl {
  #groups = new Map<number, ReplicaList>();
  #sessions = new Map<number, ReplicaList>();

  group(id: number): ReplicaList | undefined {
    return this.#groups.get(id);
  }

  session(id: number): ReplicaList | undefined {
    return this.#sessions.get(id);
  }

  setMulticastGroup(id: number, replicas: readonly Replica[]): void {
    this.#groups.set(id, { replicas: replicas.slice(), truncateBytes: 0 });
  }

  removeMulticastGroup(id: number): void {
    this.#groups.delete(id);
  }

  setCloneSession(id: number, replicas: readonly Replica[], truncateBytes: number): void {
    this.#sessions.set(id, { replicas: replicas.slice(), truncateBytes });
  }

  removeCloneSession(id: number): void {
    this.#sessions.delete(id);
  }

  save(): SavedReplication {
    return [new Map(this.#groups), new Map(this.#sessions)];
  }

  load(saved: SavedReplication): void {
    this.#groups = new Map(saved[0]);
    this.#sessions = new Map(saved[1]);
  }
}
