/**
 * Puts failures on shadow switches and takes them off. Every fault ends by itself: its entries
 * carry an expiry, and act only while the controller's heartbeat is younger than the lease. Its
 * record is in the journal before its first entry is written (invariants I1, I3, I7).
 */
import { UmbraError } from '../base/errors.js';
import { compareEntities, entityKey } from '../p4runtime/index.js';
import { Update_Type, type Entity } from '../proto/index.js';
import { ShadowDevice } from '../device/index.js';
import type { Topology } from '../topology/index.js';
import type { Failure } from './failure.js';
import { describeFailure } from './describe.js';
import { clashOf, entitiesByDevice, type FaultEntry } from './entry.js';
import { planFailure } from './plan.js';

/** After this long without a heartbeat no fault has an effect. */
export const LEASE_US = 10_000_000;
/** How often the controller sends one. */
export const HEARTBEAT_US = 2_000_000;
const HEARTBEAT_TYPE = 0x88b6;

/** A failure that was injected. */
export interface Fault {
  id: string;
  failure: Failure;
  /** Controller time, us. */
  injectedUs: number;
  expiresUs: number;
  /** pending: recorded, being written. cleared is said only after a read-back. */
  state: 'pending' | 'active' | 'cleared' | 'expired';
  entries: FaultEntry[];
}

/** What the engine works with. */
export interface FaultEngineOptions {
  topology: Topology;
  devices: readonly ShadowDevice[];
  /** Controller time, us. */
  nowUs: () => number;
  /** Keeps a fault's record before it acts. */
  record?: (fault: Fault) => void;
  /** Faults at once; more are refused. */
  limit?: number;
}

/** The faults of one shadow. */
export class FaultEngine {
  readonly #devices: Map<string, ShadowDevice>;
  readonly #faults = new Map<string, Fault>();
  #nextId = 1;

  constructor(private readonly options: FaultEngineOptions) {
    for (const device of options.devices) {
      if (!(device instanceof ShadowDevice)) {
        throw new UmbraError('REFUSED', 'faults act on shadow devices only');
      }
    }
    this.#devices = new Map(options.devices.map((device) => [device.name, device]));
  }

  /** Faults that have not been cleared, the expired ones marked. */
  list(): Fault[] {
    const now = this.options.nowUs();
    for (const fault of this.#faults.values()) {
      if (fault.state === 'active' && fault.expiresUs <= now) this.#set(fault, 'expired');
    }
    return [...this.#faults.values()];
  }

  get(id: string): Fault {
    const fault = this.#faults.get(id);
    if (!fault) throw new UmbraError('NOT_FOUND', `no fault '${id}'`);
    return fault;
  }

  /**
   * Injects a failure for `durationUs`. Throws NOT_FOUND, INVALID_INPUT, CONFLICT when another
   * fault holds the same stage, LIMIT, or what the switch answered; then nothing is left behind.
   */
  async inject(failure: Failure, durationUs: number): Promise<Fault> {
    if (!(durationUs > 0))
      throw new UmbraError('INVALID_INPUT', 'a fault needs a duration above 0');
    const { topology, nowUs, limit = 256 } = this.options;
    const injectedUs = nowUs();
    const expiresUs = injectedUs + Math.round(durationUs);
    const live = this.list().filter((fault) => fault.state !== 'cleared');
    const present = live.flatMap(({ entries }) => entries);
    const entries = planFailure(topology, failure, injectedUs, expiresUs - injectedUs, present);
    if (live.length >= limit) throw new UmbraError('LIMIT', `${limit} faults are active`);
    await this.#clearExpired(live, entries);
    const id = `fault-${this.#nextId++}`;
    const fault: Fault = { id, failure, injectedUs, expiresUs, state: 'pending', entries };
    this.options.record?.(fault);
    this.#faults.set(id, fault);
    try {
      this.heartbeat();
      const kept = this.#entitiesOfOthers(fault);
      for (const [device, wanted] of entitiesByDevice(entries, this.#devices)) {
        const fresh = wanted.filter((entity) => !kept.get(device)?.has(entityKey(entity)));
        for (const batch of inOrder(fresh)) {
          await device.write(batch.map((entity) => ({ type: Update_Type.INSERT, entity })));
        }
        await requirePresent(device, wanted);
      }
    } catch (error) {
      await this.#remove(fault).catch(() => {});
      this.#faults.delete(id);
      this.#set(fault, 'cleared');
      throw error;
    }
    this.#set(fault, 'active');
    return fault;
  }

  /** Removes a fault and reads back that it is gone. */
  async clear(id: string): Promise<Fault> {
    const fault = this.get(id);
    await this.#remove(fault);
    this.#set(fault, 'cleared');
    this.#faults.delete(id);
    return fault;
  }

  /** Removes every fault, also those that this engine does not know. Returns how many entries. */
  async clearAll(): Promise<number> {
    let removed = 0;
    for (const device of this.#devices.values()) {
      removed += (await device.reconcile([], (entity) => device.isFault(entity))).length;
    }
    for (const fault of this.#faults.values()) this.#set(fault, 'cleared');
    this.#faults.clear();
    return removed;
  }

  /** Forgets all faults without touching a switch: the network was set back to before them. */
  forget(): void {
    this.#faults.clear();
  }

  /** Renews the lease on every shadow switch and tells it the controller's time. */
  heartbeat(): void {
    const frame = heartbeatFrame(this.options.nowUs(), LEASE_US);
    for (const device of this.#devices.values()) device.packetOut(frame);
  }

  /** An expired fault does nothing any more, but its entries still hold their place. */
  async #clearExpired(live: readonly Fault[], entries: readonly FaultEntry[]): Promise<void> {
    for (const fault of live) {
      const clash = firstClash(fault.entries, entries);
      if (clash === undefined) continue;
      if (fault.state === 'expired') {
        await this.clear(fault.id);
        continue;
      }
      throw new UmbraError(
        'CONFLICT',
        `${fault.id} (${describeFailure(fault.failure)}) already acts on ${clash}`,
      );
    }
  }

  async #remove(fault: Fault): Promise<void> {
    const kept = this.#entitiesOfOthers(fault);
    for (const [device, entities] of entitiesByDevice(fault.entries, this.#devices)) {
      const keys = new Set(entities.map(entityKey).filter((key) => !kept.get(device)?.has(key)));
      await device.reconcile([], (entity) => keys.has(entityKey(entity)));
      const left = (await device.readState()).filter((entity) => keys.has(entityKey(entity)));
      if (left.length > 0) {
        throw new UmbraError('RPC', `${device.name}: ${left.length} entries of ${fault.id} remain`);
      }
    }
  }

  /** Keys that other faults need as well: a port's clone session is there once. */
  #entitiesOfOthers(fault: Fault): Map<ShadowDevice, Set<string>> {
    const others = [...this.#faults.values()].filter((other) => other !== fault);
    const byDevice = entitiesByDevice(
      others.flatMap(({ entries }) => entries),
      this.#devices,
    );
    return new Map([...byDevice].map(([device, all]) => [device, new Set(all.map(entityKey))]));
  }

  #set(fault: Fault, state: Fault['state']): void {
    fault.state = state;
    this.options.record?.(fault);
  }
}

function firstClash(
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
function inOrder(entities: readonly Entity[]): Entity[][] {
  const isRule = ({ entity }: Entity): boolean => entity?.$case === 'tableEntry';
  const batches = [entities.filter((e) => !isRule(e)), entities.filter(isRule)];
  return batches.filter((batch) => batch.length > 0);
}

async function requirePresent(device: ShadowDevice, wanted: readonly Entity[]): Promise<void> {
  const keys = new Set(wanted.map(entityKey));
  const have = (await device.readState()).filter((entity) => keys.has(entityKey(entity)));
  const wrong = compareEntities(have, wanted);
  if (wrong.length > 0) {
    throw new UmbraError(
      'RPC',
      `${device.name}: read back ${wrong[0]!.kind} entry after injection`,
    );
  }
}

/** The frame of a heartbeat: what the controller's clock says, and how long that may count. */
export function heartbeatFrame(controllerUs: number, leaseUs: number): Uint8Array {
  const frame = new Uint8Array(60);
  const view = new DataView(frame.buffer);
  view.setUint16(12, HEARTBEAT_TYPE);
  view.setUint16(14, Math.floor(controllerUs / 2 ** 32) & 0xffff);
  view.setUint32(16, controllerUs % 2 ** 32);
  view.setUint32(20, leaseUs);
  return frame;
}
