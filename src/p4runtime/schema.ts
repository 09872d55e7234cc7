/** P4Info by id and by name: what the ids in messages mean. */
import { p4info } from '../proto/index.js';
import { UmbraError } from '../base/errors.js';
import { readP4InfoText } from './p4infoText.js';

/** Anything with a preamble, found by id or name. */
interface Named {
  id: number;
  name: string;
}

export type MatchType = 'exact' | 'lpm' | 'ternary' | 'range' | 'optional';

/** One key field. */
export interface MatchFieldSchema extends Named {
  bitWidth: number;
  type: MatchType;
}

/** An action with its parameters. */
export interface ActionSchema extends Named {
  params: (Named & { bitWidth: number })[];
}

/** A table. */
export interface TableSchema extends Named {
  fields: MatchFieldSchema[];
  /** Actions for entries; those for the default entry only are in `defaultActions`. */
  actions: ActionSchema[];
  defaultActions: ActionSchema[];
  /** Ids of those in `actions` that the default entry must not have. */
  tableOnly: ReadonlySet<number>;
  /** Id of the action profile, 0 for direct tables. */
  profileId: number;
  size: number;
  isConst: boolean;
  constDefaultActionId: number;
  /** Entries carry a priority: some key is ternary, range or optional. */
  hasPriority: boolean;
  hasCounter: boolean;
  /** The kind of its direct meter, if it has one. */
  meterType: MeterType | undefined;
  supportsTimeout: boolean;
}

/** Two rates and three colours (RFC 2698), one rate and three (RFC 2697), one rate and two. */
export type MeterType = 'trTCM' | 'srTCM' | 'two colours';

/** An action profile or selector. */
export interface ProfileSchema extends Named {
  tableIds: number[];
  withSelector: boolean;
  size: number;
  /** The most that a group may hold; 0 when P4Info does not say. */
  maxGroupSize: number;
  /** A group's size is the number of its members, not the sum of their weights. */
  countsMembers: boolean;
  /** The heaviest that a member may be; 0 when P4Info does not say. */
  maxMemberWeight: number;
  weightsDisallowed: boolean;
}

/** A counter, meter or register array. */
export interface ArraySchema extends Named {
  size: number;
}

/** A meter array. */
export interface MeterSchema extends ArraySchema {
  type: MeterType;
}

/** A register array of numbers. */
export interface RegisterSchema extends ArraySchema {
  bitWidth: number;
  isSigned: boolean;
}

/** A digest, with the type of its messages. */
export interface DigestSchema extends Named {
  typeSpec: p4info.Digest['typeSpec'];
}

/** A parser value set. */
export interface ValueSetSchema extends Named {
  fields: MatchFieldSchema[];
  size: number;
}

/** Metadata of PacketIn or PacketOut. */
export interface PacketMetadataSchema {
  fields: (Named & { bitWidth: number })[];
}

/** Objects of one kind by id and by name. */
export class Directory<T extends Named> {
  readonly #byId = new Map<number, T>();

  /** Throws INVALID_PROGRAM when two have one id. */
  constructor(
    readonly kind: string,
    readonly all: readonly T[],
  ) {
    for (const item of all) {
      if (this.#byId.has(item.id)) {
        throw new UmbraError('INVALID_PROGRAM', `P4Info: ${kind} id ${item.id} twice`);
      }
      this.#byId.set(item.id, item);
    }
  }

  find(id: number): T | undefined {
    return this.#byId.get(id);
  }

  /** By id, full name or unique suffix (`routing.ipv4_lpm`). Throws NOT_FOUND. */
  get(key: number | string): T {
    const found = typeof key === 'number' ? this.#byId.get(key) : this.#byName(key);
    if (found) return found;
    throw new UmbraError('NOT_FOUND', `no ${this.kind} '${key}'`);
  }

  #byName(name: string): T | undefined {
    const exact = this.all.find((item) => item.name === name);
    if (exact) return exact;
    const matches = this.all.filter((item) => item.name.endsWith(`.${name}`));
    if (matches.length > 1) {
      const names = matches.map((item) => item.name).join(', ');
      throw new UmbraError('NOT_FOUND', `${this.kind} '${name}' is ambiguous: ${names}`);
    }
    return matches[0];
  }
}

const matchTypes = new Map<number, MatchType>([
  [p4info.MatchField_MatchType.EXACT, 'exact'],
  [p4info.MatchField_MatchType.LPM, 'lpm'],
  [p4info.MatchField_MatchType.TERNARY, 'ternary'],
  [p4info.MatchField_MatchType.RANGE, 'range'],
  [p4info.MatchField_MatchType.OPTIONAL, 'optional'],
]);

const meterTypes: readonly MeterType[] = ['trTCM', 'srTCM', 'two colours'];

/** A program's control interface. */
export class Schema {
  readonly tables: Directory<TableSchema>;
  readonly actions: Directory<ActionSchema>;
  readonly profiles: Directory<ProfileSchema>;
  readonly counters: Directory<ArraySchema>;
  readonly meters: Directory<MeterSchema>;
  readonly registers: Directory<RegisterSchema>;
  readonly valueSets: Directory<ValueSetSchema>;
  readonly digests: Directory<DigestSchema>;
  readonly packetIn: PacketMetadataSchema;
  readonly packetOut: PacketMetadataSchema;

  /** Throws INVALID_PROGRAM when the message does not hang together. */
  constructor(readonly info: p4info.P4Info) {
    this.actions = new Directory('action', info.actions.map(readAction));
    const direct = {
      counters: new Set(info.directCounters.map((c) => c.directTableId)),
      meters: new Map(info.directMeters.map((m) => [m.directTableId, meterType(m.spec)])),
    };
    const tables = info.tables.map((table) => readTable(table, this.actions, direct));
    this.tables = new Directory('table', tables);
    this.profiles = new Directory(
      'action profile',
      info.actionProfiles.map(readProfile),
    );
    this.counters = new Directory('counter', info.counters.map(readArray));
    this.meters = new Directory(
      'meter',
      info.meters.map((meter) => ({ ...readArray(meter), type: meterType(meter.spec) })),
    );
    this.registers = new Directory('register', info.registers.map(readRegister));
    this.valueSets = new Directory(
      'value set',
      info.valueSets.map(({ preamble, match, size }) => {
        const name = named(preamble);
        return { ...name, size, fields: match.map((field) => readField(field, name.name)) };
      }),
    );
    this.digests = new Directory(
      'digest',
      info.digests.map(({ preamble, typeSpec }) => ({ ...named(preamble), typeSpec })),
    );
    this.packetIn = readPacketMetadata(info, 'packet_in');
    this.packetOut = readPacketMetadata(info, 'packet_out');
    this.#checkReferences();
  }

  #checkReferences(): void {
    for (const { name, profileId } of this.tables.all) {
      if (profileId !== 0 && !this.profiles.find(profileId)) {
        throw new UmbraError('INVALID_PROGRAM', `P4Info: ${name}: no action profile ${profileId}`);
      }
    }
    for (const { name, tableIds } of this.profiles.all) {
      const id = tableIds.find((tableId) => !this.tables.find(tableId));
      if (id !== undefined) {
        throw new UmbraError('INVALID_PROGRAM', `P4Info: ${name}: no table ${id}`);
      }
    }
  }

  /** Reads `*.p4info.txtpb`. Throws INVALID_FILE naming `file` and the line. */
  static fromText(text: string, file: string): Schema {
    return new Schema(readP4InfoText(text, file));
  }

  /** An action of a table by name. Throws NOT_FOUND naming both. */
  actionOf(table: TableSchema, name: string): ActionSchema {
    const all = [...table.actions, ...table.defaultActions];
    const found =
      all.find((action) => action.name === name) ??
      all.find((action) => action.name.endsWith(`.${name}`));
    if (!found) throw new UmbraError('NOT_FOUND', `${table.name}: no action '${name}'`);
    return found;
  }
}

function named(preamble: p4info.Preamble | undefined): Named {
  if (!preamble || preamble.id === 0 || preamble.name === '') {
    throw new UmbraError('INVALID_PROGRAM', 'P4Info: an object without id or name');
  }
  return { id: preamble.id, name: preamble.name };
}

function readAction(action: p4info.Action): ActionSchema {
  return {
    ...named(action.preamble),
    params: action.params.map(({ id, name, bitwidth }) => ({ id, name, bitWidth: bitwidth })),
  };
}

function readTable(
  table: p4info.Table,
  actions: Directory<ActionSchema>,
  direct: { counters: Set<number>; meters: Map<number, MeterType> },
): TableSchema {
  const name = named(table.preamble);
  const fields = table.matchFields.map((field) => readField(field, name.name));
  const refs = (isDefault: boolean): ActionSchema[] =>
    table.actionRefs
      .filter((ref) => (ref.scope === p4info.ActionRef_Scope.DEFAULT_ONLY) === isDefault)
      .map((ref) => {
        const action = actions.find(ref.id);
        if (action) return action;
        throw new UmbraError('INVALID_PROGRAM', `P4Info: ${name.name}: no action ${ref.id}`);
      });
  return {
    ...name,
    fields,
    actions: refs(false),
    defaultActions: refs(true),
    tableOnly: new Set(
      table.actionRefs
        .filter((ref) => ref.scope === p4info.ActionRef_Scope.TABLE_ONLY)
        .map((ref) => ref.id),
    ),
    profileId: table.implementationId,
    size: Number(table.size),
    isConst: table.isConstTable,
    constDefaultActionId: table.constDefaultActionId,
    hasPriority: fields.some((field) => field.type !== 'exact' && field.type !== 'lpm'),
    hasCounter: direct.counters.has(name.id),
    meterType: direct.meters.get(name.id),
    supportsTimeout:
      table.idleTimeoutBehavior === p4info.Table_IdleTimeoutBehavior.NOTIFY_CONTROL,
  };
}

function readField(field: p4info.MatchField, owner: string): MatchFieldSchema {
  const type = field.match?.$case === 'matchType' ? matchTypes.get(field.match.value) : undefined;
  if (!type) {
    throw new UmbraError('UNSUPPORTED_PROGRAM', `P4Info: ${owner}: match of ${field.name}`);
  }
  return { id: field.id, name: field.name, bitWidth: field.bitwidth, type };
}

function meterType(spec: p4info.MeterSpec | undefined): MeterType {
  return meterTypes[spec?.type ?? 0] ?? 'trTCM';
}

function readProfile(profile: p4info.ActionProfile): ProfileSchema {
  const semantics = profile.selectorSizeSemantics;
  const isOfMembers = semantics?.$case === 'sumOfMembers';
  return {
    ...named(profile.preamble),
    tableIds: profile.tableIds,
    withSelector: profile.withSelector,
    size: Number(profile.size),
    maxGroupSize: profile.maxGroupSize,
    countsMembers: isOfMembers,
    maxMemberWeight: isOfMembers ? semantics.value.maxMemberWeight : 0,
    weightsDisallowed: profile.weightsDisallowed,
  };
}

function readArray(array: p4info.Counter | p4info.Meter): ArraySchema {
  return { ...named(array.preamble), size: Number(array.size) };
}

function readRegister(register: p4info.Register): RegisterSchema {
  const spec = register.typeSpec?.typeSpec;
  const inner = spec?.$case === 'bitstring' ? spec.value.typeSpec : undefined;
  const isSigned = inner?.$case === 'int';
  return {
    ...named(register.preamble),
    size: register.size,
    bitWidth: inner?.$case === 'bit' || isSigned ? inner.value.bitwidth : 0,
    isSigned,
  };
}

function readPacketMetadata(info: p4info.P4Info, name: string): PacketMetadataSchema {
  const header = info.controllerPacketMetadata.find((m) => m.preamble?.name === name);
  const fields = (header?.metadata ?? []).map((field) => ({
    id: field.id,
    name: field.name,
    bitWidth: field.bitwidth,
  }));
  return { fields };
}
