/** The packet replication engine's groups: multicast and clone sessions. */
import type { Replica, ReplicationControl } from './control.js';

/** Where copies of a packet go while the ports are as they are. */
export interface ReplicaList {
  replicas: readonly Replica[];
  /** 0: whole packets. */
  truncateBytes: number;
}

/** A list as it was asked for, and what of it the ports allow. */
interface Programmed extends ReplicaList {
  wanted: readonly Replica[];
}

type SavedReplication = [Map<number, Programmed>, Map<number, Programmed>];

/** All groups and sessions of one switch. */
export class Replication implements ReplicationControl {
  #groups = new Map<number, Programmed>();
  #sessions = new Map<number, Programmed>();

  /** @param downPorts the ports that are down; the switch keeps it */
  constructor(private readonly downPorts: ReadonlySet<number>) {}

  group(id: number): ReplicaList | undefined {
    return this.#groups.get(id);
  }

  session(id: number): ReplicaList | undefined {
    return this.#sessions.get(id);
  }

  setMulticastGroup(id: number, replicas: readonly Replica[]): void {
    this.#groups.set(id, this.#programmed(replicas, 0));
  }

  removeMulticastGroup(id: number): void {
    this.#groups.delete(id);
  }

  setCloneSession(id: number, replicas: readonly Replica[], truncateBytes: number): void {
    this.#sessions.set(id, this.#programmed(replicas, truncateBytes));
  }

  removeCloneSession(id: number): void {
    this.#sessions.delete(id);
  }

  /** Chooses the backups anew; to be called when a port went down or came up. */
  portsChanged(): void {
    for (const lists of [this.#groups, this.#sessions]) {
      for (const [id, { wanted, truncateBytes }] of lists) {
        if (wanted.some(({ backups }) => backups)) {
          lists.set(id, this.#programmed(wanted, truncateBytes));
        }
      }
    }
  }

  save(): SavedReplication {
    return [new Map(this.#groups), new Map(this.#sessions)];
  }

  load(saved: SavedReplication): void {
    this.#groups = new Map(saved[0]);
    this.#sessions = new Map(saved[1]);
  }

  /** A replica without backups is made whatever its port; of the others the first that is up. */
  #programmed(wanted: readonly Replica[], truncateBytes: number): Programmed {
    const replicas = wanted.flatMap((replica): Replica[] => {
      if (!replica.backups) return [replica];
      const choice = [replica, ...replica.backups].find(({ port }) => !this.downPorts.has(port));
      return choice ? [choice] : [];
    });
    return { wanted: wanted.slice(), replicas, truncateBytes };
  }
}
