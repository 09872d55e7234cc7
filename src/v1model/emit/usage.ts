/** Which stage reads and writes which field: what need not be parsed, kept or written back. */
import type {
  Action,
  Expression,
  FieldRef,
  ParserStep,
  Pipeline,
  Primitive,
  Program,
} from '../../bmv2/index.js';

/**
 * A generated function, as far as fields are concerned. `front` is parser and ingress, which are
 * one function; `outside` is the switch around the generated code.
 */
export type Stage = 'front' | 'egress' | 'deparser' | 'outside';

/** The standard metadata that the switch itself sets or reads. */
export const intrinsicFields = [
  'ingress_port',
  'egress_spec',
  'egress_port',
  'instance_type',
  'packet_length',
  'mcast_grp',
  'egress_rid',
  'checksum_error',
  'parser_error',
  'ingress_global_timestamp',
  'egress_global_timestamp',
] as const;

/** The standard metadata of egress queues, which has places only where a program uses it. */
export const queueFields = [
  'enq_timestamp',
  'enq_qdepth',
  'deq_timedelta',
  'deq_qdepth',
  'qid',
  'priority',
] as const;

export type QueueField = (typeof queueFields)[number];

export type IntrinsicField = (typeof intrinsicFields)[number];

/** Stages that read and that write each field, by `keyOf`. */
export class Usage {
  readonly reads = new Map<string, Set<Stage>>();
  readonly writes = new Map<string, Set<Stage>>();
  /** How often each field is read, and in the keys of which ingress tables. */
  readonly #readCounts = new Map<string, number>();
  readonly #keyTables = new Map<string, number[]>();

  constructor(private readonly program: Program) {
    this.#parser();
    this.#pipeline('front', program.ingress);
    this.#pipeline('egress', program.egress);
    this.#checksums();
    for (const { fields } of program.fieldLists.values()) {
      for (const ref of fields) {
        this.#read(ref, 'outside');
        mark(this.writes, ref, 'outside');
      }
    }
    for (const digest of program.digests) {
      for (const field of digest.fields) this.#expression('outside', field);
    }
    if (program.holdUntilNs) this.#read(program.holdUntilNs, 'outside');
    for (const primitive of program.deparserBody) this.#primitive('deparser', primitive);
    this.#queueing();
    for (const { elements } of program.stacks) this.#alike(elements);
  }

  /**
   * The ingress tables whose keys are all that reads a field; undefined when something else does.
   * While they are empty nobody looks at the field.
   */
  onlyKeysOf(ref: FieldRef): readonly number[] | undefined {
    const key = keyOf(ref);
    const tables = this.#keyTables.get(key);
    return tables?.length === this.#readCounts.get(key) ? tables : undefined;
  }

  #read(ref: FieldRef, stage: Stage): void {
    const key = keyOf(ref);
    this.#readCounts.set(key, (this.#readCounts.get(key) ?? 0) + 1);
    mark(this.reads, ref, stage);
  }

  /** Elements of a stack move from one to the next: what is used of one is used of all. */
  #alike(elements: readonly number[][]): void {
    elements[0]?.forEach((first, member) => {
      for (let field = 0; field < this.program.headers[first]!.fields.length; field++) {
        const keys = elements.map((element) => keyOf({ header: element[member]!, field }));
        for (const map of [this.reads, this.writes]) {
          const all = new Set(keys.flatMap((key) => [...(map.get(key) ?? [])]));
          if (all.size > 0) keys.forEach((key) => map.set(key, all));
        }
      }
    });
  }

  /** The switch fills the fields of queues that are read, and reads a priority that is set. */
  #queueing(): void {
    const header = this.program.headers.findIndex(({ name }) => name === 'standard_metadata');
    this.program.headers[header]?.fields.forEach(({ name }, field) => {
      const ref = { header, field };
      if (!(queueFields as readonly string[]).includes(name)) return;
      if (name !== 'priority') mark(this.writes, ref, 'outside');
      else if (this.writes.has(keyOf(ref))) this.#read(ref, 'outside');
    });
  }

  /** Actions that a pipeline can run, each once. */
  static actionsOf(program: Program, pipeline: Pipeline): Action[] {
    const ids = new Set(pipeline.tables.flatMap((table) => table.actions));
    return [...ids].map((id) => program.actions[id]!);
  }

  #parser(): void {
    for (const state of this.program.parser.states) {
      for (const part of state.key) this.#expression('front', part.value);
      for (const step of state.steps) {
        this.#parserStep(step);
      }
    }
  }

  #parserStep(step: ParserStep): void {
    switch (step.op) {
      case 'set':
        this.#expression('front', step.value);
        mark(this.writes, step.target, 'front');
        return;
      case 'verify':
        this.#expression('front', step.condition);
        this.#expression('front', step.error);
        return;
      case 'run':
        for (const primitive of step.body) this.#primitive('front', primitive);
        return;
      default:
        if (step.bits) this.#expression('front', step.bits);
    }
  }

  #pipeline(stage: Stage, pipeline: Pipeline): void {
    for (const condition of pipeline.conditions) this.#expression(stage, condition.expression);
    for (const [index, table] of pipeline.tables.entries()) {
      for (const { value } of table.key) {
        this.#expression(stage, value);
        if (stage !== 'front' || value.kind !== 'field') continue;
        const key = keyOf(value.ref);
        this.#keyTables.set(key, [...(this.#keyTables.get(key) ?? []), index]);
      }
      if (table.meter) mark(this.writes, table.meter.target, stage);
    }
    for (const profile of pipeline.profiles) {
      for (const input of profile.selector?.calculation.input ?? []) this.#expression(stage, input);
    }
    for (const action of Usage.actionsOf(this.program, pipeline)) {
      for (const primitive of action.body) this.#primitive(stage, primitive);
    }
  }

  #checksums(): void {
    for (const checksum of this.program.checksums) {
      const stage = checksum.verify ? 'front' : 'deparser';
      this.#expression(stage, checksum.condition);
      if (isOverWholeHeader(this.program, checksum.target, checksum.calculation)) continue;
      if (checksum.verify) this.#read(checksum.target, stage);
      for (const input of this.program.calculations[checksum.calculation]!.input) {
        this.#expression(stage, input);
      }
      if (checksum.update) mark(this.writes, checksum.target, 'deparser');
    }
  }

  #primitive(stage: Stage, primitive: Primitive): void {
    for (const value of Object.values(primitive).flat()) {
      if (isExpression(value)) this.#expression(stage, value);
    }
    if ('target' in primitive && typeof primitive.target === 'object') {
      mark(this.writes, primitive.target, stage);
    }
    if (primitive.op === 'hash') {
      const calculation = this.program.calculations[primitive.calculation]!;
      for (const input of calculation.input) this.#expression(stage, input);
    }
    switch (primitive.op) {
      case 'copy_header': {
        const { target: header, source } = primitive;
        for (const field of this.program.headers[header]!.fields.keys()) {
          this.#read({ header: source, field }, stage);
          mark(this.writes, { header, field }, stage);
        }
        return;
      }
      case 'copy_varbit':
        // A header whose varbit was replaced is written as a whole.
        for (const field of this.program.headers[primitive.target.header]!.fields.keys()) {
          const ref = { header: primitive.target.header, field };
          this.#read(ref, stage);
          mark(this.writes, ref, stage);
        }
        return;
      case 'choose':
        for (const body of primitive.cases) {
          for (const inner of body) this.#primitive(stage, inner);
        }
        return;
      default:
    }
  }

  #expression(stage: Stage, expression: Expression): void {
    switch (expression.kind) {
      case 'field':
        this.#read(expression.ref, stage);
        return;
      case 'element':
        for (const ref of expression.fields) this.#read(ref, stage);
        this.#expression(stage, expression.index);
        return;
      case 'element_valid':
        this.#expression(stage, expression.index);
        return;
      case 'operation':
        for (const operand of expression.operands) this.#expression(stage, operand);
        return;
      default:
    }
  }
}

function isExpression(value: unknown): value is Expression {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function mark(map: Map<string, Set<Stage>>, ref: FieldRef, stage: Stage): void {
  const key = keyOf(ref);
  const stages = map.get(key);
  if (stages) stages.add(stage);
  else map.set(key, new Set([stage]));
}

/** A field's key in maps. */
export function keyOf(ref: FieldRef): string {
  return `${ref.header}.${ref.field}`;
}

/**
 * True when a checksum covers all of its own header but itself, in order: then it can be taken over
 * the packet's bytes and needs no field.
 */
export function isOverWholeHeader(program: Program, target: FieldRef, index: number): boolean {
  const { algorithm, input, withPayload } = program.calculations[index]!;
  const header = program.headers[target.header]!;
  const field = header.fields[target.field]!;
  if (header.varbit) return false;
  if (algorithm !== 'csum16' || withPayload || header.byteLength % 2 !== 0) return false;
  if (field.width !== 16 || field.bitOffset % 16 !== 0) return false;
  const wanted = header.fields.map((_, i) => i).filter((i) => i !== target.field);
  return (
    input.length === wanted.length &&
    input.every(
      (part, i) =>
        part.kind === 'field' && part.ref.header === target.header && part.ref.field === wanted[i],
    )
  );
}
