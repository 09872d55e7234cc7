/** Writes as they come on the wire against the same Writes as messages: no difference shows. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { Prng } from '../../src/base/prng.js';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { Schema, tableRequest, type TableSchema } from '../../src/p4runtime/index.js';
import { P4RuntimeService } from '../../src/p4runtime/service.js';
import { WriteError } from '../../src/p4runtime/status.js';
import { WireWrite } from '../../src/p4runtime/wireWrite.js';
import {
  ForwardingPipelineConfig,
  ReadRequest,
  SetForwardingPipelineConfigRequest,
  SetForwardingPipelineConfigRequest_Action as Action,
  StreamMessageRequest,
  Update,
  WriteRequest,
  WriteRequest_Atomicity as Atomicity,
  type FieldMatch,
} from '../../src/proto/index.js';
import { EmbeddedSwitch } from '../../src/switch/index.js';

const ROUNDS = 3000;
const electionId = { high: 0n, low: 1n };
const programs = ['conformance', 'large', 'conformance_sets'] as const;

function schemaOf(program: string): Schema {
  const file = `${program}.p4info.txtpb`;
  return Schema.fromText(readFileSync(shippedFile(`test/programs/build/${file}`), 'utf8'), file);
}

/** A service of one switch, with a primary. */
function start(program: string, schema: Schema): P4RuntimeService {
  const pool = new PacketPool(fabricPool);
  const attachment = { transmit() {}, wakeAt() {} };
  const target = new EmbeddedSwitch({ deviceId: 1n, pool, attachment, seed: 1, now: () => 0 });
  const service = new P4RuntimeService([target]);
  const arbitration = { deviceId: 1n, electionId };
  service.openStream(() => undefined).receive(
    StreamMessageRequest.fromPartial({ update: { $case: 'arbitration', value: arbitration } }),
  );
  const config = ForwardingPipelineConfig.fromPartial({
    p4info: schema.info,
    p4DeviceConfig: readFileSync(shippedFile(`test/programs/build/${program}.json`)),
  });
  const action = Action.VERIFY_AND_COMMIT;
  service.setPipeline(
    SetForwardingPipelineConfigRequest.fromPartial({ deviceId: 1n, electionId, action, config }),
  );
  return service;
}

/** Bytes of about so many bits: mostly in shortest form, of few different values. */
function draw(prng: Prng, bitWidth: number): Uint8Array {
  const length = Math.ceil(bitWidth / 8) + (prng.below(40) === 0 ? 1 : 0);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = prng.below(2) === 0 ? 0 : prng.below(4) * 64;
  if (prng.below(30) === 0) return bytes;
  bytes[0]! &= 2 ** (((bitWidth - 1) % 8) + 1) - 1;
  let from = 0;
  while (from < length - 1 && bytes[from] === 0) from++;
  return bytes.subarray(from);
}

function matchOf(prng: Prng, { id, type, bitWidth }: TableSchema['fields'][number]): FieldMatch {
  const value = draw(prng, bitWidth);
  const second = prng.below(3) === 0 ? draw(prng, bitWidth) : draw(prng, bitWidth).fill(255);
  const masked = value.map((byte, i) => byte & (second[second.length - value.length + i] ?? 0));
  const of = (m: FieldMatch['fieldMatchType']): FieldMatch => ({ fieldId: id, fieldMatchType: m });
  switch (type) {
    case 'lpm':
      return of({ $case: type, value: { value, prefixLen: bitWidth - prng.below(4) } });
    case 'ternary':
      return of({ $case: type, value: { value: masked, mask: second } });
    case 'range':
      return of({ $case: type, value: { low: value, high: second } });
    default:
      return of({ $case: type, value: { value } });
  }
}

function updateOf(prng: Prng, schema: Schema): Update {
  const table = schema.tables.all[prng.below(schema.tables.all.length)]!;
  const needed = table.fields.filter(({ type }) => type === 'exact' || prng.below(3) > 0);
  const match = needed.map((field) => matchOf(prng, field));
  if (prng.below(8) === 0) match.reverse();
  const actions = [...table.actions, ...table.defaultActions];
  const action = actions[prng.below(actions.length)]!;
  const params = action.params.map(({ id, bitWidth }) => ({
    paramId: id,
    value: draw(prng, bitWidth),
  }));
  if (prng.below(8) === 0) params.reverse();
  const call = { type: { $case: 'action' as const, value: { actionId: action.id, params } } };
  const isOdd = (): boolean => prng.below(40) === 0;
  const value = {
    tableId: table.id,
    match,
    priority: table.hasPriority !== isOdd() ? 1 + prng.below(2) : 0,
    action: isOdd() ? undefined : call,
    controllerMetadata: isOdd() ? 7n : 0n,
    isDefaultAction: isOdd(),
    idleTimeoutNs: isOdd() ? 5n : 0n,
    metadata: isOdd() ? Uint8Array.of(1) : new Uint8Array(),
  };
  const type = prng.below(30) === 0 ? prng.below(5) : 1 + prng.below(3);
  return Update.fromPartial({ type, entity: { entity: { $case: 'tableEntry', value } } });
}

const request = (updates: Update[], atomicity: Atomicity): WriteRequest =>
  WriteRequest.fromPartial({ deviceId: 1n, electionId, updates, atomicity });

function failuresOf(run: () => void): unknown {
  try {
    run();
    return [];
  } catch (error) {
    return error instanceof WriteError ? error.failures : error;
  }
}

function tables(service: P4RuntimeService): unknown {
  const entities = [tableRequest(0, false)];
  return service.read(ReadRequest.fromPartial({ deviceId: 1n, entities })).entities;
}

for (const program of programs) {
  test(`${program}: the same answers and entries as for messages`, (t) => {
    const schema = schemaOf(program);
    const prng = new Prng(20251125);
    const [byMessage, byWire] = [start(program, schema), start(program, schema)];
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round += 10) {
      const updates = Array.from({ length: 10 }, () => updateOf(prng, schema));
      const isAtomic = prng.below(4) === 0;
      const count = isAtomic ? 2 : 10;
      const message = request(updates.slice(0, count), isAtomic ? 1 : 0);
      const bytes = Buffer.from(WriteRequest.encode(message).finish());
      const expected = failuresOf(() => byMessage.write(message));
      t.deepEqual(failuresOf(() => byWire.writeWire(new WireWrite(bytes))), expected);
      if (Array.isArray(expected)) accepted += count - expected.length;
      if (round % 200 === 0) t.deepEqual(tables(byWire), tables(byMessage));
    }
    t.deepEqual(tables(byWire), tables(byMessage));
    t.true(accepted > ROUNDS / 10, `${accepted} accepted`);
  });
}

test('bytes that are changed are decoded as the generated decoder does it', (t) => {
  const schema = schemaOf('large');
  const prng = new Prng(1);
  let plain = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = Buffer.from(Update.encode(updateOf(prng, schema)).finish());
    const changes = prng.below(3);
    for (let i = 0; i < changes; i++) bytes[prng.below(bytes.length)] = prng.below(256);
    const short = bytes.subarray(0, bytes.length - (prng.below(6) === 0 ? 1 : 0));
    // A length in two bytes, which is a plain one when it is below 128, too.
    const length = [(short.length & 127) | 128, short.length >> 7];
    const whole = Buffer.concat([Buffer.from([0x08, 1, 0x22, ...length]), short]);
    let expected: Update | undefined;
    try {
      expected = Update.decode(short);
    } catch {
      t.throws(() => new WireWrite(whole));
      continue;
    }
    const write = new WireWrite(whole);
    if (write.recordOf(0) >= 0) plain++;
    t.is(write.count, 1);
    t.deepEqual(Update.encode(write.update(0)).finish(), Update.encode(expected).finish());
  }
  t.true(plain > ROUNDS / 4, `${plain} were plain`);
});

test('what follows a field of no known kind is left to the generated decoder', (t) => {
  const update = Update.encode(updateOf(new Prng(3), schemaOf('large'))).finish();
  const field = [0x22, update.length, ...update];
  // A fixed32 field, which the specification has not.
  const bytes = Buffer.from([...field, 0x7d, 1, 2, 3, 4, ...field, 0x08, 9]);
  const write = new WireWrite(bytes);
  t.is(write.count, 2);
  t.is(write.head.deviceId, 9n);
  t.deepEqual(write.update(1), write.update(0));
});
