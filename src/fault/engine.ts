/**
 * Puts failures on shadow switches and hosts and takes them off. Every fault ends by itself: its
 * entries carry an expiry, and act only while the controller's heartbeat is younger than the lease.
 * Its record is in the journal before its first entry is written (invariants I1, I3, I7).
 */
import { UmbraError, messageOf } from '../base/errors.js';
import { entityKey } from '../p4runtime/index.js';
import { Update_Type, type Entity } from '../proto/index.js';
import { ShadowDevice, type ShadowHost } from '../device/index.js';
import type { Topology, TrafficFlow } from '../topology/index.js';
import { checkBlastRadius, type BlastLimit } from './blast.js';
import { describeFailure } from './describe.js';
import { entitiesByDevice, firstClash, requirePresent, inOrder, type FaultEntry } from './entry.js';
import type { Failure } from './failure.js';
import { heartbeatFrame, LEASE_US } from './heartbeat.js';
import { ControlFaults } from './controlFaults.js';
import { HostFaults } from './hostFaults.js';
import type { FaultPart } from './part.js';
import { planFailure } from './plan.js';
import { nextStepNs, rampedFailure, replanned } from './ramp.js';
import { RoomFaults } from './roomFaults.js';

/** A failure that was injected. */
export interface Fault {
  id: string;
  failure: Failure;
  /** Controller time, us. */
  injectedUs: number;
  expiresUs: number;
  /**
   * pending: recorded, being written. cleared is said only after a read-back. interrupted: it was
   * there when its controller died, and was removed by the next one.
   */
  state: 'pending' | 'active' | 'cleared' | 'expired' | 'interrupted';
  entries: FaultEntry[];
}

/** Whether faults are blocked, and why. */
export interface StopState {
  isStopped: boolean;
  reason: string;
}

/** What the engine works with. */
export interface FaultEngineOptions {
  topology: Topology;
  devices: readonly ShadowDevice[];
  /**
   * The switches as whoever replicates writes them, where those are not `devices`: a program of
   * others has a fault stage of its own beside it.
   */
  replicas?: readonly ShadowDevice[];
  /** Hosts of the shadow that can fail; none unless given. */
  hosts?: readonly ShadowHost[];
  /** Controller time, us. */
  nowUs: () => number;
  /** Keeps a fault's record before it acts. */
  record?: (fault: Fault) => void;
  /** Keeps the state of the global stop. */
  recordStop?: (state: StopState) => void;
  /** Faults at once; more are refused. */
  limit?: number;
  /** How long faults act after the last heartbeat, us; LEASE_US unless given. */
  leaseUs?: number;
}

/** The faults of one shadow. */
export class FaultEngine {
  /** How much may be touched at once; undefined: no limit, as in campaigns. */
  blast: BlastLimit | undefined;
  /** The flows that are known, for the blast radius: the topology's, until others are learned. */
  traffic: readonly TrafficFlow[];
  readonly #devices: Map<string, ShadowDevice>;
  readonly #rooms: RoomFaults;
  readonly #control: ControlFaults;
  /** What is no entry of a switch, in the order in which it is taken off. */
  readonly #parts: readonly FaultPart[];
  readonly #faults = new Map<string, Fault>();
  #nextId = 1;
  #stop: StopState = { isStopped: false, reason: '' };

  constructor(private readonly options: FaultEngineOptions) {
    const { devices, replicas = devices, nowUs } = options;
    for (const device of [...devices, ...replicas]) {
      if (!(device instanceof ShadowDevice)) {
        throw new UmbraError('REFUSED', 'faults act on shadow devices only');
      }
    }
    this.traffic = options.topology.traffic;
    const hosts = new HostFaults(options.hosts ?? []);
    this.#devices = new Map(devices.map((device) => [device.name, device]));
    this.#rooms = new RoomFaults(new Map(replicas.map((d) => [d.name, d])), nowUs);
    this.#control = new ControlFaults(replicas, nowUs);
    this.#parts = [this.#rooms, this.#control, hosts];
  }

  /** The global stop. */
  get stopState(): StopState {
    return { ...this.#stop };
  }

  /** When the next step of some fault is due, controller time in us; Infinity for never. */
  get nextStepUs(): number {
    let next = this.#control.dueUs;
    for (const { failure, injectedUs, state } of this.#faults.values()) {
      if (!failure.ramp || state !== 'active') continue;
      const elapsedNs = (this.options.nowUs() - injectedUs) * 1000;
      next = Math.min(next, injectedUs + nextStepNs(failure.ramp, elapsedNs) / 1000);
    }
    return next;
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
   * fault holds the same stage, LIMIT, REFUSED after a stop or past the blast radius, or what the
   * switch answered; then nothing is left behind.
   * @param override goes past the blast radius
   */
  async inject(failure: Failure, durationUs: number, override = false): Promise<Fault> {
    if (!(durationUs > 0)) {
      throw new UmbraError('INVALID_INPUT', 'a fault needs a duration above 0');
    }
    if (this.#stop.isStopped) {
      throw new UmbraError('REFUSED', `faults are stopped (${this.#stop.reason}): release first`);
    }
    const { topology, nowUs, limit = 256 } = this.options;
    const injectedUs = nowUs();
    const expiresUs = injectedUs + Math.round(durationUs);
    const live = this.list().filter((fault) => fault.state !== 'cleared');
    const present = live.flatMap(({ entries }) => entries);
    const lastsUs = expiresUs - injectedUs;
    const entries = planFailure(topology, rampedFailure(failure, 0), injectedUs, lastsUs, present);
    if (failure.ramp) replanned(topology, failure, injectedUs, lastsUs, entries, Infinity);
    if (live.length >= limit) throw new UmbraError('LIMIT', `${limit} faults are active`);
    if (this.blast && !override) {
      const acting = live.filter(({ state }) => state === 'active').map((fault) => fault.failure);
      checkBlastRadius(topology, this.traffic, [...acting, failure], this.blast);
    }
    await this.#clearExpired(live, entries);
    const id = `fault-${this.#nextId++}`;
    const fault: Fault = { id, failure, injectedUs, expiresUs, state: 'pending', entries };
    this.options.record?.(fault);
    this.#faults.set(id, fault);
    try {
      this.heartbeat();
      await this.#write(fault);
      this.#set(fault, 'active');
    } catch (error) {
      await this.#remove(fault).catch(() => {});
      this.#faults.delete(id);
      this.#set(fault, 'cleared');
      throw error;
    }
    return fault;
  }

  /** Carries out what is due: steps of growing faults, and what a slow control plane let wait. */
  async step(): Promise<void> {
    const now = this.options.nowUs();
    await this.#control.settle();
    for (const fault of this.#faults.values()) {
      const { failure, injectedUs, expiresUs, state, entries } = fault;
      if (!failure.ramp || state !== 'active' || expiresUs <= now) continue;
      const elapsedNs = (now - injectedUs) * 1000;
      const lastsUs = expiresUs - injectedUs;
      const { topology } = this.options;
      const next = replanned(topology, failure, injectedUs, lastsUs, entries, elapsedNs);
      const isChanged = (entry: FaultEntry, i: number): boolean =>
        JSON.stringify(entry) !== JSON.stringify(entries[i]);
      const changed = next.filter(isChanged);
      for (const [device, entities] of entitiesByDevice(changed, this.#devices)) {
        const updates = entities.map((entity) => ({ type: Update_Type.MODIFY, entity }));
        await device.unhindered.write(updates);
      }
      for (const part of this.#parts) await part.write(changed);
      fault.entries = next;
    }
  }

  /** Removes a fault and reads back that it is gone. */
  async clear(id: string): Promise<Fault> {
    const fault = this.get(id);
    await this.#remove(fault);
    this.#faults.delete(id);
    this.#set(fault, 'cleared');
    return fault;
  }

  /** Removes every fault, also those that this engine does not know. Returns how many entries. */
  async clearAll(): Promise<number> {
    let removed = 0;
    for (const part of this.#parts) removed += await part.clearAll();
    for (const device of this.#devices.values()) {
      const mine = (entity: Entity): boolean => device.isFault(entity);
      removed += (await device.unhindered.reconcile([], mine)).length;
    }
    const known = [...this.#faults.values()];
    // Gone from the switches, whatever becomes of their records.
    this.#faults.clear();
    for (const fault of known) this.#set(fault, 'cleared');
    return removed;
  }

  /**
   * The global stop: no fault acts from the moment the switches have heard a heartbeat without a
   * lease, then every entry is removed, and new faults are refused until `release`. A journal that
   * fails does not keep it from that; what failed is in the answer.
   */
  async stop(reason: string): Promise<{ removedEntries: number; notRecorded?: string }> {
    this.#stop = { isStopped: true, reason };
    this.heartbeat();
    let notRecorded: string | undefined;
    try {
      this.options.recordStop?.(this.#stop);
    } catch (error) {
      notRecorded = messageOf(error);
    }
    let removedEntries = 0;
    try {
      removedEntries = await this.clearAll();
    } catch (error) {
      if (!(error instanceof UmbraError && error.code === 'STORE')) throw error;
      notRecorded = error.message;
    }
    return { removedEntries, ...(notRecorded === undefined ? {} : { notRecorded }) };
  }

  /** Lets faults be injected again. */
  release(): void {
    this.#stop = { isStopped: false, reason: '' };
    this.options.recordStop?.(this.#stop);
    this.heartbeat();
  }

  /**
   * Takes over from a controller that died: whatever faults the switches still hold are removed,
   * and those of its records that were under way are marked. Returns them.
   */
  async recover(records: readonly Fault[], stop?: StopState): Promise<Fault[]> {
    if (stop) this.#stop = { ...stop };
    for (const { id } of records) {
      this.#nextId = Math.max(this.#nextId, Number(id.replace(/^fault-/, '')) + 1 || 1);
    }
    await this.clearAll();
    const underWay = records.filter(({ state }) => state === 'pending' || state === 'active');
    for (const fault of underWay) this.#set(fault, 'interrupted');
    return underWay;
  }

  /** Forgets all faults without touching a switch: the network was set back to before them. */
  forget(): void {
    this.#control.forget();
    this.#faults.clear();
    this.#rooms.clearAll();
  }

  /** Renews the lease on every shadow switch and host and tells it the controller's time. */
  heartbeat(): void {
    const nowUs = this.options.nowUs();
    const leaseUs = this.#stop.isStopped ? 0 : (this.options.leaseUs ?? LEASE_US);
    const frame = heartbeatFrame(nowUs, leaseUs);
    for (const part of this.#parts) part.renew(nowUs, leaseUs);
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

  async #write(fault: Fault): Promise<void> {
    const kept = this.#keysOfOthers(fault);
    for (const [device, wanted] of entitiesByDevice(fault.entries, this.#devices)) {
      const fresh = wanted.filter((entity) => !kept.get(device)?.has(entityKey(entity)));
      for (const batch of inOrder(fresh)) {
        const updates = batch.map((entity) => ({ type: Update_Type.INSERT, entity }));
        await device.unhindered.write(updates);
      }
      await requirePresent(device, wanted);
    }
    for (const part of this.#parts) await part.write(fault.entries);
  }

  async #remove(fault: Fault): Promise<void> {
    for (const part of this.#parts) await part.remove(fault.entries);
    const kept = this.#keysOfOthers(fault);
    for (const [device, entities] of entitiesByDevice(fault.entries, this.#devices)) {
      const keys = new Set(entities.map(entityKey).filter((key) => !kept.get(device)?.has(key)));
      const mine = (entity: Entity): boolean => keys.has(entityKey(entity));
      await device.unhindered.reconcile([], mine);
      const left = (await device.unhindered.readState()).filter(mine);
      if (left.length > 0) {
        throw new UmbraError('RPC', `${device.name}: ${left.length} entries of ${fault.id} remain`);
      }
    }
  }

  /** Keys that other faults need as well: a port's clone session is there once. */
  #keysOfOthers(fault: Fault): Map<ShadowDevice, Set<string>> {
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
