/**
 * A v1model program as data: what `readProgram` makes of p4c's BMv2 JSON. Everything is resolved to
 * indexes and checked, so that what follows asserts instead of checking. Only constructs that the
 * embedded switch runs have a form here; the reader refuses the others by name.
 */

/** Where a construct stands in the P4 source, `include/acl.p4:16`, or '' when p4c did not say. */
export type SourcePlace = string;

/** A field of a header or of metadata. */
export interface Field {
  name: string;
  /** Bits; 0 for a varbit. */
  width: number;
  /** Bits from the start of its header; behind a varbit, as if that were empty. */
  bitOffset: number;
  /** In two's complement. */
  isSigned: boolean;
}

/** A header instance, or a metadata instance (`isMetadata`), which is never parsed or emitted. */
export interface Header {
  name: string;
  isMetadata: boolean;
  fields: Field[];
  /** Without its varbit. */
  byteLength: number;
  varbit: Varbit | undefined;
}

/** A header's one field of variable length. It comes in whole bytes. */
export interface Varbit {
  /** Index of the field. */
  field: number;
  maxBytes: number;
}

/** A header stack: each element is one header, or for stacks of unions the union's members. */
export interface HeaderStack {
  name: string;
  elements: number[][];
}

/** A set of values that the control side fills and a parser's select looks into. */
export interface ValueSet {
  name: string;
  size: number;
  /** Bits of each field of a value. */
  widths: number[];
}

/** Indexes into `Program.headers` and that header's fields. */
export interface FieldRef {
  header: number;
  field: number;
}

export type Operator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '<<'
  | '>>'
  | '&'
  | '|'
  | '^'
  | '~'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'and'
  | 'or'
  | 'not'
  | 'b2d'
  | 'd2b'
  | '?'
  | 'two_comp_mod'
  | 'sat_cast'
  | 'usat_cast';

/** An expression over unbounded integers and booleans; p4c writes every mask out. */
export type Expression =
  | { kind: 'constant'; value: bigint }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'field'; ref: FieldRef }
  | { kind: 'valid'; header: number }
  /** One of several fields by a number found at run time, 0 beyond them. */
  | { kind: 'element'; index: Expression; fields: FieldRef[]; lastOf: number | undefined }
  | { kind: 'element_valid'; index: Expression; headers: number[] }
  /** The index of the element that a stack's next extraction fills. */
  | { kind: 'next_index'; stack: number }
  /** Bits of the packet ahead of the parser. */
  | { kind: 'lookahead'; offset: number; width: number }
  | { kind: 'same_varbit'; left: FieldRef; right: FieldRef }
  | { kind: 'parameter'; index: number; width: number }
  | { kind: 'operation'; operator: Operator; operands: Expression[] };

/** One step of an action. Numbers named after objects are indexes into the program's arrays. */
export type Primitive =
  | { op: 'assign'; target: FieldRef; value: Expression }
  | { op: 'set_valid'; header: number }
  | { op: 'set_invalid'; header: number }
  | { op: 'copy_header'; target: number; source: number }
  | { op: 'copy_varbit'; target: FieldRef; source: FieldRef }
  | { op: 'push'; stack: number; count: number }
  | { op: 'pop'; stack: number; count: number }
  /** The next index of one stack becomes that of another. */
  | { op: 'copy_next'; target: number; source: number }
  /** One of several bodies by a number found at run time, nothing beyond them. */
  | { op: 'choose'; index: Expression; cases: Primitive[][] }
  | { op: 'drop' }
  | { op: 'exit' }
  | { op: 'count'; counter: number; index: Expression }
  | { op: 'register_read'; target: FieldRef; register: number; index: Expression }
  | { op: 'register_write'; register: number; index: Expression; value: Expression }
  | { op: 'random'; target: FieldRef; low: Expression; high: Expression }
  | {
      op: 'hash';
      target: FieldRef;
      base: Expression;
      calculation: number;
      size: Expression;
    }
  | { op: 'meter'; meter: number; index: Expression; target: FieldRef }
  | { op: 'clone'; stage: 'ingress' | 'egress'; session: Expression; fieldList: number }
  | { op: 'recirculate'; fieldList: number }
  | { op: 'resubmit'; fieldList: number }
  | { op: 'truncate'; length: Expression }
  | { op: 'digest'; list: number }
  /** Goes on at another step of the action; always, or when `condition` is zero. */
  | { op: 'jump'; to: number; condition: Expression | undefined }
  | { op: 'assert'; kind: 'assert' | 'assume'; condition: Expression; text: string; place: string }
  | { op: 'log'; format: string; values: Expression[] };

/** An action with the widths of its parameters in bits. */
export interface Action {
  name: string;
  /** Shared by the copies that p4c makes of one action for several tables. */
  number: number;
  parameters: { name: string; width: number }[];
  body: Primitive[];
}

export type ParserStep =
  /** @param bits length of the header's varbit */
  | { op: 'extract'; header: number; bits: Expression | undefined }
  /** Into the next element of a stack; `member` of it where elements are unions. */
  | { op: 'extract_next'; stack: number; member: number; bits: Expression | undefined }
  | { op: 'advance'; bits: Expression }
  | { op: 'run'; body: Primitive[] }
  | { op: 'set'; target: FieldRef; value: Expression }
  | { op: 'verify'; condition: Expression; error: Expression };

/** A parser state; `next` is an index into `Parser.states`, or ACCEPT. */
export interface ParserState {
  name: string;
  steps: ParserStep[];
  key: { value: Expression; width: number }[];
  cases: ParserCase[];
  defaultNext: number;
}

/** A way out of a state: one value and mask per key part, or a set that holds the key. */
export type ParserCase =
  | { values: bigint[]; masks: bigint[]; next: number }
  | { valueSet: number; next: number };

/** The end of parsing. */
export const ACCEPT = -1;

/** The parser: states by index. */
export interface Parser {
  initial: number;
  states: ParserState[];
}

/** A place in a pipeline's graph, or undefined at its end. */
export type NodeRef = { kind: 'table' | 'condition'; index: number } | undefined;

/** One field of a key. */
export interface TableKey {
  /** The key's name in P4Info. */
  name: string;
  kind: 'exact' | 'lpm' | 'ternary' | 'range' | 'optional' | 'valid';
  value: Expression;
  width: number;
}

/** One field of an entry that the program brings; null is don't care. */
export type InitialMatch =
  | { value: bigint }
  | { value: bigint; prefixLength: number }
  | { value: bigint; mask: bigint }
  | { low: bigint; high: bigint }
  | null;

/** An entry that the program itself brings. */
export interface InitialEntry {
  match: InitialMatch[];
  priority: number;
  action: number;
  args: bigint[];
}

/** A match-action table. */
export interface Table {
  name: string;
  key: TableKey[];
  size: number;
  /** Index into the pipeline's profiles for indirect tables. */
  profile: number | undefined;
  hasCounters: boolean;
  /** Entries may have an idle timeout. */
  supportsTimeout: boolean;
  /** Index into `Program.meters`, and where the colour goes. */
  meter: { index: number; target: FieldRef } | undefined;
  /** Actions that the table may run. */
  actions: number[];
  defaultAction: { action: number; args: bigint[]; isConst: boolean } | undefined;
  entries: InitialEntry[];
  /** Where each action leads, parallel to `actions`; or hit and miss. */
  next: { byAction: NodeRef[]; hit: NodeRef; miss: NodeRef; onHit: boolean };
  defaultNext: NodeRef;
  place: SourcePlace;
}

/** A branch of a pipeline. */
export interface Condition {
  expression: Expression;
  /** The expression as the source has it, or the condition's name. */
  text: string;
  place: SourcePlace;
  whenTrue: NodeRef;
  whenFalse: NodeRef;
}

/** An action profile; `selector` when members come in groups. */
export interface Profile {
  name: string;
  size: number;
  selector: { calculation: Calculation } | undefined;
}

/** Ingress or egress: a graph of tables and conditions. */
export interface Pipeline {
  name: 'ingress' | 'egress';
  initial: NodeRef;
  tables: Table[];
  conditions: Condition[];
  profiles: Profile[];
}

/** The reference target's names; the custom forms have the parameters they start with there. */
export type HashAlgorithm =
  | 'crc16'
  | 'crc32'
  | 'crcCCITT'
  | 'csum16'
  | 'xor16'
  | 'xxh64'
  | 'identity'
  | 'random';

/** What a hash or a checksum is taken over, concatenated bit by bit. */
export interface Calculation {
  algorithm: HashAlgorithm;
  input: Expression[];
  /** Bits of each input. */
  widths: number[];
  /** The rest of the packet follows the inputs. */
  withPayload: boolean;
}

/** A checksum that is verified after parsing or updated before emitting. */
export interface Checksum {
  target: FieldRef;
  calculation: number;
  verify: boolean;
  update: boolean;
  condition: Expression;
}

/** What a copied or repeated packet keeps. */
export interface FieldList {
  /** Fields, those of whole headers among them. */
  fields: FieldRef[];
  /** Headers kept with their validity. */
  headers: number[];
  /** Stacks kept with their next index. */
  stacks: number[];
}

/** A whole program. */
export interface Program {
  /** Name of the file it was read from. */
  source: string;
  headers: Header[];
  stacks: HeaderStack[];
  /** Members of each header union, of which one at most is valid. */
  unions: number[][];
  valueSets: ValueSet[];
  /** Error names of the program by their number. */
  errors: Map<number, string>;
  parser: Parser;
  /** Headers in the order in which they are emitted. */
  deparser: number[];
  /** What the deparser does before it emits. */
  deparserBody: Primitive[];
  actions: Action[];
  ingress: Pipeline;
  egress: Pipeline;
  counters: { name: string; size: number; directTable: string | undefined }[];
  meters: {
    name: string;
    size: number;
    unit: 'bytes' | 'packets';
    directTable: string | undefined;
  }[];
  registers: { name: string; size: number; width: number }[];
  calculations: Calculation[];
  checksums: Checksum[];
  /** Fields that a clone or a recirculated packet keeps, by the program's own number. */
  fieldLists: Map<number, FieldList>;
  digests: { name: string; fields: Expression[]; widths: number[] }[];
  /** The field that asks the target to hold a recirculated packet until that time, if any. */
  holdUntilNs: FieldRef | undefined;
}
