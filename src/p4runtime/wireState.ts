/**
 * A device's state as it came over the wire: every entity by its bytes. What was there before is
 * not even decoded, so that looking at an idle device again costs little, whatever it holds.
 *
 * A ReadResponse is one repeated field (`entities`, number 1) of length-delimited messages; equal
 * entities have equal bytes as long as one server encodes them.
 */
import { createHash } from 'node:crypto';
import { Entity } from '../proto/index.js';
import { entityKey } from './entityKey.js';
import { Code, StatusError } from './status.js';

/** What changed between two looks. */
export interface StateChange {
  /** Entities that are new or have other content; by key in `removed` too when they had another. */
  added: Entity[];
  removed: Entity[];
  /** All entities now. */
  total: number;
}

const ENTITIES_TAG = (1 << 3) | 2;

/** The bytes of each entity of a ReadResponse; views of the message. Throws on a torn message. */
export function splitEntities(message: Uint8Array): Uint8Array[] {
  const slices: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) break;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new StatusError(Code.DATA_LOSS, `torn ReadResponse at byte ${at}`);
  };
  while (at < message.length) {
    const tag = varint();
    const length = varint();
    if (tag !== ENTITIES_TAG || at + length > message.length) {
      throw new StatusError(Code.DATA_LOSS, `unexpected field ${tag >> 3} at byte ${at}`);
    }
    slices.push(message.subarray(at, at + length));
    at += length;
  }
  return slices;
}

/** What one device had at the last look. */
export class WireState {
  /** Entities by their bytes as text; equal ones cannot be there twice. */
  #known = new Map<string, Entity>();
  #digest = '';

  /** All entities at the last look. */
  get entities(): Entity[] {
    return [...this.#known.values()];
  }

  /** Takes a whole new look: the messages of one Read of everything. */
  update(messages: readonly Uint8Array[]): StateChange {
    const hash = createHash('sha1');
    for (const message of messages) hash.update(message);
    const digest = hash.digest('base64');
    if (digest === this.#digest) return { added: [], removed: [], total: this.#known.size };
    const next = new Map<string, Entity>();
    const added: Entity[] = [];
    for (const slice of messages.flatMap(splitEntities)) {
      const text = textOf(slice);
      let entity = this.#known.get(text);
      if (entity) this.#known.delete(text);
      else if (!next.has(text)) added.push((entity = Entity.decode(Uint8Array.from(slice))));
      if (entity) next.set(text, entity);
    }
    const removed = [...this.#known.values()];
    this.#known = next;
    this.#digest = digest;
    return { added, removed, total: next.size };
  }

  /** Forgets everything: the next look is the first. */
  clear(): void {
    this.#known = new Map();
    this.#digest = '';
  }
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

/** The keys that a change leaves without an entity. */
export function goneKeys({ added, removed }: Omit<StateChange, 'total'>): Set<string> {
  const gone = new Set(removed.map(entityKey));
  for (const entity of added) gone.delete(entityKey(entity));
  return gone;
}
