/** Names of a program's objects, resolved to indexes. */
import type { FieldRef, Header, HeaderStack } from './program.js';
import type { NamedUnion } from './headers.js';
import type { Node, Place } from './json.js';

/** The name that stands for a header's validity bit. */
const VALIDITY = '$valid$';

/** Indexes by name for everything that other parts of the program refer to. */
export class Names {
  readonly #headers = new Map<string, number>();
  readonly #fields: Map<string, number>[] = [];
  readonly #stacks: Map<string, number>;
  readonly #unions: Map<string, NamedUnion>;
  readonly #objects = new Map<string, Map<string, number>>();

  constructor(
    readonly headers: readonly Header[],
    readonly stacks: readonly HeaderStack[],
    unions: readonly NamedUnion[],
  ) {
    headers.forEach((header, i) => {
      this.#headers.set(header.name, i);
      this.#fields.push(new Map(header.fields.map((field, j) => [field.name, j])));
    });
    this.#stacks = new Map(stacks.map((stack, i) => [stack.name, i]));
    this.#unions = new Map(unions.map((union) => [union.name, union]));
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

  /**
   * A header that is extracted, emitted, or has its validity asked or changed. p4c lists headers
   * within metadata among the metadata; those that are used as headers have a validity bit.
   */
  instance(name: unknown, place: Place): number {
    const index = this.header(name, place);
    this.headers[index]!.isMetadata = false;
    return index;
  }

  hasStack(name: unknown): boolean {
    return this.#stacks.has(String(name));
  }

  stack(name: unknown, place: Place): number {
    const index = this.#stacks.get(String(name));
    if (index === undefined) throw place.invalid(`no header stack '${String(name)}'`);
    return index;
  }

  union(name: unknown, place: Place): NamedUnion {
    const union = this.#unions.get(String(name));
    if (!union) throw place.invalid(`no header union '${String(name)}'`);
    return union;
  }

  /** A stack of unions, and the position of a member in each of its elements. */
  member(stackName: unknown, name: unknown, place: Place): { stack: number; member: number } {
    const stack = this.stack(stackName, place);
    const [first] = this.stacks[stack]!.elements;
    const union = [...this.#unions.values()].find(({ headers }) => headers === first);
    const member = union?.members.indexOf(String(name)) ?? -1;
    if (member < 0) throw place.invalid(`no member '${String(name)}' in ${String(stackName)}`);
    return { stack, member };
  }

  /** One field of every element of a stack. */
  elementFields(stack: number, member: number, name: unknown, place: Place): FieldRef[] {
    return this.stacks[stack]!.elements.map((element) => {
      const header = element[member]!;
      const field = this.#fields[header]!.get(String(name));
      if (field === undefined) throw place.invalid(`no field '${String(name)}' in a stack`);
      return { header, field };
    });
  }

  /** `[header, field]`; undefined when the field is the header's validity. */
  field(value: unknown, place: Place): FieldRef | { valid: number } {
    if (!Array.isArray(value) || value.length !== 2) throw place.invalid('a field has two names');
    if (value[1] === VALIDITY) return { valid: this.instance(value[0], place) };
    const header = this.header(value[0], place);
    const field = this.#fields[header]!.get(String(value[1]));
    if (field === undefined) throw place.invalid(`no field '${value.join('.')}'`);
    return { header, field };
  }

  /** A field that can be assigned. */
  target(value: unknown, place: Place): FieldRef {
    const ref = this.field(value, place);
    if ('valid' in ref) throw place.unsupported('a validity bit in this place');
    return ref;
  }

  /** Bits of a field, of a varbit at most. */
  widthOf(ref: FieldRef): number {
    const { fields, varbit } = this.headers[ref.header]!;
    return varbit?.field === ref.field ? 8 * varbit.maxBytes : fields[ref.field]!.width;
  }

  isVarbit(ref: FieldRef): boolean {
    return this.headers[ref.header]!.varbit?.field === ref.field;
  }
}
