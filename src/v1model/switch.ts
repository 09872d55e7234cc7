/**
 * The v1model switch: one program with its tables and other objects, compiled, and the path that
 * packets take through it.
 * Specified by the v1model architecture (p4lang) and the reference target's behaviour.
 */
import { Prng } from '../base/prng.js';
import type { Program } from '../bmv2/index.js';
import type {
  EgressQueueControl,
  IndexedCounterControl,
  IndexedMeterControl,
  ProfileControl,
  RegisterControl,
  ReplicationControl,
  TableControl,
  ValueSetControl,
} from './control.js';
import { digestSender } from './digest.js';
import { keptNumbers } from './emit/keep.js';
import { slotsOf } from './emit/layout.js';
import { EgressQueues, PRIORITIES } from './egressQueues.js';
import { makeEnvironment, type SharedState } from './environment.js';
import { logText } from './log.js';
import { ProgramObjects } from './objects.js';
import type { DropReason, V1SwitchOptions } from './options.js';
import { PacketPath } from './path.js';
import { compile, emittedForm, type Pipeline } from './pipeline.js';
import { Replication } from './replication.js';
import { Tracer, type PacketTrace } from './trace.js';

interface SavedSwitch {
  objects: unknown[];
  replication: ReturnType<Replication['save']>;
  prng: Uint32Array;
  ints: Int32Array;
  doubles: Float64Array;
  path: ReturnType<PacketPath['save']>;
  downPorts: number[];
}

/** One switch running one program. */
export class V1Switch {
  readonly tables: ReadonlyMap<string, TableControl>;
  readonly profiles: ReadonlyMap<string, ProfileControl>;
  readonly counters: ReadonlyMap<string, IndexedCounterControl>;
  readonly meters: ReadonlyMap<string, IndexedMeterControl>;
  readonly registers: ReadonlyMap<string, RegisterControl>;
  readonly valueSets: ReadonlyMap<string, ValueSetControl>;
  readonly replication: ReplicationControl;
  readonly queues: EgressQueueControl;

  readonly #objects: ProgramObjects;
  readonly #replication: Replication;
  readonly #prng: Prng;
  readonly #ints: Int32Array;
  readonly #doubles: Float64Array;
  readonly #path: PacketPath;
  readonly #bindings: Record<string, unknown>;
  readonly #pipeline: Pipeline;

  /** Throws UNSUPPORTED_PROGRAM when the program uses what has no emitter. */
  constructor(
    readonly program: Program,
    options: V1SwitchOptions,
  ) {
    const code = emittedForm(program);
    const { layout } = code;
    const slots = slotsOf(layout);
    const { pool, attachment } = options;
    const dropPort = options.dropPort ?? 511;
    this.#prng = new Prng(options.seed);
    const clock = new Float64Array(1);
    this.#objects = new ProgramObjects(program, () => this.#path.nowNs, options.tableSizes);
    this.#replication = new Replication(this.#objects.downPorts);
    // An even number of words, so that they can be cleared in pairs.
    const ints = new Int32Array(2 * Math.ceil((layout.intSlots + 1) / 2));
    const doubles = new Float64Array(Math.max(1, layout.doubleSlots));
    this.#ints = ints;
    this.#doubles = doubles;
    const parsedBytesSlot = slots.parsed_bytes;
    const prng = this.#prng;
    const { onLog } = options;
    const shared: SharedState = {
      pool,
      ints,
      doubles,
      dropPort,
      clock,
      parsedBytesSlot,
      prng,
      log: onLog && ((message, values) => onLog(logText(code.messages[message]!, values))),
      assertionFailed: (assertion) => {
        this.#path.giveUp('assertion_failed');
        const { kind, text, place } = code.assertions[assertion]!;
        options.onAssertion?.({ kind, text, place, timeNs: this.#path.nowNs });
      },
      endLoop: () => this.#path.giveUp('loop_limit'),
    };
    this.#bindings = { ...makeEnvironment(program, shared), ...this.#objects.bindings };
    this.#pipeline = compile(code, this.#bindings);
    const queues = new EgressQueues(options.priorityQueues ?? PRIORITIES, ints, doubles, layout);
    this.queues = queues;
    this.#path = new PacketPath({
      program,
      pool,
      attachment,
      layout,
      slots,
      ints,
      doubles,
      dropPort,
      clock: this.#objects.tables.some((t) => t.supportsTimeout) ? clock : undefined,
      keptWidth: keptNumbers(program, layout),
      pipeline: this.#pipeline,
      replication: this.#replication,
      queues,
      digest: options.onDigest && digestSender(program, layout, ints, doubles, options.onDigest),
    });
    this.tables = byName(this.#objects.tables);
    this.profiles = byName(this.#objects.profiles);
    this.counters = byName(this.#objects.counters);
    this.meters = byName(this.#objects.meters);
    this.registers = byName(this.#objects.registers);
    this.valueSets = byName(this.#objects.valueSets);
    this.replication = this.#replication;
  }

  /** Packets dropped, by reason. */
  get drops(): Readonly<Record<DropReason, number>> {
    return this.#path.drops;
  }

  /** Packets that wait in the delay line. */
  get held(): number {
    return this.#path.held;
  }

  /** Tells `listener` what happens to every packet from now on; undefined ends that. */
  trace(listener: ((trace: PacketTrace) => void) | undefined): void {
    if (!listener) {
      this.#path.use(this.#pipeline);
      return;
    }
    const tracer = new Tracer(this.program, this.#objects);
    const code = emittedForm(this.program, true);
    this.#path.use(compile(code, { ...this.#bindings, T: tracer }), tracer, listener);
  }

  /**
   * A port goes down or comes up: members that watch it are left out of their groups meanwhile, and
   * backup replicas take over. Packets sent to it are not stopped here. All ports start up.
   */
  setPortState(port: number, isUp: boolean): void {
    const { downPorts, profiles } = this.#objects;
    if (downPorts.has(port) !== isUp) return;
    if (isUp) downPorts.delete(port);
    else downPorts.add(port);
    for (const profile of profiles) profile.portsChanged();
    this.#replication.portsChanged();
  }

  /** A packet arrives; the switch owns it. */
  receive(port: number, packet: number, nowNs: number): void {
    this.#path.receive(port, packet, nowNs);
  }

  /** Lets go the packets whose time has come. */
  wake(nowNs: number): void {
    this.#path.wake(nowNs);
  }

  /** Frees the packets that wait: another program takes over. */
  close(): void {
    this.#path.close();
  }

  save(): unknown {
    const saved: SavedSwitch = {
      objects: this.#objects.save(),
      replication: this.#replication.save(),
      prng: this.#prng.state.slice(),
      ints: this.#ints.slice(),
      doubles: this.#doubles.slice(),
      path: this.#path.save(),
      downPorts: [...this.#objects.downPorts],
    };
    return saved;
  }

  load(state: unknown): void {
    const saved = state as SavedSwitch;
    const { downPorts } = this.#objects;
    downPorts.clear();
    for (const port of saved.downPorts) downPorts.add(port);
    this.#objects.load(saved.objects);
    this.#replication.load(saved.replication);
    this.#prng.state.set(saved.prng);
    this.#ints.set(saved.ints);
    this.#doubles.set(saved.doubles);
    this.#path.load(saved.path);
  }

  /** Starts the stream of random numbers again. */
  reseed(seed: number): void {
    this.#prng.reseed(seed);
  }
}

function byName<T extends { name: string }>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [object.name, object]));
}
