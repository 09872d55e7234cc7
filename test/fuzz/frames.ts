/** Frames that a program's parser goes far into, and what is wrong with most of them. */
import type { Prng } from '../../src/base/prng.js';
import { sumWords } from '../../src/packet/index.js';

type Field = [name: string, width: number, ...rest: unknown[]];
interface Value {
  type: string;
  value: unknown;
}
interface State {
  name: string;
  parser_ops: { op: string; parameters: Value[] }[];
  transitions: { type: string; value: string | null; mask: string | null; next_state: string | null }[];
  transition_key: Value[];
}
interface Json {
  header_types: { name: string; fields: Field[] }[];
  headers: { name: string; header_type: string }[];
  header_stacks?: { name: string; header_type: string }[];
  parsers: { init_state: string; parse_states: State[] }[];
}

/** Where a header's fields lie in the frame, in bits from its beginning. */
type Places = Map<string, { at: number; width: number }>;

const LONGEST = 300;
const STEPS = 60;

/** Makes frames by walking through the parser of BMv2 JSON. */
export class FrameMaker {
  readonly #types: Map<string, Field[]>;
  readonly #typeOf: Map<string, string>;
  readonly #states: Map<string, State>;
  readonly #initial: string;

  constructor(
    text: string,
    private readonly prng: Prng,
  ) {
    const json = JSON.parse(text) as Json;
    this.#types = new Map(json.header_types.map(({ name, fields }) => [name, fields]));
    const named = [...json.headers, ...(json.header_stacks ?? [])];
    this.#typeOf = new Map(named.map(({ name, header_type }) => [name, header_type]));
    const parser = json.parsers[0]!;
    this.#states = new Map(parser.parse_states.map((state) => [state.name, state]));
    this.#initial = parser.init_state;
  }

  /** A frame: as the parser wants it, cut anywhere, with bits turned, or of random bytes. */
  next(): Uint8Array {
    const kind = this.#below(8);
    if (kind === 0) return this.#bytes(this.#below(LONGEST));
    const frame = this.#walk();
    if (this.prng.unit() < 0.5) mendIpv4(frame);
    if (kind < 3) return frame.subarray(0, this.#below(frame.length + 1));
    if (kind < 6) {
      for (let turns = this.#below(6); turns > 0 && frame.length > 0; turns--) {
        frame[this.#below(frame.length)]! ^= 1 << this.#below(8);
      }
    }
    return frame;
  }

  #walk(): Uint8Array {
    const bytes: number[] = [];
    const places: Places = new Map();
    let state = this.#states.get(this.#initial);
    for (let step = 0; state && step < STEPS && bytes.length < LONGEST; step++) {
      for (const { op, parameters } of state.parser_ops) {
        if (op === 'extract') this.#extract(bytes, places, parameters[0]!);
      }
      state = this.#follow(bytes, places, state);
    }
    bytes.push(...this.#bytes(this.#below(60)));
    return Uint8Array.from(bytes);
  }

  #extract(bytes: number[], places: Places, { value }: Value): void {
    const name = String(value);
    let bit = bytes.length * 8;
    for (const [field, width] of this.#types.get(this.#typeOf.get(name) ?? '') ?? []) {
      const fits = typeof width === 'number' ? width : 0;
      places.set(`${name}.${field}`, { at: bit, width: fits });
      bit += fits;
    }
    bytes.push(...this.#bytes(Math.ceil(bit / 8) - bytes.length));
  }

  /** Takes one of a state's ways, and writes into the frame what leads there. */
  #follow(bytes: number[], places: Places, state: State): State | undefined {
    const way = state.transitions[this.#below(state.transitions.length)];
    if (!way) return undefined;
    if (way.type === 'hexstr' && way.value !== null) {
      let rest = BigInt(way.value);
      for (const part of [...state.transition_key].reverse()) {
        const name = Array.isArray(part.value) ? part.value.join('.') : '';
        const place = places.get(name);
        if (!place) break;
        writeBits(bytes, place.at, place.width, rest);
        rest >>= BigInt(8 * Math.ceil(place.width / 8));
      }
    }
    return this.#states.get(way.next_state ?? '');
  }

  #bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.prng.uint32());
  }

  #below(limit: number): number {
    return Math.floor(this.prng.unit() * limit);
  }
}

function writeBits(bytes: number[], at: number, width: number, value: bigint): void {
  for (let i = 0; i < width; i++) {
    const bit = at + width - 1 - i;
    const mask = 0x80 >> (bit & 7);
    if ((value >> BigInt(i)) & 1n) bytes[bit >> 3]! |= mask;
    else bytes[bit >> 3]! &= ~mask;
  }
}

/** Version, length and checksum as they should be, where an IPv4 header follows Ethernet. */
function mendIpv4(frame: Uint8Array): void {
  if (frame.length < 34 || frame[12] !== 8 || frame[13] !== 0) return;
  frame[14] = 0x45;
  frame.fill(0, 24, 26);
  const sum = ~(sumWords(frame, 14, 20) % 65535 || 65535) & 0xffff;
  frame[24] = sum >> 8;
  frame[25] = sum;
}
