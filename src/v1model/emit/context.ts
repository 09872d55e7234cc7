/** What every emitter needs: the program, its layout, and how to read and assign fields. */
import type { Expression, FieldRef, Program } from '../../bmv2/index.js';
import { defined } from '../../base/assert.js';
import type { Layout, SwitchSlot } from './layout.js';
import { readField } from './bytes.js';
import { emitExpression, type Leaves } from './expression.js';
import { Scratch } from './scratch.js';
import { asLimbs, asUnsigned, numberValue, setupOf, type Value } from './value.js';
import { sameVarbit } from './varbit.js';

/** An assertion of the program. */
export interface Assertion {
  kind: 'assert' | 'assume';
  /** As in the source. */
  text: string;
  place: string;
}

/** The numbers of P4's own errors, for programs that do not list them. */
const coreErrors: Record<string, number> = {
  PacketTooShort: 1,
  StackOutOfBounds: 3,
  HeaderTooShort: 4,
  ParserTimeout: 5,
  ParserInvalidArgument: 6,
};

/** Emits reads and assignments of one program. */
export class Emitter {
  readonly #functions = new Map<string, string>();

  /** @param isTraced the code tells `T`, a Tracer, what it does */
  constructor(
    readonly program: Program,
    readonly layout: Layout,
    readonly isTraced = false,
  ) {}

  /** Places of intermediate values. */
  readonly scratch = new Scratch();
  /** What failed assertions and messages say, by the number that emitted code passes on. */
  readonly assertions: Assertion[] = [];
  readonly messages: string[] = [];

  /** Statement that tells the tracer; '' in code that is not traced. */
  probe(call: string): string {
    return this.isTraced ? `T.${call};` : '';
  }

  /**
   * An expression's value; `parameter` gives those of the surrounding action.
   * @param bits how many low bits are wanted; without it, the value is exact
   */
  value(expression: Expression, parameter?: Leaves['parameter'], bits?: number): Value {
    const leaves: Leaves = {
      scratch: this.scratch,
      field: (ref) => this.layout.read(ref),
      nextIndex: (stack) => {
        const size = this.program.stacks[stack]!.elements.length;
        return numberValue(`I[${this.layout.nextSlot(stack)}]`, 0, size);
      },
      lookahead: (bitOffset, width) =>
        readField('B', 's + o', { name: 'lookahead', width, bitOffset, isSigned: false }),
      sameVarbit: (left, right) => sameVarbit(this.layout, left, right),
      valid: (header) => this.isValid(header),
      parameter: parameter ?? (() => numberValue('0', 0, 0)),
    };
    return emitExpression(expression, leaves, bits);
  }

  /** Bits of a field. */
  widthOf(ref: FieldRef): number {
    return this.program.headers[ref.header]!.fields[ref.field]!.width;
  }

  isValid(header: number): string {
    const { slot, mask } = this.layout.validity(header);
    return `((I[${slot}] & ${mask}) !== 0)`;
  }

  /** True when the parser extracts the header. */
  isExtracted(header: number): boolean {
    const { parser, stacks } = this.program;
    return parser.states.some(({ steps }) =>
      steps.some(
        (step) =>
          (step.op === 'extract' && step.header === header) ||
          (step.op === 'extract_next' && stacks[step.stack]!.elements.flat().includes(header)),
      ),
    );
  }

  /** Statement that makes a header valid, and the rest of its union invalid; or invalid. */
  setValid(header: number, isValid: boolean): string {
    const { slot, mask } = this.layout.validity(header);
    if (!isValid) return `I[${slot}] &= ${~mask};`;
    const others = this.layout.siblings(header).map((o) => `I[${o.slot}] &= ${~o.mask}; `);
    return `${others.join('')}I[${slot}] |= ${mask};`;
  }

  /** Adds a function to the program's text, once, and returns its name. */
  define(name: string, emit: () => string): string {
    if (!this.#functions.has(name)) {
      this.#functions.set(name, '');
      this.#functions.set(name, `function ${name}${emit()}`);
    }
    return name;
  }

  /** The text of what was defined so far. */
  get functions(): string {
    return [...this.#functions.values()].join('\n');
  }

  /** Statement that says that headers no longer stand as they were parsed. */
  reshape(): string {
    return `I[${defined(this.layout.reshaped, 'slot for reshaped')}] = 1;`;
  }

  /** The number of one of the program's errors. */
  errorNumber(name: string): number {
    for (const [number, known] of this.program.errors) if (known === name) return number;
    return defined(coreErrors[name], name);
  }

  /** Statement that assigns a field and marks it for writing back; '' when nobody wants it. */
  assign(ref: FieldRef, value: Value): string {
    const stored = this.store(ref, value);
    if (this.program.headers[ref.header]!.isMetadata) return stored;
    const slot = this.layout.dirtySlot(ref.header);
    return `${stored} I[${slot}] |= ${this.layout.dirtyMask(ref)};`;
  }

  /** Statement that fills a field's place without marking it. */
  store(ref: FieldRef, value: Value): string {
    const storage = this.layout.storage(ref);
    if (!storage) return '';
    const { width, names } = storage;
    if (width <= 53) return `${names[0]} = ${asUnsigned(value, width)};`;
    const limbs = asLimbs(value, names.length);
    const top = width % 32;
    if (top !== 0) limbs[0] = `(${limbs[0]} & ${2 ** top - 1})`;
    const temporaries = limbs.map((limb, i) => `w${i} = ${limb}`).join(', ');
    const stores = names.map((name, i) => `${name} = w${i};`).join(' ');
    return `{ ${setupOf(value)} const ${temporaries}; ${stores} }`;
  }

  slot(name: SwitchSlot): string {
    return `I[${this.layout.switchSlot(name)}]`;
  }

  /** The packet's length in bytes as the program sees it. */
  get packetLength(): string {
    return this.layout.intrinsic('packet_length').names[0]!;
  }
}

/** Only what p4c wrote into the JSON as a name or a place, made safe for a comment. */
export function comment(text: string): string {
  return `// ${text.replace(/[^\w .:$/()[\]-]/g, '?')}`;
}
