/**
 * What happened to one packet, step by step: parser states, tables with the entry they hit, actions
 * with their arguments, copies, drops with the reason.
 *
 * A traced switch runs code emitted with probes, which call the `Tracer`; an untraced one runs code
 * without any, so that tracing is free when it is off. Values are hexadecimal, as in P4 source.
 */
import type { Pipeline, Program } from '../bmv2/index.js';
import type { ActionCall, EntryTarget, KeyMatch, Replica, TableEntryView } from './control.js';
import { instanceName } from './instance.js';
import type { DropReason } from './options.js';
import { bytesOf, wordCount } from './words.js';

/** A name with its value. */
export interface NamedValue {
  name: string;
  value: string;
}

/** An action as it ran. */
export interface TracedAction {
  name: string;
  params: NamedValue[];
}

/** One table that was applied. */
export interface TableStep {
  kind: 'table';
  pipeline: 'ingress' | 'egress';
  table: string;
  /** File and line of the source. */
  place: string;
  key: NamedValue[];
  isHit: boolean;
  /** The entry that was hit: its match, and its priority when the table has priorities. */
  entry?: { match: NamedValue[]; priority: number };
  /** Indirect tables: what the entry refers to. */
  group?: number;
  member?: number;
  action?: TracedAction;
}

/** One thing that happened. */
export type TraceStep =
  | { kind: 'in'; port: number; bytes: number; instance: string }
  | { kind: 'state'; name: string }
  | { kind: 'extract'; header: string; offset: number }
  | { kind: 'parsed'; bytes: number; error?: string }
  | {
      kind: 'condition';
      pipeline: 'ingress' | 'egress';
      text: string;
      place: string;
      value: boolean;
    }
  | TableStep
  | { kind: 'egress'; port: number; instance: number }
  | { kind: 'copy'; why: 'clone' | 'multicast'; id: number; ports: number[] }
  | { kind: 'again'; why: 'resubmit' | 'recirculate' }
  | { kind: 'hold'; untilNs: number }
  | { kind: 'drop'; reason: DropReason }
  | { kind: 'out'; port: number; bytes: number };

/** All that came of one packet's arrival, or of its coming out of the delay line. */
export interface PacketTrace {
  /** The switch's time, ns. */
  timeNs: number;
  steps: TraceStep[];
  /** Steps beyond the limit that were left out. */
  leftOut: number;
}

/** More steps of one packet than this are counted only. */
const STEP_LIMIT = 10_000;

/** The parts of a switch that a trace looks up. */
export interface TracedObjects {
  table(name: string): {
    get(handle: number): TableEntryView;
    getDefault(): ActionCall | undefined;
  };
  member(profile: string, handle: number): ActionCall | undefined;
}

/** Collects the steps of one packet. Emitted code reaches it as `T`. */
export class Tracer {
  #trace: PacketTrace = { timeNs: 0, steps: [], leftOut: 0 };
  readonly #pipelines: readonly Pipeline[];

  constructor(
    private readonly program: Program,
    private readonly objects: TracedObjects,
  ) {
    this.#pipelines = [program.ingress, program.egress];
  }

  /** Starts a trace. */
  begin(timeNs: number, port: number, bytes: number, type: number): void {
    this.#trace = { timeNs, steps: [], leftOut: 0 };
    this.note({ kind: 'in', port, bytes, instance: instanceName(type) });
  }

  /** The trace since `begin`. */
  end(): PacketTrace {
    return this.#trace;
  }

  copies(why: 'clone' | 'multicast', id: number, replicas: readonly Replica[]): void {
    this.note({ kind: 'copy', why, id, ports: replicas.map(({ port }) => port) });
  }

  note(step: TraceStep): void {
    if (this.#trace.steps.length < STEP_LIMIT) this.#trace.steps.push(step);
    else this.#trace.leftOut++;
  }

  /** Emitted code: a parser state begins. */
  state(index: number): void {
    this.note({ kind: 'state', name: this.program.parser.states[index]!.name });
  }

  /** Emitted code: a header was found `offset` bytes into the packet. */
  extract(header: number, offset: number): void {
    this.note({ kind: 'extract', header: this.program.headers[header]!.name, offset });
  }

  /** Emitted code: parsing ended. */
  parsed(bytes: number, error: number): void {
    const name = this.program.errors.get(error) ?? `error ${error}`;
    this.note({ kind: 'parsed', bytes, ...(error === 0 ? {} : { error: name }) });
  }

  /** Emitted code: a packet goes on to one port. */
  egress(port: number): void {
    this.note({ kind: 'egress', port, instance: 0 });
  }

  /** Emitted code: a branch; returns the value. */
  condition(pipeline: number, index: number, value: boolean): boolean {
    const { name, conditions } = this.#pipelines[pipeline]!;
    const { text, place } = conditions[index]!;
    this.note({ kind: 'condition', pipeline: name, text, place, value });
    return value;
  }

  /** Emitted code: a table without a key whose one action never changes. */
  inline(pipeline: number, index: number): void {
    const { name, tables } = this.#pipelines[pipeline]!;
    const { name: table, place, actions } = tables[index]!;
    const action = { name: this.program.actions[actions[0]!]!.name, params: [] };
    this.note({ kind: 'table', pipeline: name, table, place, key: [], isHit: false, action });
  }

  /** Emitted code: a table met `entry` (0: none) and, if it is indirect, `member`. */
  table(pipeline: number, index: number, entry: number, member: number, words: number[]): void {
    const { name, tables, profiles } = this.#pipelines[pipeline]!;
    const table = tables[index]!;
    const found = this.objects.table(table.name);
    const view = entry === 0 ? undefined : found.get(entry);
    const target: EntryTarget | undefined = view ? view.target : found.getDefault();
    const profile = table.profile === undefined ? undefined : profiles[table.profile]!.name;
    const call =
      target === undefined || 'action' in target
        ? target
        : this.objects.member(profile!, member);
    const match = view && matchValues(table.key, view.match);
    this.note({
      kind: 'table',
      pipeline: name,
      table: table.name,
      place: table.place,
      key: keyValues(table.key, words),
      isHit: view !== undefined,
      ...(match && { entry: { match, priority: view.priority } }),
      ...(target && 'group' in target && { group: target.group }),
      ...(profile !== undefined && target && !('action' in target) && { member }),
      ...(call && { action: this.#action(call) }),
    });
  }

  #action({ action: name, params }: ActionCall): TracedAction {
    const action = this.program.actions.find((a) => a.name === name);
    return {
      name,
      params: params.map((value, i) => ({
        name: action?.parameters[i]?.name ?? String(i),
        value: hex(value),
      })),
    };
  }
}

type Key = readonly { name: string; width: number }[];

function keyValues(key: Key, words: readonly number[]): NamedValue[] {
  let at = 0;
  return key.map(({ name, width }) => {
    const value = hex(bytesOf(words, at, width));
    at += wordCount(width);
    return { name, value };
  });
}

function matchValues(key: Key, match: readonly KeyMatch[]): NamedValue[] {
  return key.map(({ name }, i) => ({ name, value: matchText(match[i]!) }));
}

function matchText(match: KeyMatch): string {
  if (match === null) return '*';
  if ('low' in match) return `${hex(match.low)}..${hex(match.high)}`;
  if ('prefixLength' in match) return `${hex(match.value)}/${match.prefixLength}`;
  if ('mask' in match) return `${hex(match.value)}&&&${hex(match.mask)}`;
  return hex(match.value);
}

function hex(bytes: Uint8Array): string {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
