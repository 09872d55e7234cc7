/**
 * Mutated P4Runtime updates against a model of the tables that says which status is right. The
 * model knows keys and what they hold, and nothing of how the switch keeps them.
 */
import { readFileSync } from 'node:fs';
import { Prng } from '../../src/base/prng.js';
import { shippedFile } from '../../src/base/paths.js';
import {
  Code,
  P4RuntimeClient,
  P4RuntimeServer,
  Schema,
  WriteError,
  type Channel,
} from '../../src/p4runtime/index.js';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import {
  Entity,
  ForwardingPipelineConfig,
  Update_Type,
  type FieldMatch,
  type TableEntry,
  type Update,
} from '../../src/proto/index.js';
import { EmbeddedSwitch } from '../../src/switch/index.js';

/** What a run saw. */
export interface UpdateFuzz {
  updates: number;
  accepted: number;
  refused: number;
  /** Answers that the model calls wrong, the first few in words. */
  wrong: string[];
  /** Entries at the end that the model has not, or has otherwise. */
  differences: number;
}

const BATCH = 32;
const WORDS_KEPT = 10;

const schema = Schema.fromText(
  readFileSync(shippedFile('test/programs/build/large.p4info.txtpb'), 'utf8'),
  'large.p4info.txtpb',
);
const table = (name: string): number => schema.tables.get(`LargeIngress.${name}`).id;
const action = (name: string): number => schema.actions.get(`LargeIngress.${name}`).id;

/** Few different keys, so that updates meet what earlier ones left. */
const KEYS = 40;

type Draft = TableEntry;
type Mutation = [name: string, apply: (entry: Draft, prng: Prng) => void, ...codes: number[]];

const { INVALID_ARGUMENT, NOT_FOUND, OUT_OF_RANGE } = Code;
const unknownId = [INVALID_ARGUMENT, NOT_FOUND] as const;
const badValue = [INVALID_ARGUMENT, OUT_OF_RANGE] as const;

function setMatch(entry: Draft, fieldMatchType: FieldMatch['fieldMatchType']): void {
  entry.match[0]!.fieldMatchType = fieldMatchType;
}

function setParam(entry: Draft, value: Uint8Array): void {
  const type = entry.action?.type;
  if (type?.$case === 'action') type.value.params[0]!.value = value;
}

/** What is wrong with an update whatever the tables hold; wrong in the key, so in every type. */
const keyMutations: Mutation[] = [
  ['an unknown table', (e) => void (e.tableId = 0x02ffffff), ...unknownId],
  ['an id that is no table', (e) => void (e.tableId = action('forward')), ...unknownId],
  ['table 0', (e) => void (e.tableId = 0), ...unknownId],
  ['an unknown field', (e) => void (e.match[0]!.fieldId = 99), ...unknownId],
  ['a field twice', (e) => void e.match.push(e.match[0]!), INVALID_ARGUMENT],
  [
    'another kind of match',
    (e) => setMatch(e, { $case: 'optional', value: { value: Uint8Array.of(1) } }),
    INVALID_ARGUMENT,
  ],
  ['a field without a match', (e) => setMatch(e, undefined), INVALID_ARGUMENT],
  [
    'a priority where it does not belong, or none',
    (e) => void (e.priority = e.priority > 0 ? 0 : 5),
    INVALID_ARGUMENT,
  ],
  ['a negative priority', (e) => void (e.priority = -1), INVALID_ARGUMENT],
];

/** What is wrong in what an entry does: wrong when it is inserted. */
const actionMutations: Mutation[] = [
  ['no action', (e) => void (e.action = undefined), INVALID_ARGUMENT],
  ['an unknown action', (e) => setAction(e, 0x01ffffff), ...unknownId],
  ['an action of another table', (e) => setAction(e, action('keep_20')), INVALID_ARGUMENT],
  ['a parameter too wide', (e) => setParam(e, Uint8Array.of(1, 0, 0)), ...badValue],
  ['a parameter without bytes', (e) => setParam(e, new Uint8Array()), ...badValue],
  ['no parameter', (e) => setParams(e, []), INVALID_ARGUMENT],
  [
    'an unknown parameter',
    (e) => setParams(e, [{ paramId: 77, value: Uint8Array.of(1) }]),
    ...unknownId,
  ],
  [
    'a member where there is no profile',
    (e) => void (e.action = { type: { $case: 'actionProfileMemberId', value: 1 } }),
    ...unknownId,
  ],
];

function setAction(entry: Draft, actionId: number): void {
  const type = entry.action?.type;
  if (type?.$case === 'action') type.value.actionId = actionId;
}

function setParams(entry: Draft, params: { paramId: number; value: Uint8Array }[]): void {
  const type = entry.action?.type;
  if (type?.$case === 'action') type.value.params = params;
}

/** A right entry, its key in the model's words, and its parameter. */
function draw(prng: Prng): { entry: Draft; key: string; value: number } {
  const kind = prng.uint32() % 3;
  const number = 1 + (prng.uint32() % KEYS);
  const value = 1 + (prng.uint32() % 200);
  const priority = kind === 2 ? 1 + (prng.uint32() % 3) : 0;
  const byte = Uint8Array.of(number);
  const exact = (fieldId: number): object => ({
    fieldId,
    fieldMatchType: { $case: 'exact', value: { value: byte } },
  });
  const [tableId, actionId, match] = [
    [table('policy_1'), action('decide_1'), [exact(1), exact(2)]],
    [
      table('ipv4_lpm'),
      action('set_next_hop'),
      [
        {
          fieldId: 1,
          fieldMatchType: {
            $case: 'lpm',
            value: { value: Uint8Array.of(number, 0, 0, 0), prefixLen: 8 + (number % 25) },
          },
        },
      ],
    ],
    [
      table('acl'),
      action('set_class'),
      [
        {
          fieldId: 3,
          fieldMatchType: { $case: 'ternary', value: { value: byte, mask: Uint8Array.of(255) } },
        },
        {
          fieldId: 4,
          fieldMatchType: { $case: 'range', value: { low: byte, high: Uint8Array.of(99) } },
        },
      ],
    ],
  ][kind] as [number, number, object[]];
  const params = [{ paramId: 1, value: Uint8Array.of(value) }];
  const entity = Entity.fromPartial({
    entity: {
      $case: 'tableEntry',
      value: {
        tableId,
        match,
        priority,
        action: { type: { $case: 'action', value: { actionId, params } } },
      },
    },
  });
  if (entity.entity?.$case !== 'tableEntry') throw new Error('an entry was wanted');
  return { entry: entity.entity.value, key: `${kind}/${number}/${priority}`, value };
}

/** The tables as they should be. */
class Model {
  readonly entries = new Map<string, number>();

  /** The right answer to a right update, which it carries out. */
  answer(type: Update_Type, key: string, value: number): number {
    const isThere = this.entries.has(key);
    if (type === Update_Type.INSERT && isThere) return Code.ALREADY_EXISTS;
    if (type !== Update_Type.INSERT && !isThere) return Code.NOT_FOUND;
    if (type === Update_Type.DELETE) this.entries.delete(key);
    else this.entries.set(key, value);
    return Code.OK;
  }
}

interface Asked {
  update: Update;
  what: string;
  codes: readonly number[];
}

/** An update, and the codes that are right for it. */
function ask(prng: Prng, model: Model): Asked {
  const { entry, key, value } = draw(prng);
  const types = [Update_Type.INSERT, Update_Type.MODIFY, Update_Type.DELETE] as const;
  let type: Update_Type = types[prng.uint32() % 3]!;
  const pick = prng.uint32() % 4;
  const update = (): Update => ({
    type,
    entity: { entity: { $case: 'tableEntry', value: entry } },
  });
  if (pick >= 2) return { update: update(), what: key, codes: [model.answer(type, key, value)] };
  if (prng.uint32() % 16 === 0) {
    type = Update_Type.UNSPECIFIED;
    return { update: update(), what: 'no type', codes: [INVALID_ARGUMENT] };
  }
  const mutations = pick === 0 ? keyMutations : actionMutations;
  if (pick === 1) type = Update_Type.INSERT;
  const [what, apply, ...codes] = mutations[prng.uint32() % mutations.length]!;
  apply(entry, prng);
  // Of two things that are wrong, either may be said.
  const isKnown = pick === 1 && model.entries.has(key);
  return { update: update(), what, codes: isKnown ? [...codes, Code.ALREADY_EXISTS] : codes };
}

/** Writes `count` updates over the channel that `connect` makes to a fresh switch. */
export async function fuzzUpdates(
  count: number,
  seed: number,
  connect: (server: P4RuntimeServer) => Channel | Promise<Channel>,
): Promise<UpdateFuzz> {
  const prng = new Prng(seed);
  const server = new P4RuntimeServer([
    new EmbeddedSwitch({
      deviceId: 1n,
      pool: new PacketPool(fabricPool),
      attachment: { transmit() {}, wakeAt() {} },
      seed: 1,
      now: () => 0,
    }),
  ]);
  const client = new P4RuntimeClient(await connect(server), { deviceId: 1n });
  await client.becomePrimary();
  await client.setPipelineConfig(
    ForwardingPipelineConfig.fromPartial({
      p4info: schema.info,
      p4DeviceConfig: readFileSync(shippedFile('test/programs/build/large.json')),
    }),
  );
  const model = new Model();
  const result: UpdateFuzz = { updates: 0, accepted: 0, refused: 0, wrong: [], differences: 0 };
  while (result.updates < count) {
    const asked = Array.from({ length: BATCH }, () => ask(prng, model));
    const codes = await answersTo(client, asked);
    asked.forEach(({ what, codes: right, update }, i) => {
      const code = codes[i]!;
      if (code === Code.OK) result.accepted++;
      else result.refused++;
      if (right.includes(code) || result.wrong.length >= WORDS_KEPT) return;
      result.wrong.push(`${what}, type ${update.type}: ${code}, not ${right.join(' or ')}`);
    });
    result.updates += BATCH;
  }
  result.differences = differences(await client.read([wholeTables()]), model);
  client.close();
  server.close();
  return result;
}

async function answersTo(client: P4RuntimeClient, asked: readonly Asked[]): Promise<number[]> {
  const codes = asked.map((): number => Code.OK);
  try {
    await client.write(asked.map(({ update }) => update));
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    for (const { index, status } of error.failures) codes[index] = status;
  }
  return codes;
}

function wholeTables(): Entity {
  return Entity.fromPartial({ entity: { $case: 'tableEntry', value: { tableId: 0 } } });
}

/** Entries that differ between a switch and the model. */
function differences(read: readonly Entity[], model: Model): number {
  const left = new Map(model.entries);
  let count = 0;
  for (const { entity } of read) {
    if (entity?.$case !== 'tableEntry' || entity.value.isDefaultAction) continue;
    const { tableId, priority, match, action: what } = entity.value;
    const kind = [table('policy_1'), table('ipv4_lpm'), table('acl')].indexOf(tableId);
    const field = match[0]?.fieldMatchType;
    const bytes = field && 'value' in field.value ? field.value.value : new Uint8Array();
    const key = `${kind}/${bytes[0]}/${priority}`;
    const value = what?.type?.$case === 'action' ? what.type.value.params[0]?.value.at(-1) : -1;
    if (left.get(key) !== value) count++;
    left.delete(key);
  }
  return count + left.size;
}
