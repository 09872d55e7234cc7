/**
 * Egress queues as the reference target has them: for every port some queues of strict priority, 0
 * the lowest, each with a depth in packets and a rate in packets per second. A queue lets a packet
 * go once its interval has passed; of packets that are due together, the highest priority goes
 * first. Without a rate nothing waits, and the packet path never comes here.
 */
import { UmbraError } from '../base/errors.js';
import type { EgressQueueControl } from './control.js';
import { DelayLine } from './delayLine.js';
import type { Layout } from './emit/layout.js';
import { queueFields, type QueueField } from './emit/usage.js';

/** The reference target's depth. */
const DEFAULT_DEPTH = 64;

/** The values of standard_metadata.priority; as many queues does the reference target have. */
export const PRIORITIES = 8;

/** One queue. */
export interface Queue {
  depth: number;
  /** Packets per second; 0 for no limit. */
  rate: number;
  length: number;
  /** When the last packet that came in goes out, ns. */
  lastNs: number;
}

/** The state of all queues. */
export interface SavedQueues {
  line: unknown;
  defaults: Queue[];
  ports: Map<number, Queue[]>;
}

/** What `admit` answers when a packet has to be dropped. */
export const QUEUE_FULL = -1;
/** As above. */
export const NO_QUEUE = -2;

/** A packet on its way to a port. */
export interface QueuedPacket {
  packet: number;
  inPort: number;
  outPort: number;
  instance: number;
}

/** The queues of one switch, and the packets in them with all their fields. */
export class EgressQueues implements EgressQueueControl {
  /** Whether packets have to come here. */
  isActive = false;
  #defaults: Queue[];
  #ports = new Map<number, Queue[]>();
  #isLimited = false;
  #enqueuedUs = 0;
  readonly #line: DelayLine;
  readonly #slots: Record<QueueField, number>;

  /**
   * @param ints,doubles the storage that emitted code uses
   * @param layout where the fields of queues are in it
   */
  constructor(
    readonly priorities: number,
    private readonly ints: Int32Array,
    private readonly doubles: Float64Array,
    layout: Layout,
  ) {
    checkWhole(priorities - 1, 'the number of the highest priority');
    this.#defaults = Array.from({ length: priorities }, () => emptyQueue());
    this.#slots = Object.fromEntries(
      queueFields.map((name) => [name, layout.queueSlot(name)]),
    ) as Record<QueueField, number>;
    this.#line = new DelayLine(ints.length + doubles.length + 3);
    this.#findLimits();
  }

  /** When the next packet is due, ns; Infinity when none waits. */
  get nextNs(): number {
    return this.#line.nextNs;
  }

  /** Packets in all queues. */
  get count(): number {
    return this.#line.count;
  }

  setDepth(packets: number, port?: number, priority?: number): void {
    checkWhole(packets, 'a queue depth');
    this.#change(port, priority, (queue) => (queue.depth = packets));
  }

  setRate(packetsPerSecond: number, port?: number, priority?: number): void {
    checkWhole(packetsPerSecond, 'a queue rate');
    this.#change(port, priority, (queue) => (queue.rate = packetsPerSecond));
  }

  depth(port: number, priority: number): number {
    return this.#setting(port, priority).depth;
  }

  rate(port: number, priority: number): number {
    return this.#setting(port, priority).rate;
  }

  length(port: number, priority: number): number {
    return this.#setting(port, priority).length;
  }

  /** The priority of the packet whose fields are there. */
  get #priority(): number {
    return this.#slots.priority < 0 ? 0 : this.ints[this.#slots.priority]!;
  }

  /** Sets the fields of a packet that comes to its queue. */
  noteEnqueued(timeUs: number, depth: number): void {
    this.#set('enq_timestamp', timeUs);
    this.#set('enq_qdepth', depth);
    this.#set('deq_timedelta', 0);
    this.#set('deq_qdepth', 0);
    this.#enqueuedUs = timeUs;
  }

  #set(name: QueueField, value: number): void {
    if (this.#slots[name] >= 0) this.ints[this.#slots[name]] = value;
  }

  /**
   * When the packet whose fields are there, and which comes now, may go; QUEUE_FULL, or NO_QUEUE
   * when its priority has none.
   */
  admit(port: number, nowNs: number, timeUs: number): number {
    const queue = this.#queues(port)[this.#priority];
    if (!queue) return NO_QUEUE;
    this.noteEnqueued(timeUs, queue.length);
    if (queue.length >= queue.depth || this.#line.isFull) return QUEUE_FULL;
    const interval = queue.rate === 0 ? 0 : Math.floor(1e9 / queue.rate);
    queue.lastNs = Math.max(nowNs, queue.lastNs + interval);
    return queue.lastNs;
  }

  /** Puts a packet with the fields it has now into its queue. */
  add(dueNs: number, { packet, inPort, outPort, instance }: QueuedPacket): void {
    const line = this.#line;
    const priority = this.#priority;
    const slot = line.add(dueNs, packet, inPort, outPort, this.#defaults.length - priority);
    const at = slot * line.width;
    line.kept.set(this.ints, at);
    line.kept.set(this.doubles, at + this.ints.length);
    const rest = at + this.ints.length + this.doubles.length;
    line.kept[rest] = instance;
    line.kept[rest + 1] = priority;
    line.kept[rest + 2] = this.#enqueuedUs;
    this.#queues(outPort)[priority]!.length++;
    this.isActive = true;
  }

  /** Takes out the packet that is due first, and brings its fields back. */
  takeFirst(timeUs: number): QueuedPacket {
    const line = this.#line;
    const slot = line.takeFirst();
    const at = slot * line.width;
    const middle = at + this.ints.length;
    const rest = middle + this.doubles.length;
    this.ints.set(line.kept.subarray(at, middle));
    this.doubles.set(line.kept.subarray(middle, rest));
    const [instance, priority] = [line.kept[rest]!, line.kept[rest + 1]!];
    const outPort = line.fieldList(slot);
    this.isActive = this.#isLimited || line.count > 0;
    const depth = --this.#queues(outPort)[priority]!.length;
    this.#set('deq_timedelta', timeUs - line.kept[rest + 2]!);
    this.#set('deq_qdepth', depth);
    this.#set('qid', this.priorities - 1 - priority);
    return { packet: line.packet(slot), inPort: line.port(slot), outPort, instance };
  }

  save(): SavedQueues {
    return {
      line: this.#line.save(),
      defaults: structuredClone(this.#defaults),
      ports: structuredClone(this.#ports),
    };
  }

  load(saved: SavedQueues): void {
    this.#line.load(saved.line);
    this.#defaults = structuredClone(saved.defaults);
    this.#ports = structuredClone(saved.ports);
    this.#findLimits();
  }

  #queues(port: number): Queue[] {
    let queues = this.#ports.get(port);
    if (!queues) {
      queues = this.#defaults.map(({ depth, rate }) => ({ ...emptyQueue(), depth, rate }));
      this.#ports.set(port, queues);
    }
    return queues;
  }

  #setting(port: number, priority: number): Queue {
    this.#checkPriority(priority);
    return (this.#ports.get(port) ?? this.#defaults)[priority]!;
  }

  #change(port: number | undefined, priority: number | undefined, set: (q: Queue) => void): void {
    if (priority !== undefined) this.#checkPriority(priority);
    const lists = port === undefined ? [this.#defaults, ...this.#ports.values()] : [];
    if (port !== undefined) lists.push(this.#queues(port));
    for (const list of lists) {
      for (const queue of priority === undefined ? list : [list[priority]!]) set(queue);
    }
    this.#findLimits();
  }

  #findLimits(): void {
    const queues = [this.#defaults, ...this.#ports.values()].flat();
    // A packet whose priority has no queue is to be dropped.
    const isShort = this.#slots.priority >= 0 && this.priorities < PRIORITIES;
    this.#isLimited = isShort || queues.some(({ rate, depth }) => rate > 0 || depth === 0);
    this.isActive = this.#isLimited || this.#line.count > 0;
  }

  #checkPriority(priority: number): void {
    if (!Number.isInteger(priority) || priority < 0 || priority >= this.#defaults.length) {
      const most = this.#defaults.length - 1;
      throw new UmbraError('INVALID_INPUT', `a queue priority is 0 to ${most}, not ${priority}`);
    }
  }
}

function emptyQueue(): Queue {
  return { depth: DEFAULT_DEPTH, rate: 0, length: 0, lastNs: -Infinity };
}

function checkWhole(value: number, what: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new UmbraError('INVALID_INPUT', `${what} is a whole number, not ${value}`);
  }
}
