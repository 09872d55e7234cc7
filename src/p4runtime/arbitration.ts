/** Who is primary. Spec: P4Runtime 1.5, section 5. One instance serves one device. */
import type { MasterArbitrationUpdate, StreamMessageResponse, Uint128 } from '../proto/index.js';
import { Code, StatusError } from './status.js';

/** Streams of one device and role; one more is refused. */
const STREAM_LIMIT = 64;
/** Roles of one device that are remembered, for their highest election ids; one more is refused. */
const ROLE_LIMIT = 64;

/** A client's stream, as arbitration sees it. */
export interface Contender {
  send(message: StreamMessageResponse): void;
  /** Set by arbitration. */
  role?: string;
  electionId?: Uint128 | undefined;
}

function compare(a: Uint128, b: Uint128): number {
  if (a.high !== b.high) return a.high < b.high ? -1 : 1;
  return a.low === b.low ? 0 : a.low < b.low ? -1 : 1;
}

/** Streams of one device by role, the highest election id seen and the primary of each. */
export class Arbitration {
  readonly #contenders = new Set<Contender>();
  readonly #roles = new Set<string>();
  readonly #highest = new Map<string, Uint128>();
  readonly #primary = new Map<string, Contender>();

  constructor(readonly deviceId: bigint) {}

  /** A MasterArbitrationUpdate of a stream. Throws the status that ends that stream. */
  update(contender: Contender, message: MasterArbitrationUpdate): void {
    const role = message.role?.name ?? '';
    const electionId = message.electionId;
    if (contender.role !== undefined && contender.role !== role) {
      throw new StatusError(Code.FAILED_PRECONDITION, 'a stream keeps its role');
    }
    if (message.role?.config) {
      throw new StatusError(Code.INVALID_ARGUMENT, 'roles have no configuration here');
    }
    let streams = 0;
    for (const other of this.#contenders) {
      if (other !== contender && other.role === role) streams++;
      const isSame = other !== contender && other.role === role && electionId && other.electionId;
      if (isSame && compare(electionId, other.electionId!) === 0) {
        throw new StatusError(Code.INVALID_ARGUMENT, 'election id in use by another client');
      }
    }
    if (streams >= STREAM_LIMIT) {
      throw new StatusError(Code.RESOURCE_EXHAUSTED, `${STREAM_LIMIT} streams are open already`);
    }
    if (!this.#roles.has(role) && this.#roles.size >= ROLE_LIMIT) {
      throw new StatusError(Code.RESOURCE_EXHAUSTED, `${ROLE_LIMIT} roles are known already`);
    }
    contender.role = role;
    this.#roles.add(role);
    contender.electionId = electionId;
    this.#contenders.add(contender);
    const before = this.#primary.get(role);
    const highest = this.#highest.get(role);
    const isHigher = electionId && (!highest || compare(electionId, highest) > 0);
    if (electionId && (!highest || compare(electionId, highest) >= 0)) {
      this.#highest.set(role, electionId);
      this.#primary.set(role, contender);
    } else if (before === contender) {
      this.#primary.delete(role);
    }
    // The highest id is part of what everyone is told, so that a new one concerns everyone.
    if (isHigher || this.#primary.get(role) !== before) this.#adviseAll(role);
    else this.#advise(contender);
  }

  /** A stream is gone; nobody is promoted. */
  leave(contender: Contender): void {
    this.#contenders.delete(contender);
    const role = contender.role;
    if (role === undefined || this.#primary.get(role) !== contender) return;
    this.#primary.delete(role);
    this.#adviseAll(role);
  }

  /**
   * Throws NOT_FOUND for a role that no stream ever had, PERMISSION_DENIED unless a live stream is
   * primary under exactly this id.
   */
  requirePrimary(role: string, electionId: Uint128 | undefined): void {
    if (!this.hasRole(role)) {
      throw new StatusError(Code.NOT_FOUND, `no role '${role}'`);
    }
    const primary = this.#primary.get(role);
    if (!primary?.electionId || !electionId || compare(primary.electionId, electionId) !== 0) {
      throw new StatusError(Code.PERMISSION_DENIED, 'not primary');
    }
  }

  /** Whether a client ever took this role; the default role is always there. */
  hasRole(role: string): boolean {
    return role === '' || this.#roles.has(role);
  }

  isPrimary(contender: Contender): boolean {
    return contender.role !== undefined && this.#primary.get(contender.role) === contender;
  }

  /** The streams of all roles' primaries. */
  primaries(): Iterable<Contender> {
    return this.#primary.values();
  }

  /** Backups first, the primary last: when it hears, the others are no longer primary. */
  #adviseAll(role: string): void {
    const primary = this.#primary.get(role);
    for (const contender of this.#contenders) {
      if (contender.role === role && contender !== primary) this.#advise(contender);
    }
    if (primary) this.#advise(primary);
  }

  #advise(contender: Contender): void {
    const role = contender.role ?? '';
    const primary = this.#primary.get(role);
    const code = primary === contender ? Code.OK : primary ? Code.ALREADY_EXISTS : Code.NOT_FOUND;
    const message =
      code === Code.OK ? '' : code === Code.NOT_FOUND ? 'there is no primary' : 'you are backup';
    contender.send({
      update: {
        $case: 'arbitration',
        value: {
          deviceId: this.deviceId,
          role: role === '' ? undefined : { id: 0n, name: role, config: undefined },
          electionId: this.#highest.get(role),
          status: { code, message, details: [] },
        },
      },
    });
  }
}
