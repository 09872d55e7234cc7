/**
 * Digests on their way to the controller: gathered into lists, each message once until the list is
 * acknowledged or forgotten. Spec: P4Runtime 1.5, section 9.8.
 */
import { hexOf } from '../p4runtime/index.js';
import {
  Update_Type,
  type DigestEntry,
  type DigestList,
  type DigestListAck,
  type P4Data,
} from '../proto/index.js';
import { exists, missing } from './v1Values.js';

/** The longest list, whatever the controller allows. */
const LIST_LIMIT = 4096;
/** Messages of one digest that are remembered as sent; older lists are forgotten beyond that. */
const SENT_LIMIT = 65_536;

/** A list that was sent and is not acknowledged. */
interface SentList {
  keys: string[];
  sentNs: number;
}

interface Learning {
  entry: DigestEntry;
  waiting: Map<string, P4Data>;
  /** When the first of those waiting came, ns. */
  firstNs: number;
  lists: Map<bigint, SentList>;
  /** The messages of all those lists. */
  sent: Set<string>;
}

/** What happened to the messages that the data plane made. */
export interface DigestCounts {
  /** Sent in lists. */
  sent: number;
  /** Made while the controller had not asked for this digest. */
  unwanted: number;
  /** Waiting or sent already. */
  suppressed: number;
  /** Sent, and forgotten before they were acknowledged, because there were too many. */
  forgotten: number;
}

/** The digests of one pipeline. */
export class Digests {
  readonly counts: DigestCounts = { sent: 0, unwanted: 0, suppressed: 0, forgotten: 0 };
  #learning = new Map<number, Learning>();
  #listId = 0n;

  /** @param wakeAt asks for `wake` at that time; Infinity when nothing is due */
  constructor(
    private readonly send: (list: DigestList) => void,
    private readonly timestampOf: (nowNs: number) => bigint,
    private readonly wakeAt: (timeNs: number) => void,
  ) {}

  entries(): DigestEntry[] {
    return [...this.#learning.values()].map(({ entry }) => entry);
  }

  write(type: Update_Type, entry: DigestEntry): void {
    const { digestId } = entry;
    const found = this.#learning.get(digestId);
    if (type === Update_Type.INSERT) {
      if (found) throw exists(`digest ${digestId}`);
      const empty = { waiting: new Map(), firstNs: 0, lists: new Map(), sent: new Set<string>() };
      this.#learning.set(digestId, { entry, ...empty });
      return;
    }
    if (!found) throw missing(`digest ${digestId}`);
    if (type === Update_Type.DELETE) this.#learning.delete(digestId);
    else found.entry = entry;
    this.#ask();
  }

  /** The data plane made a message; `values` are its fields' bytes. */
  learn(digestId: number, values: readonly Uint8Array[], data: P4Data, nowNs: number): void {
    const learning = this.#learning.get(digestId);
    if (!learning) {
      this.counts.unwanted++;
      return;
    }
    this.#forgetOld(learning, nowNs);
    const key = values.map(hexOf).join();
    if (learning.sent.has(key) || learning.waiting.has(key)) {
      this.counts.suppressed++;
      return;
    }
    if (learning.waiting.size === 0) learning.firstNs = nowNs;
    learning.waiting.set(key, data);
    const { maxListSize = 0, maxTimeoutNs = 0n } = learning.entry.config ?? {};
    const limit = maxListSize === 0 ? LIST_LIMIT : Math.min(maxListSize, LIST_LIMIT);
    if (maxTimeoutNs === 0n || learning.waiting.size >= limit) {
      this.#sendList(digestId, learning, nowNs);
    }
    this.#ask();
  }

  acknowledge({ digestId, listId }: DigestListAck): void {
    const learning = this.#learning.get(digestId);
    if (learning) forget(learning, listId);
  }

  /** Sends the lists whose time has come. */
  wake(nowNs: number): void {
    for (const [digestId, learning] of this.#learning) {
      if (dueNs(learning) <= nowNs) this.#sendList(digestId, learning, nowNs);
    }
    this.#ask();
  }

  /** Whoever loads also restores what was asked of `wakeAt`. */
  save(): { learning: Map<number, Learning>; listId: bigint; counts: DigestCounts } {
    return { learning: copy(this.#learning), listId: this.#listId, counts: { ...this.counts } };
  }

  load(saved: ReturnType<Digests['save']>): void {
    this.#learning = copy(saved.learning);
    this.#listId = saved.listId;
    Object.assign(this.counts, saved.counts);
  }

  #sendList(digestId: number, learning: Learning, nowNs: number): void {
    const { waiting, lists, sent } = learning;
    const listId = ++this.#listId;
    const data = [...waiting.values()];
    this.counts.sent += data.length;
    if ((learning.entry.config?.ackTimeoutNs ?? 0n) > 0n) {
      lists.set(listId, { keys: [...waiting.keys()], sentNs: nowNs });
      for (const key of waiting.keys()) sent.add(key);
    }
    waiting.clear();
    for (const [oldest, { keys }] of lists) {
      if (sent.size <= SENT_LIMIT) break;
      this.counts.forgotten += keys.length;
      forget(learning, oldest);
    }
    this.send({ digestId, listId, data, timestamp: this.timestampOf(nowNs) });
  }

  #forgetOld(learning: Learning, nowNs: number): void {
    const ackTimeoutNs = Number(learning.entry.config?.ackTimeoutNs ?? 0n);
    for (const [listId, { sentNs }] of learning.lists) {
      if (nowNs - sentNs < ackTimeoutNs) return;
      forget(learning, listId);
    }
  }

  #ask(): void {
    this.wakeAt(Math.min(Infinity, ...[...this.#learning.values()].map(dueNs)));
  }
}

function forget(learning: Learning, listId: bigint): void {
  for (const key of learning.lists.get(listId)?.keys ?? []) learning.sent.delete(key);
  learning.lists.delete(listId);
}

/** When the list that waits must go; Infinity when none waits. */
function dueNs({ waiting, firstNs, entry }: Learning): number {
  return waiting.size === 0 ? Infinity : firstNs + Number(entry.config?.maxTimeoutNs ?? 0n);
}

function copy(all: ReadonlyMap<number, Learning>): Map<number, Learning> {
  return new Map(
    [...all].map(([id, one]) => [
      id,
      {
        ...one,
        waiting: new Map(one.waiting),
        lists: new Map(one.lists),
        sent: new Set(one.sent),
      },
    ]),
  );
}
