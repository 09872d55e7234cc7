/**
 * Where every field lives while a packet is in the switch. A field that only one generated function
 * touches is a local variable there; others have a slot in one of two typed arrays; a header field
 * that nobody touches has no place, and stays where it is in the packet.
 */
import { assert, defined } from '../../base/assert.js';
import type { FieldRef, Program } from '../../bmv2/index.js';
import { canReshape, primitivesOf, replacesVarbit } from './reshaping.js';
import { asSigned, limbCount, numberValue, wordsValue, type Value } from './value.js';
import {
  intrinsicFields,
  keyOf,
  Usage,
  type IntrinsicField,
  type QueueField,
  type Stage,
} from './usage.js';

/** A field's place. `names` has one name, or one per limb, most significant first. */
export interface Storage {
  width: number;
  names: string[];
  /** The stage whose local variables these are; undefined for slots. */
  local: Stage | undefined;
  array: 'I' | 'D';
  /** First slot; -1 for local variables. */
  slot: number;
}

/** Slots that are no fields: what one pass over a packet leaves for the switch to do. */
export const switchSlots = [
  'clone_ingress',
  'clone_ingress_list',
  'clone_egress',
  'clone_egress_list',
  'recirculate',
  'resubmit',
  'truncate',
  'digests',
  'parsed_bytes',
] as const;

export type SwitchSlot = (typeof switchSlots)[number];

/** Where a varbit is kept. */
export interface VarbitPlace {
  /** Slot of its length in bytes. */
  length: number;
  /** Slot that is 1 when its bytes are in `V` and no longer in the packet; none for metadata. */
  own: number | undefined;
  /** Offset of its bytes in `V`. */
  at: number;
  maxBytes: number;
  /** Bits of its header before it. */
  bitOffset: number;
}

/** A storage that is written back by the deparser has a bit in its header's dirty mask. */
const DIRTY_BITS = 31;

/** The storage plan of one program. */
export class Layout {
  readonly usage: Usage;
  readonly #storage = new Map<string, Storage>();
  readonly #switchSlots = new Map<SwitchSlot, number>();
  /** Header index to its bit among all headers' validity bits. */
  readonly #headerBits = new Map<number, number>();
  /** Header index to slot of its offset in the packet, and of its dirty mask. */
  readonly #offsets = new Map<number, number>();
  readonly #dirty = new Map<number, number>();
  readonly #varbits = new Map<number, VarbitPlace>();
  readonly #standard: number;
  /** Slot of each stack's next index. */
  readonly #next: number[];
  /** Slot that is 1 when headers no longer stand as they were parsed; none if they always do. */
  readonly reshaped: number | undefined;
  #ints = 0;
  #doubles = 0;

  /** @param split stages of several functions, which have no local variables */
  constructor(
    readonly program: Program,
    private readonly split: ReadonlySet<Stage> = new Set(),
  ) {
    this.usage = new Usage(program);
    this.#standard = program.headers.findIndex((h) => h.name === 'standard_metadata');
    assert(this.#standard >= 0, 'standard_metadata');
    const parsed = program.headers.flatMap((header, i) => (header.isMetadata ? [] : [i]));
    parsed.forEach((header, bit) => this.#headerBits.set(header, bit));
    // Words of validity bits first, then those of what the parser found.
    this.#ints = 2 * this.validWords;
    for (const name of switchSlots) this.#switchSlots.set(name, this.#ints++);
    for (const header of parsed) {
      if (this.dirtyFields(header).length > 0) this.#dirty.set(header, this.#ints++);
    }
    this.#next = program.stacks.map(() => this.#ints++);
    if (canReshape(program)) this.reshaped = this.#ints++;
    this.#placeHeaders(true);
    this.#placeVarbits();
    for (const header of parsed) this.#offsets.set(header, this.#ints++);
    this.#placeHeaders(false);
    for (const place of this.#varbits.values()) {
      place.at = 4 * this.#ints;
      this.#ints += Math.ceil(place.maxBytes / 4);
    }
  }

  /** True when a stage is several functions. */
  isSplit(stage: Stage): boolean {
    return this.split.has(stage);
  }

  get validWords(): number {
    return Math.max(1, Math.ceil(this.#headerBits.size / DIRTY_BITS));
  }

  get intSlots(): number {
    return this.#ints;
  }

  get doubleSlots(): number {
    return this.#doubles;
  }

  /** Undefined when nobody reads the field and it never needs writing back. */
  storage(ref: FieldRef): Storage | undefined {
    return this.#storage.get(keyOf(ref));
  }

  isRead(ref: FieldRef): boolean {
    return this.usage.reads.has(keyOf(ref));
  }

  intrinsic(name: IntrinsicField): Storage {
    return defined(this.storage(this.intrinsicRef(name)), name);
  }

  intrinsicRef(name: string): FieldRef {
    const fields = this.program.headers[this.#standard]!.fields;
    const field = fields.findIndex((f) => f.name === name);
    assert(field >= 0, `standard_metadata.${name}`);
    return { header: this.#standard, field };
  }

  /** The slot of a field of egress queues; -1 when the program does not use it. */
  queueSlot(name: QueueField): number {
    const field = this.program.headers[this.#standard]!.fields.findIndex((f) => f.name === name);
    return this.storage({ header: this.#standard, field })?.slot ?? -1;
  }

  switchSlot(name: SwitchSlot): number {
    return defined(this.#switchSlots.get(name), name);
  }

  /** Slot and mask of a header's validity; `parsed` is what the parser found. */
  validity(header: number): { slot: number; parsedSlot: number; mask: number } {
    const bit = defined(this.#headerBits.get(header), 'header bit');
    const word = Math.floor(bit / DIRTY_BITS);
    return { slot: word, parsedSlot: this.validWords + word, mask: 2 ** (bit % DIRTY_BITS) };
  }

  /** Slot of the index of a stack's next element. */
  nextSlot(stack: number): number {
    return defined(this.#next[stack], 'stack');
  }

  /** Where a header's varbit is kept; undefined when it has none. */
  varbit(header: number): VarbitPlace | undefined {
    return this.#varbits.get(header);
  }

  /** Slots and masks of the validity of the other members of a header's union. */
  siblings(header: number): { slot: number; mask: number }[] {
    const members = this.program.unions.find((union) => union.includes(header)) ?? [];
    const masks = new Map<number, number>();
    for (const member of members) {
      if (member === header) continue;
      const { slot, mask } = this.validity(member);
      masks.set(slot, (masks.get(slot) ?? 0) | mask);
    }
    return [...masks].map(([slot, mask]) => ({ slot, mask }));
  }

  /** Slot of a header's offset from the start of the packet, in bytes. */
  offsetSlot(header: number): number {
    return defined(this.#offsets.get(header), 'offset slot');
  }

  /** Slot of a header's dirty mask; undefined when nobody writes its fields. */
  dirtySlot(header: number): number | undefined {
    return this.#dirty.get(header);
  }

  /** Fields of a packet header that some stage writes, in order. */
  dirtyFields(header: number): number[] {
    const fields = this.program.headers[header]!.fields;
    return fields
      .map((_, i) => i)
      .filter((i) => fields[i]!.width > 0 && this.usage.writes.has(keyOf({ header, field: i })));
  }

  /** The bit of a field in its header's dirty mask; past 30 fields the last bit is shared. */
  dirtyMask(ref: FieldRef): number {
    const position = this.dirtyFields(ref.header).indexOf(ref.field);
    assert(position >= 0, 'dirty field');
    return 2 ** Math.min(position, DIRTY_BITS - 1);
  }

  /** Fields to extract when a header is parsed: those read, and those that share a dirty bit. */
  extractedFields(header: number): number[] {
    const { fields } = this.program.headers[header]!;
    const shared = new Set(this.dirtyFields(header).slice(DIRTY_BITS - 1));
    return fields
      .map((_, i) => i)
      .filter((i) => fields[i]!.width > 0 && (shared.has(i) || this.isRead({ header, field: i })));
  }

  /** The local variables of one stage. */
  locals(stage: Stage): string[] {
    return [...this.#storage.values()].filter((s) => s.local === stage).flatMap((s) => s.names);
  }

  /** The value of a field as it is now. */
  read(ref: FieldRef): Value {
    const storage = defined(this.storage(ref), 'storage of a field that is read');
    const { width, names } = storage;
    const { isSigned } = this.program.headers[ref.header]!.fields[ref.field]!;
    const isSlot = storage.local === undefined;
    const code = isSlot && width === 32 ? `(${names[0]} >>> 0)` : names[0]!;
    const value = width > 53 ? wordsValue(names, width) : numberValue(code, 0, 2 ** width - 1);
    // Places hold the bits; the sign is made when the field is read.
    return isSigned ? asSigned(value, width) : value;
  }

  #placeHeaders(isMetadata: boolean): void {
    this.program.headers.forEach((header, h) => {
      if (header.isMetadata !== isMetadata) return;
      header.fields.forEach((_, f) => this.#place({ header: h, field: f }));
    });
  }

  #placeVarbits(): void {
    const { program } = this;
    const isReplaced = primitivesOf(program).some((p) => replacesVarbit(program, p));
    program.headers.forEach(({ isMetadata, varbit, fields }, header) => {
      if (!varbit) return;
      const length = this.#ints++;
      const own = isReplaced && !isMetadata ? this.#ints++ : undefined;
      const { bitOffset } = fields[varbit.field]!;
      const maxBytes = isMetadata || isReplaced ? varbit.maxBytes : 0;
      this.#varbits.set(header, { length, own, at: -1, maxBytes, bitOffset });
    });
  }

  #place(ref: FieldRef): void {
    const header = this.program.headers[ref.header]!;
    const { width } = header.fields[ref.field]!;
    if (width === 0) return;
    const key = keyOf(ref);
    const isIntrinsic =
      ref.header === this.#standard &&
      (intrinsicFields as readonly string[]).includes(header.fields[ref.field]!.name);
    const reads = this.usage.reads.get(key) ?? new Set<Stage>();
    const writes = this.usage.writes.get(key) ?? new Set<Stage>();
    const isUsed = reads.size > 0 || (writes.size > 0 && !header.isMetadata);
    if (!isUsed && !isIntrinsic) return;
    const stages = new Set([...reads, ...writes]);
    const array = width > 32 && width <= 53 ? 'D' : 'I';
    const count = width > 53 ? limbCount(width) : 1;
    const only = [...stages][0]!;
    const isLocal = stages.size === 1 && only !== 'outside' && !this.split.has(only);
    if (header.isMetadata && !isIntrinsic && isLocal) {
      const names = Array.from({ length: count }, (_, i) => `f${ref.header}_${ref.field}_${i}`);
      this.#storage.set(key, { width, names, local: only, array, slot: -1 });
      return;
    }
    const slot = array === 'D' ? this.#doubles : this.#ints;
    if (array === 'D') this.#doubles += count;
    else this.#ints += count;
    const names = Array.from({ length: count }, (_, i) => `${array}[${slot + i}]`);
    this.#storage.set(key, { width, names, local: undefined, array, slot });
  }
}

/** Where the switch finds what it exchanges with emitted code. */
export type Slots = Record<SwitchSlot | IntrinsicField, number>;

/** Slots by name: what the switch reads and sets around a pass. */
export function slotsOf(layout: Layout): Slots {
  return Object.fromEntries([
    ...switchSlots.map((name) => [name, layout.switchSlot(name)]),
    ...intrinsicFields.map((name) => [name, layout.intrinsic(name).slot]),
  ]) as Slots;
}
