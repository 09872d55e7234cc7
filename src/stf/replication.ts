/**
 * Multicast groups made of nodes, and mirroring sessions, as simple_switch_CLI has them. Nodes get
 * handles 0, 1, 2, ... in the order in which they are made.
 */
import { UmbraError } from '../base/errors.js';
import type { Replica, ReplicationControl } from '../v1model/index.js';
import type { Statement } from './statement.js';

/** Statements about copies of packets. */
export type ReplicationStatement = Extract<
  Statement,
  { kind: `mirroring_${string}` | `mc_${string}` }
>;

interface Node {
  instance: number;
  ports: readonly number[];
}

/** A session copies to a port or to a group. */
type Session = { port: number } | { group: number };

/** Nodes, groups and sessions of one run. */
export class NodeReplication {
  readonly #nodes: Node[] = [];
  readonly #groups = new Map<number, Node[]>();
  readonly #sessions = new Map<number, Session>();

  constructor(private readonly control: ReplicationControl) {}

  /** Gives what was read, if the statement reads. Throws INVALID_INPUT, NOT_FOUND, CONFLICT. */
  carryOut(statement: ReplicationStatement): string | undefined {
    switch (statement.kind) {
      case 'mc_mgrp_create':
        if (this.#groups.has(statement.group)) {
          throw new UmbraError('CONFLICT', `multicast group ${statement.group} exists`);
        }
        this.#groups.set(statement.group, []);
        this.#apply();
        return undefined;
      case 'mc_node_create':
        this.#nodes.push({ instance: statement.instance, ports: statement.ports });
        return undefined;
      case 'mc_node_update':
        this.#node(statement.node).ports = statement.ports;
        this.#apply();
        return undefined;
      case 'mc_node_associate':
        this.#group(statement.group).push(this.#node(statement.node));
        this.#apply();
        return undefined;
      case 'mirroring_add':
        this.#sessions.set(statement.session, { port: statement.port });
        this.#apply();
        return undefined;
      case 'mirroring_add_mc':
        this.#sessions.set(statement.session, { group: statement.group });
        this.#apply();
        return undefined;
      case 'mirroring_delete':
        this.#session(statement.session);
        this.#sessions.delete(statement.session);
        this.control.removeCloneSession(statement.session);
        return undefined;
      case 'mirroring_get': {
        const session = this.#session(statement.session);
        const target = 'port' in session ? `port ${session.port}` : `group ${session.group}`;
        return `mirroring session ${statement.session}: ${target}`;
      }
    }
  }

  #node(handle: number): Node {
    const node = this.#nodes[handle];
    if (node) return node;
    const made = `${this.#nodes.length} were made, from 0`;
    throw new UmbraError('NOT_FOUND', `no multicast node ${handle}: ${made}`);
  }

  #group(id: number): Node[] {
    const group = this.#groups.get(id);
    if (!group) throw new UmbraError('NOT_FOUND', `no multicast group ${id}`);
    return group;
  }

  #session(id: number): Session {
    const session = this.#sessions.get(id);
    if (!session) throw new UmbraError('NOT_FOUND', `no mirroring session ${id}`);
    return session;
  }

  /** A session may name a group before it exists, and follows its changes. */
  #apply(): void {
    for (const [id, nodes] of this.#groups) {
      this.control.setMulticastGroup(id, replicasOf(nodes));
    }
    for (const [id, session] of this.#sessions) {
      const replicas =
        'port' in session
          ? [{ port: session.port, instance: 0 }]
          : replicasOf(this.#groups.get(session.group) ?? []);
      this.control.setCloneSession(id, replicas, 0);
    }
  }
}

function replicasOf(nodes: readonly Node[]): Replica[] {
  return nodes.flatMap(({ instance, ports }) => ports.map((port) => ({ port, instance })));
}
