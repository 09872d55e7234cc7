/** Names of a program's objects, resolved to indexes. */
import type { FieldRef, Header } from './program.js';
import type { Node, Place } from './json.js';

/** The name that stands for a header's validity bit. */
const VALIDITY = '$valid$';

/** Indexes by name for everything that other parts of the program refer to. */
export class Names {
  readonly #headers = new Map<string, number>();
  readonly #fields: Map<string, number>[] = [];
  readonly #objects = new Map<string, Map<string, number>>();

  constructor(readonly headers: readonly Header[]) {
    headers.forEach((header, i) => {
      this.#headers.set(header.name, i);
      this.#fields.push(new Map(header.fields.map((field, j) => [field.name, j])));
    });
  }

  /** Makes the names of one kind of object known: `counter_array`, `calculation`, ... */
  add(kind: string, nodes: readonly Node[]): void {
    this.#objects.set(kind, new Map(nodes.map((node, i) => [node.string('name'), i])));
  }

  /** The same for objects that are referred to by number: `learn_list`. */
  addNumbered(kind: string, nodes: readonly Node[]): void {
    this.#objects.set(kind, new Map(nodes.map((node, i) => [`${node.integer('id')}`, i])));
  }

  object(kind: string, name: unknown, place: Place): number {
    const index = this.#objects.get(kind)?.get(String(name));
    if (index === undefined) throw place.invalid(`no ${kind} '${String(name)}'`);
    return index;
  }

  header(name: unknown, place: Place): number {
    const index = this.#headers.get(String(name));
    if (index === undefined) throw place.invalid(`no header '${String(name)}'`);
    return index;
  }

  /** `[header, field]`; undefined when the field is the header's validity. */
  field(value: unknown, place: Place): FieldRef | { valid: number } {
    if (!Array.isArray(value) || value.length !== 2) throw place.invalid('a field has two names');
    const header = this.header(value[0], place);
    if (value[1] === VALIDITY) return { valid: header };
    const field = this.#fields[header]!.get(String(value[1]));
    if (field === undefined) throw place.invalid(`no field '${value.join('.')}'`);
    return { header, field };
  }

  /** A field that can be assigned. */
  target(value: unknown, place: Place): FieldRef {
    const ref = this.field(value, place);
    if ('valid' in ref) throw place.unsupported('assigning a validity bit');
    return ref;
  }

  widthOf(ref: FieldRef): number {
    return this.headers[ref.header]!.fields[ref.field]!.width;
  }
}
