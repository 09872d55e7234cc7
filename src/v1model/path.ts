/**
 * The way of a packet through one switch: ingress, replication, egress, out, around the emitted
 * code. Packets go through at once, one after the other; queues belong to the links outside.
 */
import { NO_PACKET, type PacketPool } from '../packet/index.js';
import { microseconds } from './clock.js';
import { DelayLine } from './delayLine.js';
import { QUEUE_FULL, type EgressQueues } from './egressQueues.js';
import { cut, holdReader, noDrops, type PathParts } from './pathParts.js';
import { AFTER_EGRESS, AFTER_INGRESS, DROPPED } from './emit/unicast.js';
import type { Slots } from './emit/layout.js';
import { InstanceType } from './instance.js';
import type { DropReason, SwitchAttachment } from './options.js';
import type { Pipeline } from './pipeline.js';
import { Replication, type ReplicaList } from './replication.js';
import type { PacketTrace, Tracer } from './trace.js';

/** A packet that recirculates or resubmits more often than this is dropped. */
const PASS_LIMIT = 64;

/** Carries packets through the emitted code of one switch. */
export class PacketPath {
  readonly drops = noDrops();
  /** The time of the packet under way. */
  nowNs = 0;
  readonly #holdNs: () => number;
  readonly #pool: PacketPool;
  readonly #wireLength: Int32Array;
  readonly #attachment: SwitchAttachment;
  readonly #slots: Slots;
  readonly #replication: Replication;
  readonly #delayLine: DelayLine;
  readonly #queues: EgressQueues;
  readonly #digest: PathParts['digest'];
  readonly #I: Int32Array;
  readonly #D: Float64Array;
  readonly #dropPort: number;
  readonly #clock: Float64Array | undefined;
  /** What a clone or a repeated packet keeps between passes. */
  readonly #kept: Float64Array;
  #pipeline: Pipeline;
  #tracer: Tracer | undefined;
  #onTrace: ((trace: PacketTrace) => void) | undefined;
  #passes = 0;
  #givenUp: DropReason | undefined;

  constructor(parts: PathParts) {
    this.#holdNs = holdReader(parts);
    this.#pool = parts.pool;
    this.#wireLength = parts.pool.wireLength;
    this.#attachment = parts.attachment;
    this.#slots = parts.slots;
    this.#I = parts.ints;
    this.#D = parts.doubles;
    this.#dropPort = parts.dropPort;
    this.#clock = parts.clock;
    this.#pipeline = parts.pipeline;
    this.#replication = parts.replication;
    this.#digest = parts.digest;
    this.#queues = parts.queues;
    this.#kept = new Float64Array(Math.max(1, parts.keptWidth));
    this.#delayLine = new DelayLine(parts.keptWidth);
  }

  /** Goes on with another form of the same emitted code, and tells `onTrace` about each packet. */
  use(pipeline: Pipeline, tracer?: Tracer, onTrace?: (trace: PacketTrace) => void): void {
    this.#pipeline = pipeline;
    this.#tracer = tracer;
    this.#onTrace = onTrace;
  }

  /** Packets that wait in the delay line. */
  get held(): number {
    return this.#delayLine.count;
  }

  /** Frees the packets that wait: another program takes over. */
  close(): void {
    const line = this.#delayLine;
    while (line.count > 0) this.#pool.free(line.packet(line.takeFirst()));
    while (this.#queues.count > 0) this.#pool.free(this.#queues.takeFirst(0).packet);
    this.#attachment.wakeAt(Infinity);
  }

  /** A packet arrives; the switch owns it. */
  receive(port: number, packet: number, nowNs: number): void {
    this.nowNs = nowNs;
    if (this.#clock !== undefined) this.#clock[0] = nowNs;
    this.#passes = 1;
    if (this.#tracer || this.#queues.isActive) {
      this.#receiveSlowly(port, packet, nowNs);
      return;
    }
    const out = this.#unicast(port, packet, nowNs);
    if (out >= 0) this.#attachment.transmit(out, packet);
    else this.#takeOver(out, port, packet);
  }

  /** The way of packets that are traced, or that come to queues. */
  #receiveSlowly(port: number, packet: number, nowNs: number): void {
    this.#tracer?.begin(nowNs, port, this.#wireLength[packet]!, InstanceType.NORMAL);
    if (this.#queues.isActive) {
      this.#passes = 0;
      this.#pass(port, packet, InstanceType.NORMAL, -1);
    } else {
      const out = this.#unicast(port, packet, nowNs);
      if (out >= 0) this.#transmit(out, packet);
      else this.#takeOver(out, port, packet);
    }
    if (this.#tracer) this.#onTrace?.(this.#tracer.end());
  }

  #unicast(port: number, packet: number, nowNs: number): number {
    const length = this.#wireLength[packet]!;
    return this.#pipeline.unicast(packet, port, length, microseconds(nowNs));
  }

  /** Goes on where the emitted way of most packets stopped. */
  #takeOver(why: number, port: number, packet: number): void {
    if (why === AFTER_INGRESS) this.#afterIngress(port, packet);
    else if (why === AFTER_EGRESS) this.#afterEgress(port, packet);
    else this.#drop(packet, why === DROPPED ? 'egress_spec' : 'too_long');
  }

  /** Lets go the packets whose time has come. */
  wake(nowNs: number): void {
    this.nowNs = nowNs;
    if (this.#clock !== undefined) this.#clock[0] = nowNs;
    const [line, queues] = [this.#delayLine, this.#queues];
    while (Math.min(line.nextNs, queues.nextNs) <= nowNs) {
      this.#passes = 0;
      if (line.nextNs <= queues.nextNs) this.#endHold(nowNs);
      else this.#dequeue(nowNs);
      if (this.#tracer) this.#onTrace?.(this.#tracer.end());
    }
    this.#attachment.wakeAt(Math.min(line.nextNs, queues.nextNs));
  }

  #endHold(nowNs: number): void {
    const line = this.#delayLine;
    const slot = line.takeFirst();
    const from = slot * line.width;
    this.#kept.set(line.kept.subarray(from, from + line.width));
    const [port, packet] = [line.port(slot), line.packet(slot)];
    const type = InstanceType.RECIRCULATED;
    this.#tracer?.begin(nowNs, port, this.#pool.wireLength[packet]!, type);
    this.#pass(port, packet, type, line.fieldList(slot));
  }

  #dequeue(nowNs: number): void {
    const { packet, inPort, outPort, instance } = this.#queues.takeFirst(microseconds(nowNs));
    const type = this.#I[this.#slots.instance_type]!;
    this.#tracer?.begin(nowNs, inPort, this.#pool.wireLength[packet]!, type);
    this.#process(inPort, packet, outPort, instance);
  }

  save() {
    return {
      delayLine: this.#delayLine.save(),
      queues: this.#queues.save(),
      drops: { ...this.drops },
      nowNs: this.nowNs,
    };
  }

  load(saved: ReturnType<PacketPath['save']>): void {
    this.#delayLine.load(saved.delayLine);
    this.#queues.load(saved.queues);
    Object.assign(this.drops, saved.drops);
    this.nowNs = saved.nowNs;
  }

  /** One way through ingress; `list` is the field list that was kept, or -1. */
  #pass(port: number, packet: number, type: number, list: number): void {
    if (++this.#passes > PASS_LIMIT) {
      this.#drop(packet, 'pass_limit');
      return;
    }
    const pipeline = this.#pipeline;
    const timeUs = microseconds(this.nowNs);
    pipeline.begin(port, this.#pool.wireLength[packet]!, type, timeUs);
    if (list > 0) pipeline.restore(list, this.#kept, 0);
    pipeline.front(packet);
    this.#afterIngress(port, packet);
  }

  /** Carries out what the ingress pipeline asked for. */
  #afterIngress(port: number, packet: number): void {
    const pipeline = this.#pipeline;
    const I = this.#I;
    const slots = this.#slots;
    const session = I[slots.clone_ingress]!;
    const digests = I[slots.digests]!;
    if (digests !== 0) this.#digest?.(digests);
    const resubmit = I[slots.resubmit]!;
    const group = I[slots.mcast_grp]!;
    const spec = I[slots.egress_spec]!;
    const clone = session === 0 ? NO_PACKET : this.#pool.copy(packet);
    if (session !== 0) {
      const keptList = I[slots.clone_ingress_list]!;
      pipeline.keep(keptList, this.#kept, 0);
      const kept = this.#kept.slice();
      this.#forward(port, packet, resubmit, group, spec);
      this.#clone(port, clone, session - 1, keptList, kept, InstanceType.INGRESS_CLONE);
      return;
    }
    this.#forward(port, packet, resubmit, group, spec);
  }

  #forward(port: number, packet: number, resubmit: number, group: number, spec: number): void {
    if (resubmit !== 0) {
      this.#tracer?.note({ kind: 'again', why: 'resubmit' });
      this.#pipeline.keep(resubmit - 1, this.#kept, 0);
      this.#pass(port, packet, InstanceType.RESUBMITTED, resubmit - 1);
    } else if (group !== 0) {
      this.#multicast(port, packet, group);
    } else if (spec === this.#dropPort) {
      this.#drop(packet, 'egress_spec');
    } else {
      this.#egress(port, packet, spec, 0);
    }
  }

  #multicast(port: number, packet: number, group: number): void {
    const list = this.#replication.group(group);
    if (!list) {
      this.#drop(packet, 'no_multicast_group');
      return;
    }
    this.#tracer?.copies('multicast', group, list.replicas);
    const slots = this.#slots;
    const ints = this.#I.slice();
    const doubles = this.#D.slice();
    for (const replica of list.replicas) {
      const copy = this.#pool.copy(packet);
      if (copy === NO_PACKET) {
        this.drops.pool_exhausted++;
        continue;
      }
      this.#I.set(ints);
      this.#D.set(doubles);
      this.#I[slots.instance_type] = InstanceType.REPLICATION;
      this.#egress(port, copy, replica.port, replica.instance);
    }
    this.#pool.free(packet);
  }

  /** Copies of `original` to a session's ports, parsed again and sent through egress. */
  #clone(
    port: number,
    original: number,
    session: number,
    list: number,
    kept: Float64Array,
    type: number,
  ): void {
    const target: ReplicaList | undefined = this.#replication.session(session);
    if (original === NO_PACKET || !target) {
      if (original !== NO_PACKET) this.#pool.free(original);
      this.drops[target ? 'pool_exhausted' : 'no_clone_session']++;
      return;
    }
    this.#tracer?.copies('clone', session, target.replicas);
    const timeUs = microseconds(this.nowNs);
    target.replicas.forEach((replica, i) => {
      const isLast = i === target.replicas.length - 1;
      const copy = isLast ? original : this.#pool.copy(original);
      if (copy === NO_PACKET) {
        this.drops.pool_exhausted++;
        return;
      }
      cut(this.#pool, copy, target.truncateBytes);
      this.#pipeline.begin(port, this.#pool.wireLength[copy]!, type, timeUs);
      this.#pipeline.reparse(copy);
      if (list > 0) this.#pipeline.restore(list, kept, 0);
      this.#egress(port, copy, replica.port, replica.instance);
    });
    if (target.replicas.length === 0) this.#pool.free(original);
  }

  /** Towards a port: through its queue if need be. */
  #egress(inPort: number, packet: number, outPort: number, instance: number): void {
    const queues = this.#queues;
    const timeUs = microseconds(this.nowNs);
    if (!queues.isActive) {
      queues.noteEnqueued(timeUs, 0);
      this.#process(inPort, packet, outPort, instance);
      return;
    }
    const dueNs = queues.admit(outPort, this.nowNs, timeUs);
    if (dueNs < 0) this.#drop(packet, dueNs === QUEUE_FULL ? 'queue_full' : 'queue_priority');
    else if (dueNs <= this.nowNs) this.#process(inPort, packet, outPort, instance);
    else {
      this.#tracer?.note({ kind: 'hold', untilNs: dueNs });
      const before = Math.min(this.#delayLine.nextNs, queues.nextNs);
      queues.add(dueNs, { packet, inPort, outPort, instance });
      if (dueNs < before) this.#attachment.wakeAt(dueNs);
    }
  }

  #process(inPort: number, packet: number, outPort: number, instance: number): void {
    const I = this.#I;
    const slots = this.#slots;
    I[slots.egress_spec] = 0;
    I[slots.egress_port] = outPort;
    I[slots.egress_rid] = instance;
    this.#tracer?.note({ kind: 'egress', port: outPort, instance });
    this.#D[slots.egress_global_timestamp] = microseconds(this.nowNs);
    this.#pipeline.egress(packet);
    this.#afterEgress(inPort, packet);
  }

  /** Carries out what the egress pipeline asked for. */
  #afterEgress(inPort: number, packet: number): void {
    const I = this.#I;
    const slots = this.#slots;
    const outPort = I[slots.egress_port]!;
    const session = I[slots.clone_egress]!;
    if (session !== 0) {
      this.#cloneFromEgress(inPort, packet, outPort, session - 1);
      return;
    }
    this.#leave(inPort, packet, outPort);
  }

  /** The copy is of the packet as it leaves; it goes through egress once more. */
  #cloneFromEgress(inPort: number, packet: number, outPort: number, session: number): void {
    const I = this.#I;
    const list = I[this.#slots.clone_egress_list]!;
    this.#pipeline.keep(list, this.#kept, 0);
    const kept = this.#kept.slice();
    const ints = I.slice();
    const doubles = this.#D.slice();
    const copy = this.#pool.copy(packet);
    if (copy !== NO_PACKET && !this.#pipeline.deparse(copy)) {
      this.#drop(copy, 'too_long');
    } else {
      I.fill(0);
      this.#clone(inPort, copy, session, list, kept, InstanceType.EGRESS_CLONE);
    }
    I.set(ints);
    this.#D.set(doubles);
    this.#leave(inPort, packet, outPort);
  }

  #leave(inPort: number, packet: number, outPort: number): void {
    const I = this.#I;
    if (I[this.#slots.egress_spec] === this.#dropPort) {
      this.#drop(packet, 'egress_spec');
      return;
    }
    if (!this.#pipeline.deparse(packet)) {
      this.#drop(packet, 'too_long');
      return;
    }
    const recirculate = I[this.#slots.recirculate]!;
    if (recirculate === 0) this.#transmit(outPort, packet);
    else this.#recirculate(inPort, packet, recirculate - 1);
  }

  #recirculate(port: number, packet: number, list: number): void {
    const wait = this.#holdNs();
    this.#pipeline.keep(list, this.#kept, 0);
    if (wait === 0) {
      this.#tracer?.note({ kind: 'again', why: 'recirculate' });
      this.#pass(port, packet, InstanceType.RECIRCULATED, list);
      return;
    }
    const line = this.#delayLine;
    if (line.isFull) {
      this.#drop(packet, 'delay_line_full');
      return;
    }
    const before = Math.min(line.nextNs, this.#queues.nextNs);
    this.#tracer?.note({ kind: 'hold', untilNs: this.nowNs + wait });
    const slot = line.add(this.nowNs + wait, packet, port, list);
    line.kept.set(this.#kept.subarray(0, line.width), slot * line.width);
    if (line.nextNs < before) this.#attachment.wakeAt(line.nextNs);
  }

  #transmit(port: number, packet: number): void {
    const bytes = this.#pool.wireLength[packet]!;
    this.#tracer?.note({ kind: 'out', port, bytes });
    this.#attachment.transmit(port, packet);
  }

  /** Emitted code: the packet is about to be dropped, and why. */
  giveUp(reason: DropReason): void {
    this.#givenUp = reason;
  }

  #drop(packet: number, asked: DropReason): void {
    const reason = this.#givenUp ?? asked;
    this.#givenUp = undefined;
    this.drops[reason]++;
    this.#tracer?.note({ kind: 'drop', reason });
    this.#pool.free(packet);
  }
}
