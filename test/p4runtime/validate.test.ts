/** What the server refuses by P4Info alone, before a device sees it. Sections 8.3 and 9. */
import test from 'ava';
import {
  cloneSessionEntity, entryFromRule, groupEntity, memberEntity, P4RuntimeServer, Schema, WriteError,
} from '../../src/p4runtime/index.js';
import {
  ActionProfileActionSet, p4info, TableEntry, Update_Type, type ActionProfileGroup, type CloneSessionEntry, type Entity,
  type MulticastGroupEntry, type Replica,
} from '../../src/proto/index.js';
import { FakeTarget } from './fakeTarget.js';
import { nameOf, RawStream, writeRequest } from './world.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const match = (kind: keyof typeof p4info.MatchField_MatchType, id = 1, bitwidth = 16) => ({
  id, name: `k${id}`, bitwidth,
  match: { $case: 'matchType' as const, value: p4info.MatchField_MatchType[kind] as number },
});
const scope = p4info.ActionRef_Scope;
const bitstring = ($case: 'bit' | 'int', bitwidth: number) =>
  ({ typeSpec: { $case: 'bitstring' as const, value: { typeSpec: { $case, value: { bitwidth } } } } });

/** One table for each rule of the specification. */
const schema = new Schema(p4info.P4Info.fromPartial({
  actions: [
    { preamble: { id: 1, name: 'go' }, params: [{ id: 1, name: 'port', bitwidth: 9 }] },
    { preamble: { id: 2, name: 'stop' } }, { preamble: { id: 3, name: 'stray' } },
  ],
  tables: [
    { preamble: { id: 10, name: 'exact' }, matchFields: [match('EXACT'), match('EXACT', 2, 9)] },
    { preamble: { id: 11, name: 'lpm' }, matchFields: [match('LPM')] },
    { preamble: { id: 12, name: 'ternary' }, matchFields: [match('TERNARY')] },
    { preamble: { id: 13, name: 'range' }, matchFields: [match('RANGE')] },
    { preamble: { id: 14, name: 'optional' }, matchFields: [match('OPTIONAL')] },
    { preamble: { id: 15, name: 'keyless' } },
    { preamble: { id: 16, name: 'selected' }, matchFields: [match('EXACT')], implementationId: 30 },
    { preamble: { id: 17, name: 'profiled' }, matchFields: [match('EXACT')], implementationId: 31 },
    { preamble: { id: 18, name: 'const' }, matchFields: [match('EXACT')], isConstTable: true },
    { preamble: { id: 19, name: 'fixed' }, matchFields: [match('EXACT')], constDefaultActionId: 2 },
    { preamble: { id: 20, name: 'scoped' }, matchFields: [match('EXACT')],
      actionRefs: [{ id: 1, scope: scope.TABLE_ONLY }, { id: 2, scope: scope.DEFAULT_ONLY }] },
    { preamble: { id: 21, name: 'counted' }, matchFields: [match('EXACT')] },
    { preamble: { id: 22, name: 'aging' }, matchFields: [match('EXACT')], idleTimeoutBehavior: 1 },
  ].map((table) => ({ actionRefs: [{ id: 1 }, { id: 2 }], size: 8n, ...table })),
  directCounters: [{ preamble: { id: 40, name: 'dc' }, directTableId: 21 }],
  actionProfiles: [
    { preamble: { id: 30, name: 'selector' }, tableIds: [16], withSelector: true, size: 8n,
      maxGroupSize: 4 },
    { preamble: { id: 31, name: 'profile' }, tableIds: [17], size: 8n },
    { preamble: { id: 32, name: 'roomy' }, withSelector: true, size: 8n,
      selectorSizeSemantics: { $case: 'sumOfMembers', value: { maxMemberWeight: 100 } } },
    { preamble: { id: 33, name: 'even' }, withSelector: true, size: 8n, weightsDisallowed: true },
  ],
  counters: [{ preamble: { id: 50, name: 'c' }, size: 4n }],
  meters: [0, 1, 2].map((type) => ({ preamble: { id: [51, 55, 56][type]!, name: `m${type}` }, size: 4n, spec: { type } })),
  directMeters: [{ preamble: { id: 41, name: 'dm' }, directTableId: 21 }],
  registers: [
    { preamble: { id: 52, name: 'r' }, size: 4, typeSpec: bitstring('bit', 12) },
    { preamble: { id: 57, name: 's' }, size: 4, typeSpec: bitstring('int', 12) },
  ],
  valueSets: [{ preamble: { id: 54, name: 'v' }, match: [match('EXACT')], size: 2 }],
  digests: [{ preamble: { id: 53, name: 'd' } }],
}));

const target = new FakeTarget(1n, { p4info: schema.info, p4DeviceConfig: Uint8Array.of(1), cookie: undefined });
const server = new P4RuntimeServer([target]);
const channel = server.inProcess();
test.before(async () => {
  await new RawStream(channel).ask(1);
});

/** The status of one update; the device accepts whatever the server lets through. */
async function tryUpdate(type: Update_Type, entity: Entity): Promise<string> {
  target.write = () => {};
  try {
    await channel.write(writeRequest({ updates: [{ type, entity }] }));
    return 'OK';
  } catch (error) {
    if (error instanceof WriteError) return nameOf(error.failures[0]!.status);
    throw error;
  }
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const go = { type: { $case: 'action' as const, value: { actionId: 1, params: [{ paramId: 1, value: bytes('01') }] } } };
const act = (actionId: number, ...params: [number, string][]) => ({ action: { type: {
  $case: 'action' as const,
  value: { actionId, params: params.map(([paramId, value]) => ({ paramId, value: bytes(value) })) },
} } });
const entry = (partial: Partial<TableEntry>): Entity =>
  ({ entity: { $case: 'tableEntry', value: TableEntry.fromPartial({ action: go, ...partial } as TableEntry) } });
const exact = (value: string, fieldId = 1) =>
  ({ fieldId, fieldMatchType: { $case: 'exact' as const, value: { value: bytes(value) } } });
const key = (tableId: number, partial: Partial<TableEntry> = {}): Entity =>
  entry({ tableId, match: [exact('01')], ...partial });
const one = (tableId: number, fieldMatchType: TableEntry['match'][number]['fieldMatchType'], priority = 0) =>
  entry({ tableId, priority, match: [{ fieldId: 1, fieldMatchType }] });
const lpm = (value: string, prefixLen: number): Entity =>
  one(11, { $case: 'lpm', value: { value: bytes(value), prefixLen } });
const ternary = (value: string, mask: string, priority = 1): Entity =>
  one(12, { $case: 'ternary', value: { value: bytes(value), mask: bytes(mask) } }, priority);
const range = (low: string, high: string, priority = 1): Entity =>
  one(13, { $case: 'range', value: { low: bytes(low), high: bytes(high) } }, priority);
const bad = 'INVALID_ARGUMENT';

type Case = [string, string, Update_Type, Entity];
const both = entry({ tableId: 10, match: [exact('01'), exact('01ff', 2)] });
const matches: Case[] = [
  ['a whole key', 'OK', INSERT, both],
  ['an unknown table', bad, INSERT, key(99)],
  ['a missing exact field', bad, INSERT, key(10)],
  ['a field twice', bad, INSERT, entry({ tableId: 10, match: [exact('01'), exact('02')] })],
  ['an unknown field', bad, INSERT, entry({ tableId: 10, match: [exact('01'), exact('01', 3)] })],
  ['a field without a match', bad, INSERT, one(11, undefined)],
  ['another kind of match', bad, INSERT, key(11)],
  ['a longer string of zeros', 'OK', INSERT, entry({ tableId: 10, match: [exact('000001'), exact('00', 2)] })],
  ['an empty value', bad, INSERT, entry({ tableId: 10, match: [exact(''), exact('01', 2)] })],
  ['a value too wide', 'OUT_OF_RANGE', INSERT, entry({ tableId: 10, match: [exact('01'), exact('0200', 2)] })],
  ['a prefix', 'OK', INSERT, lpm('1200', 8)],
  ['a prefix of length 0', bad, INSERT, lpm('00', 0)],
  ['a prefix too long', bad, INSERT, lpm('1200', 17)],
  ['bits behind the prefix', bad, INSERT, lpm('1201', 8)],
  ['no prefix: don\'t care', 'OK', INSERT, entry({ tableId: 11 })],
  ['value and mask', 'OK', INSERT, ternary('12', 'ff')],
  ['a mask of zero', bad, INSERT, ternary('00', '00')],
  ['bits outside the mask', bad, INSERT, ternary('13', 'f0')],
  ['ternary without priority', bad, INSERT, ternary('12', 'ff', 0)],
  ['a negative priority', bad, INSERT, ternary('12', 'ff', -1)],
  ['exact with priority', bad, INSERT, key(18, { priority: 1 })],
  ['lpm with priority', bad, INSERT, entry({ tableId: 11, priority: 1 })],
  ['a range', 'OK', INSERT, range('01', '05')],
  ['an empty range', bad, INSERT, range('05', '01')],
  ['the full range', bad, INSERT, range('00', 'ffff')],
  ['range without priority', bad, INSERT, range('01', '05', 0)],
  ['optional', 'OK', INSERT, one(14, { $case: 'optional', value: { value: bytes('01') } }, 1)],
  ['optional without priority', bad, INSERT, one(14, { $case: 'optional', value: { value: bytes('01') } })],
  ['a table without key', bad, INSERT, entry({ tableId: 15 })],
  ['is_const in a write', bad, INSERT, key(21, { isConst: true })],
  ['is_const in a modify', bad, MODIFY, key(21, { isConst: true })],
  ['is_const in a delete', bad, DELETE, key(21, { isConst: true })],
];

const actions: Case[] = [
  ['no action in INSERT', bad, INSERT, key(21, { action: undefined })],
  ['an action of no kind', bad, MODIFY, key(21, { action: { type: undefined } })],
  ['no action in MODIFY', 'OK', MODIFY, key(21, { action: undefined })],
  ['an action that DELETE ignores', 'OK', DELETE, key(21, act(77))],
  ['a missing field in DELETE', bad, DELETE, key(10)],
  ['an unknown action', bad, INSERT, key(21, act(77))],
  ['an action of no table', bad, INSERT, key(21, act(3))],
  ['a missing parameter', bad, INSERT, key(21, act(1))],
  ['an extra parameter', bad, INSERT, key(21, act(1, [1, '01'], [2, '01']))],
  ['a parameter twice', bad, INSERT, key(21, act(1, [1, '01'], [1, '01']))],
  ['another parameter', bad, INSERT, key(21, act(1, [2, '01']))],
  ['an empty parameter', bad, INSERT, key(21, act(1, [1, '']))],
  ['a parameter too wide', 'OUT_OF_RANGE', INSERT, key(21, act(1, [1, '0200']))],
  ['default-only as an entry', 'PERMISSION_DENIED', INSERT, key(20, act(2))],
  ['table-only as an entry', 'OK', INSERT, key(20)],
  ['table-only as default', 'PERMISSION_DENIED', MODIFY, entry({ tableId: 20, isDefaultAction: true })],
  ['default-only as default', 'OK', MODIFY, entry({ tableId: 20, isDefaultAction: true, ...act(2) })],
  ['a member for a direct table', bad, INSERT, key(21, { action: { type: { $case: 'actionProfileMemberId', value: 1 } } })],
  ['an action for an indirect table', bad, INSERT, key(16)],
  ['a member for a selector', 'OK', INSERT, key(16, { action: { type: { $case: 'actionProfileMemberId', value: 1 } } })],
  ['a group for a selector', 'OK', INSERT, key(16, { action: { type: { $case: 'actionProfileGroupId', value: 1 } } })],
  ['a group for a profile', bad, INSERT, key(17, { action: { type: { $case: 'actionProfileGroupId', value: 1 } } })],
  ['a one-shot set for a profile', bad, INSERT, key(17, oneShot(1))],
  ['a one-shot set', 'OK', INSERT, key(16, oneShot(1, 3))],
  ['a one-shot set without weight', bad, INSERT, key(16, oneShot(1, 0))],
  ['a one-shot set too large', bad, INSERT, key(16, oneShot(1, 4))],
  ['a one-shot set at random', 'UNIMPLEMENTED', INSERT, key(16, oneShotOf({ actionSelectionMode: 2 }))],
  ['a one-shot set with a group action', 'UNIMPLEMENTED', INSERT, key(16, oneShotOf({ groupAction: go.type.value }))],
  ['members instead of weights counted', 'OK', INSERT, key(16, oneShotOf({ sizeSemantics: 2 }, 50))],
  ['a one-shot set with a stray action', bad, INSERT, key(16, oneShot(1, 1, 3))],
];

function oneShot(...weights: number[]): Partial<TableEntry> {
  const action = weights[2] === undefined ? go.type.value : { actionId: weights[2], params: [] };
  const actionProfileActions = weights.slice(0, 2).map((weight) => ({ action, weight, watchKind: undefined }));
  const value = { groupAction: undefined, actionProfileActions, actionSelectionMode: 0, sizeSemantics: 0 };
  return { action: { type: { $case: 'actionProfileActionSet', value } } };
}

function oneShotOf(more: Partial<ActionProfileActionSet>, weight = 1): Partial<TableEntry> {
  const parts = [{ action: go.type.value, weight, watchKind: undefined }];
  const value = ActionProfileActionSet.fromPartial({ actionProfileActions: parts, ...more } as ActionProfileActionSet);
  return { action: { type: { $case: 'actionProfileActionSet', value } } };
}

const asDefault = { match: [], isDefaultAction: true };
const counterData = { packetCount: 1n, byteCount: 1n };
const none = { packetCount: 0n, byteCount: 0n };
const meterConfig = { cir: 1n, cburst: 1n, pir: 1n, pburst: 1n, eburst: 0n };
const tables: Case[] = [
  ['INSERT of a default entry', bad, INSERT, key(21, asDefault)],
  ['DELETE of a default entry', bad, DELETE, key(21, asDefault)],
  ['a default entry with a match', bad, MODIFY, key(21, { isDefaultAction: true })],
  ['a default entry with priority', bad, MODIFY, entry({ tableId: 12, ...asDefault, priority: 1 })],
  ['a default entry', 'OK', MODIFY, key(21, asDefault)],
  ['resetting a default entry', 'OK', MODIFY, key(21, { ...asDefault, action: undefined })],
  ['a constant default entry', 'PERMISSION_DENIED', MODIFY, key(19, { ...asDefault, ...act(2) })],
  ['resetting a constant default', 'PERMISSION_DENIED', MODIFY, key(19, { ...asDefault, action: undefined })],
  ['INSERT in a constant table', 'PERMISSION_DENIED', INSERT, key(18)],
  ['DELETE in a constant table', 'PERMISSION_DENIED', DELETE, key(18)],
  ['an action in a constant table', 'PERMISSION_DENIED', MODIFY, key(18)],
  ['a constant table\'s default', 'OK', MODIFY, key(18, asDefault)],
  ['an idle timeout', bad, INSERT, key(21, { idleTimeoutNs: 1n })],
  ['an idle timeout where it is supported', 'OK', INSERT, key(22, { idleTimeoutNs: 1n })],
  ['a negative idle timeout', bad, INSERT, key(22, { idleTimeoutNs: -1n })],
  ['an idle timeout of a default entry', bad, MODIFY, key(22, { ...asDefault, idleTimeoutNs: 1n })],
  ['time since last hit', bad, INSERT, key(22, { timeSinceLastHit: { elapsedNs: 0n } })],
  ['time since last hit without support', bad, INSERT, key(21, { timeSinceLastHit: { elapsedNs: 0n } })],
  ['a counter', 'OK', INSERT, key(21, { counterData })],
  ['a counter where there is none', bad, INSERT, key(20, { counterData })],
  ['a negative count', bad, INSERT, key(21, { counterData: { packetCount: -1n, byteCount: 0n } })],
  ['a meter', 'OK', INSERT, key(21, { meterConfig })],
  ['colours cleared', 'OK', MODIFY, key(21, { meterCounterData: { green: none, yellow: none, red: undefined } })],
  ['colours counted', bad, MODIFY, key(21, { meterCounterData: { green: counterData, yellow: none, red: none } })],
  ['a meter where there is none', bad, INSERT, key(20, { meterConfig })],
];

const member = (actionProfileId: number, memberId: number, action: typeof go.type.value | undefined): Entity =>
  ({ entity: { $case: 'actionProfileMember', value: { actionProfileId, memberId, action } } });
const group = (partial: Partial<ActionProfileGroup>, ...weights: number[]): Entity => ({
  entity: { $case: 'actionProfileGroup', value: {
    actionProfileId: 30, groupId: 1, maxSize: 4,
    members: weights.map((weight, i) => ({ memberId: i + 1, weight, watchKind: undefined })), ...partial,
  } },
});
const twice = [1, 1].map((memberId) => ({ memberId, weight: 1, watchKind: undefined }));
const profiles: Case[] = [
  ['a member', 'OK', INSERT, member(30, 1, go.type.value)],
  ['a member of nothing', bad, INSERT, member(99, 1, go.type.value)],
  ['member 0', bad, INSERT, member(30, 0, go.type.value)],
  ['a member without action', bad, INSERT, member(30, 1, undefined)],
  ['DELETE of a member needs no action', 'OK', DELETE, member(30, 1, undefined)],
  ['a member with a stray action', bad, INSERT, member(30, 1, { actionId: 3, params: [] })],
  ['a group', 'OK', INSERT, group({}, 1, 3)],
  ['an empty group', 'OK', INSERT, group({})],
  ['group 0', bad, INSERT, group({ groupId: 0 })],
  ['a group of a profile without selector', bad, INSERT, group({ actionProfileId: 31 })],
  ['a member twice', bad, INSERT, group({ members: twice })],
  ['weight 0', bad, INSERT, group({}, 1, 0)],
  ['negative weight', bad, INSERT, group({}, -1)],
  ['max_size of 0 where the selector has one', bad, INSERT, group({ maxSize: 0 }, 1)],
  ['max_size above the selector\'s', bad, INSERT, group({ maxSize: 5 }, 1)],
  ['more than max_size', 'RESOURCE_EXHAUSTED', INSERT, group({ maxSize: 2 }, 1, 2)],
  ['members, not weights, are counted', 'OK', INSERT, group({ actionProfileId: 32, maxSize: 2 }, 50, 60)],
  ['a weight above the selector\'s', bad, INSERT, group({ actionProfileId: 32, maxSize: 2 }, 101)],
  ['weights where none are allowed', bad, INSERT, group({ actionProfileId: 33, maxSize: 0 }, 1)],
  ['no weights where none are allowed', 'OK', INSERT, group({ actionProfileId: 33, maxSize: 0 }, 0, 0)],
];

const index = { index: 1n };
const replica = (port: number, instance = 0, more: Partial<Replica> = {}): Replica =>
  ({ portKind: { $case: 'egressPort', value: port }, instance, backupReplicas: [], ...more });
const multicast = (partial: Partial<MulticastGroupEntry>): Entity => {
  const value = { multicastGroupId: 1, replicas: [], metadata: new Uint8Array(0), ...partial };
  return { entity: { $case: 'packetReplicationEngineEntry', value: { type: { $case: 'multicastGroupEntry', value } } } };
};
const clone = (partial: Partial<CloneSessionEntry>): Entity => {
  const value = { sessionId: 1, replicas: [replica(3)], classOfService: 0, packetLengthBytes: 0, ...partial };
  return { entity: { $case: 'packetReplicationEngineEntry', value: { type: { $case: 'cloneSessionEntry', value } } } };
};
const counter = (counterId: number, at: bigint, data = counterData): Entity =>
  ({ entity: { $case: 'counterEntry', value: { counterId, index: { index: at }, data } } });
const meter = (meterId: number, at: bigint, config: Partial<typeof meterConfig>): Entity => ({
  entity: { $case: 'meterEntry', value: { meterId, index: { index: at }, config: { ...meterConfig, ...config }, counterData: undefined } },
});
const register = (registerId: number, at: bigint, value: string): Entity => ({
  entity: { $case: 'registerEntry', value: { registerId, index: { index: at }, data: { data: { $case: 'bitstring', value: bytes(value) } } } },
});
const valueSet = (valueSetId: number, ...values: string[]): Entity =>
  ({ entity: { $case: 'valueSetEntry', value: { valueSetId, members: values.map((value) => ({ match: [exact(value)] })) } } });
const others: Case[] = [
  ['a counter', 'OK', MODIFY, counter(50, 3n)],
  ['INSERT of a counter', bad, INSERT, counter(50, 3n)],
  ['DELETE of a counter', bad, DELETE, counter(50, 3n)],
  ['an unknown counter', bad, MODIFY, counter(99, 3n)],
  ['a negative index', bad, MODIFY, counter(50, -1n)],
  ['an index past the end', 'OUT_OF_RANGE', MODIFY, counter(50, 4n)],
  ['a count that is not exact', 'OUT_OF_RANGE', MODIFY, counter(50, 3n, { packetCount: 1n << 53n, byteCount: 0n })],
  ['a meter', 'OK', MODIFY, meter(51, 1n, {})],
  ['an unknown meter', bad, MODIFY, meter(50, 1n, {})],
  ['a meter past the end', 'OUT_OF_RANGE', MODIFY, meter(51, 4n, {})],
  ['two rates with an excess burst', bad, MODIFY, meter(51, 1n, { eburst: 1n })],
  ['a peak rate below the committed', bad, MODIFY, meter(51, 1n, { cir: 2n })],
  ['a negative rate', bad, MODIFY, meter(51, 1n, { cir: -1n })],
  ['one rate', 'OK', MODIFY, meter(55, 1n, { eburst: 1n })],
  ['one rate, another peak', bad, MODIFY, meter(55, 1n, { pir: 2n })],
  ['two colours', 'OK', MODIFY, meter(56, 1n, {})],
  ['two colours, another peak burst', bad, MODIFY, meter(56, 1n, { pburst: 2n })],
  ['two colours with an excess burst', bad, MODIFY, meter(56, 1n, { eburst: 1n })],
  ['an unknown register', bad, MODIFY, register(50, 1n, '01')],
  ['a register past the end', 'OUT_OF_RANGE', MODIFY, register(52, 4n, '01')],
  ['a register without data', bad, MODIFY, { entity: { $case: 'registerEntry', value: { registerId: 52, index, data: undefined } } }],
  ['a register of bits, too wide', 'OUT_OF_RANGE', MODIFY, register(52, 1n, '1063')],
  ['a register of bits, negative', 'OUT_OF_RANGE', MODIFY, register(52, 1n, 'fd1d')],
  ['a signed register', 'OK', MODIFY, register(57, 1n, 'fd1d')],
  ['a signed register, too wide', 'OUT_OF_RANGE', MODIFY, register(57, 1n, '8d1d')],
  ['INSERT of a direct counter', bad, INSERT, { entity: { $case: 'directCounterEntry', value: { tableEntry: undefined, data: counterData } } }],
  ['a direct counter of no entry', bad, MODIFY, { entity: { $case: 'directCounterEntry', value: { tableEntry: undefined, data: counterData } } }],
  ['an unknown digest', bad, INSERT, { entity: { $case: 'digestEntry', value: { digestId: 9, config: undefined } } }],
  ['a digest', 'OK', INSERT, { entity: { $case: 'digestEntry', value: { digestId: 53, config: { maxTimeoutNs: 0n, maxListSize: 0, ackTimeoutNs: 0n } } } }],
  ['a digest with a negative time', bad, INSERT, { entity: { $case: 'digestEntry', value: { digestId: 53, config: { maxTimeoutNs: -1n, maxListSize: 0, ackTimeoutNs: 0n } } } }],
  ['a value set', 'OK', MODIFY, valueSet(54, '01', '02')],
  ['an unknown value set', bad, MODIFY, valueSet(50)],
  ['INSERT of a value set', bad, INSERT, valueSet(54, '01')],
  ['a member too wide', 'OUT_OF_RANGE', MODIFY, valueSet(54, '010000')],
  ['a member twice', 'ALREADY_EXISTS', MODIFY, valueSet(54, '01', '0001')],
  ['too many members', 'RESOURCE_EXHAUSTED', MODIFY, valueSet(54, '01', '02', '03')],
  ['an extern', 'UNIMPLEMENTED', MODIFY, { entity: { $case: 'externEntry', value: { externTypeId: 1, externId: 1, entry: undefined } } }],
  ['a multicast group', 'OK', INSERT, multicast({ replicas: [replica(1), replica(1, 1), replica(2)] })],
  ['multicast group 0', bad, INSERT, multicast({ multicastGroupId: 0 })],
  ['a replica twice', bad, INSERT, multicast({ replicas: [replica(1, 1), replica(1, 1)] })],
  ['a replica twice, in two forms', bad, INSERT, multicast({ replicas: [replica(1), replica(1, 0, { portKind: { $case: 'port', value: bytes('0001') } })] })],
  ['a replica without port', bad, INSERT, multicast({ replicas: [replica(1, 0, { portKind: undefined })] })],
  ['backup replicas', 'OK', INSERT, multicast({ replicas: [replica(1, 0, { backupReplicas: [{ port: bytes('02'), instance: 0 }] })] })],
  ['a backup on its replica\'s port', bad, INSERT, multicast({ replicas: [replica(1, 0, { backupReplicas: [{ port: bytes('01'), instance: 1 }] })] })],
  ['a backup that is a replica', bad, INSERT, multicast({ replicas: [replica(2), replica(1, 0, { backupReplicas: [{ port: bytes('02'), instance: 0 }] })] })],
  ['a clone session', 'OK', INSERT, clone({ packetLengthBytes: 64 })],
  ['clone session 0', bad, INSERT, clone({ sessionId: 0 })],
  ['a class of service', bad, INSERT, clone({ classOfService: 1 })],
  ['a negative length', bad, INSERT, clone({ packetLengthBytes: -1 })],
  ['a replication entry of no kind', bad, INSERT, { entity: { $case: 'packetReplicationEngineEntry', value: { type: undefined } } }],
];

for (const [title, cases] of Object.entries({ matches, actions, tables, profiles, others })) {
  test(`updates that P4Info allows and forbids: ${title}`, async (t) => {
    for (const [what, want, type, entity] of cases) {
      t.is(await tryUpdate(type, entity), want, what);
    }
  });
}

test('what the builders make is allowed', async (t) => {
  const made = [
    memberEntity(schema, 'selector', 1, 'go', { port: '3' }), groupEntity(schema, 'selector', 2, [1]),
    groupEntity(schema, 'selector', 3, [1, 2, 3, 4]), cloneSessionEntity(5, 3),
    { entity: { $case: 'tableEntry' as const, value: entryFromRule(schema, {
      table: 'selected', match: { k1: '1' }, oneShot: [{ action: 'go', params: { port: '1' } }],
    }) } },
  ];
  for (const entity of made) t.is(await tryUpdate(INSERT, entity), 'OK', entity.entity!.$case);
});
