/**
 * Where mirrored copies arrive: unwrapped, counted, handed on as what entered where. A source is
 * any switch that sends ERSPAN; what is no copy of a known one is counted by reason.
 */
import {
  decapsulateErspan,
  dissect,
  emptyDissection,
  type MirroredFrame,
  type NotMirrored,
} from '../packet/index.js';
import type { Topology } from '../topology/index.js';
import { EntryPoints, type EntryPoint } from './entry.js';
import { deviceByLoopback, sessionOf } from './plan.js';
import type { MirrorRule } from './rules.js';
import { CopyStream } from './stream.js';

/** A frame as it entered production. The bytes are a view. */
export interface EnteredFrame {
  device: string;
  port: number;
  /** Index of the rule that copied it; -1 when its session is nobody's. */
  rule: number;
  frame: Uint8Array;
  /** Of the original: what was cut off is virtual, as far as an IP header tells its length. */
  wireLength: number;
  timeNs: number;
}

/** Counts of one rule. */
export interface CopyCounts {
  packets: number;
  bytes: number;
}

/** A switch that sends copies, as far as its address does not tell. */
export interface MirrorSource {
  device: string;
  /** Index field to P4Runtime port; without it the index is the port. */
  ports?: ReadonlyMap<number, number>;
  /** Session to P4Runtime port, for sessions that watch one port. */
  sessions?: ReadonlyMap<number, number>;
  /** It sends type II without sequence numbers, which otherwise means type I. */
  hasHeader?: boolean;
}

/** Why a packet is not handed on. */
export type StrangerReason =
  | NotMirrored
  /** No switch has that address. */
  | 'unknown source'
  /** No rule has that session. */
  | 'unknown session'
  /** Neither port nor sender says where it entered. */
  | 'unknown entry'
  /** A copy of what is in the shadow already (invariant I4). */
  | 'shadow tag'
  | 'more streams than are counted';

/** What a collector expects. */
export interface CollectorOptions {
  rules: readonly MirrorRule[];
  /** By IPv4 address, besides the loopbacks of the topology. */
  sources?: ReadonlyMap<number, MirrorSource>;
  /** Whether sessions without a rule are taken too. */
  takesAnySession?: boolean;
}

const STREAM_LIMIT = 4096;
const SESSIONS = 2048;
const ETHERNET_BYTES = 14;

/** Collects ERSPAN. */
export class MirrorCollector {
  /** Packets that were not handed on, by reason. */
  readonly strangers = new Map<StrangerReason, number>();
  readonly #sources: Map<number, MirrorSource>;
  readonly #entries: EntryPoints;
  readonly #found = emptyDissection();
  readonly #takesAny: boolean;
  #rules: readonly MirrorRule[] = [];
  #ruleBySession = new Map<number, number>();
  #streams = new Map<number, CopyStream>();

  constructor(
    topology: Topology,
    options: CollectorOptions,
    private readonly deliver: (entered: EnteredFrame) => void,
  ) {
    this.#sources = new Map<number, MirrorSource>(
      [...deviceByLoopback(topology)].map(([address, device]) => [address, { device }]),
    );
    for (const [address, source] of options.sources ?? []) this.#sources.set(address, source);
    this.#entries = new EntryPoints(topology);
    this.#takesAny = options.takesAnySession ?? false;
    this.restart(options.rules);
  }

  get rules(): readonly MirrorRule[] {
    return this.#rules;
  }

  /** What came so far, by source and session. */
  get streams(): readonly CopyStream[] {
    return [...this.#streams.values()];
  }

  /** Copies seen so far, by rule. */
  get copies(): readonly CopyCounts[] {
    const copies = this.#rules.map(() => ({ packets: 0, bytes: 0 }));
    for (const { rule, packets, bytes } of this.#streams.values()) {
      const counts = copies[rule];
      if (!counts) continue;
      counts.packets += packets;
      counts.bytes += bytes;
    }
    return copies;
  }

  /** Counts anew, by other rules. */
  restart(rules: readonly MirrorRule[]): void {
    this.#rules = rules;
    this.#ruleBySession = new Map(rules.map((rule, i) => [rule.session ?? sessionOf(i), i]));
    this.#streams.clear();
  }

  /** Takes one packet as it came from the mirror port. */
  take(packet: Uint8Array, outerLength: number, timeNs: number): void {
    const copy = decapsulateErspan(packet, outerLength, this.#hasHeader);
    if (typeof copy === 'string') return this.#refuse(copy);
    const source = this.#sources.get(copy.source);
    if (!source) return this.#refuse('unknown source');
    const rule = this.#ruleBySession.get(copy.sessionId) ?? -1;
    if (rule < 0 && !this.#takesAny) return this.#refuse('unknown session');
    const { frame } = copy;
    if (frame.length < ETHERNET_BYTES) return this.#refuse('cut short');
    const found = dissect(frame, copy.wireLength, this.#found);
    if (found.hasShadowTag) return this.#refuse('shadow tag');
    const wireLength = isCut(copy) ? Math.max(copy.wireLength, found.frameLength) : copy.wireLength;
    const stream = this.#streamOf(copy, source.device, rule);
    if (!stream) return this.#refuse('more streams than are counted');
    if (!stream.take(copy.sequence, copy.wireLength)) return;
    const entry = this.#entryOf(copy, source);
    if (!entry) return this.#refuse('unknown entry');
    const { device, port } = entry;
    this.deliver({ device, port, rule, frame, wireLength, timeNs });
  }

  readonly #hasHeader = (source: number): boolean => this.#sources.get(source)?.hasHeader === true;

  #refuse(reason: StrangerReason): void {
    this.strangers.set(reason, (this.strangers.get(reason) ?? 0) + 1);
  }

  #streamOf({ source, sessionId }: MirroredFrame, device: string, rule: number) {
    const key = source * SESSIONS + sessionId + 1;
    let stream = this.#streams.get(key);
    if (!stream && this.#streams.size < STREAM_LIMIT) {
      stream = new CopyStream(source, sessionId, device, rule);
      this.#streams.set(key, stream);
    }
    return stream;
  }

  /**
   * Ports that the file names are believed; an index only when a host is at that port. Else, and
   * for what was copied where it left, the sender says where it came in.
   */
  #entryOf(copy: MirroredFrame, source: MirrorSource): EntryPoint | undefined {
    const { device, ports, sessions } = source;
    if (!copy.isEgress) {
      const named = sessions?.get(copy.sessionId) ?? ports?.get(copy.index);
      if (named !== undefined) return { device, port: named };
      const entry = ports ? undefined : this.#entries.at(device, copy.index);
      if (entry) return entry;
    }
    return this.#entries.ofSender(copy.frame);
  }
}

/** Whether a copy may be shorter than its original: type I cannot say. */
function isCut({ isTruncated, type }: MirroredFrame): boolean {
  return isTruncated || type === 1;
}
