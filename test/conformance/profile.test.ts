/** Members, groups and one-shot sets. Spec: P4Runtime 1.5, section 9.2. */
import { Update_Type, type ActionProfileGroup, type Entity } from '../../src/proto/index.js';
import { byA, changed, entityOf, group, keyOf, member, readBack } from './entities.js';
import { row } from './row.js';
import type { World } from './world.js';

const bad = 'INVALID_ARGUMENT';
const profile = 'group_selector';

const pointing = (table: string, more: object): { table: string; match: Record<string, string> } =>
  ({ table, match: { 'hdr.probe.a': '1' }, ...more });
const groupWith = (world: World, id: number, more: Partial<ActionProfileGroup>): Entity =>
  entityOf('actionProfileGroup', { ...(group(world, id, []).entity!.value as ActionProfileGroup), ...more });
const part = (memberId: number, weight: number) => ({ memberId, weight, watchKind: undefined });

row('F1', 'members: twice, missing, in use, full', async (see, world) => {
  const first = member(world, profile, 1, '1');
  see('INSERT', await world.insert(first), 'OK');
  see('again', await world.insert(first), 'ALREADY_EXISTS');
  see('MODIFY missing', await world.modify(member(world, profile, 9, '1')), 'NOT_FOUND');
  see('DELETE missing', await world.remove(member(world, profile, 9, '1')), 'NOT_FOUND');
  see('a group', await world.insert(group(world, 1, [1])), 'OK');
  see('in a group', await world.remove(first), 'FAILED_PRECONDITION');
  see('an entry', await world.insert(world.entity(pointing('selector_table', { member: 1 }))), 'OK');
  await world.remove(group(world, 1, []));
  see('in an entry', await world.remove(first), 'FAILED_PRECONDITION');
  see('data plane', await world.port('selector', { a: 1 }), 'port 1');
  see('MODIFY', await world.modify(member(world, profile, 1, '5')), 'OK');
  see('modified', await world.port('selector', { a: 1 }), 'port 5');
  await world.remove(world.entity(pointing('selector_table', { member: 1 })));
  see('free', await world.remove(first), 'OK');
  const statuses: string[] = [];
  for (let id = 1; id <= 17; id++) {
    statuses.push(await world.insert(member(world, 'plain_profile', id, '1')));
  }
  see('the last that fits', statuses[15], 'OK');
  see('full', statuses[16], 'RESOURCE_EXHAUSTED');
}, { bmv2: {
    'in a group': 'UNKNOWN', 'in an entry': 'UNKNOWN', full: 'OK',
  } });

row('F2', 'groups: unknown and repeated members, max_size, references', async (see, world) => {
  await world.insert(member(world, profile, 1, '1'));
  see('unknown member', await world.insert(group(world, 12, [1, 9])), 'NOT_FOUND');
  const twice = groupWith(world, 11, { members: [part(1, 1), part(1, 1)] });
  see('a member twice', await world.insert(twice), bad);
  see('max_size 0', await world.insert(groupWith(world, 13, { maxSize: 0 })), bad);
  see('max_size too large', await world.insert(groupWith(world, 14, { maxSize: 9 })), bad);
  see('INSERT', await world.insert(group(world, 1, [1])), 'OK');
  see('again', await world.insert(group(world, 1, [1])), 'ALREADY_EXISTS');
  see('another max_size', await world.modify(groupWith(world, 1, { maxSize: 4 })), bad);
  see('MODIFY missing', await world.modify(group(world, 7, [1])), 'NOT_FOUND');
  see('DELETE missing', await world.remove(group(world, 7, [])), 'NOT_FOUND');
  const entry = world.entity(pointing('selector_table', { group: 1 }));
  see('an entry', await world.insert(entry), 'OK');
  see('referenced', await world.remove(group(world, 1, [])), 'FAILED_PRECONDITION');
  see('data plane', await world.port('selector', { a: 1 }), 'port 1');
  await world.remove(entry);
  see('DELETE', await world.remove(group(world, 1, [])), 'OK');
}, { bmv2: {
    'max_size 0': 'OK', referenced: 'UNKNOWN',
  } });

const BURST = 32;

/** The ports of many flows, sorted, with how often each was chosen. */
async function spread(world: World, flows: number): Promise<Map<number, number>> {
  const ports = new Map<number, number>();
  for (let b = 0; b < flows; b++) {
    world.sendProbe('selector', { a: 1, b: b * 7919, c: b });
    // The reference switch queues 64 packets for a port and drops what is more.
    if ((b + 1) % BURST !== 0 && b + 1 < flows) continue;
    for (const { port } of await world.collect()) ports.set(port, (ports.get(port) ?? 0) + 1);
  }
  return new Map([...ports].sort(([x], [y]) => x - y));
}

row('F3', 'weights are positive, and weigh', async (see, world) => {
  await world.insert(member(world, profile, 1, '1'));
  await world.insert(member(world, profile, 2, '2'));
  const of = (first: number, second: number, id = 1): Entity =>
    groupWith(world, id, { members: [part(1, first), part(2, second)] });
  see('0', await world.insert(of(1, 0, 11)), bad);
  see('negative', await world.insert(of(1, -1, 12)), bad);
  see('1 and 7', await world.insert(of(1, 7)), 'OK');
  see('read', await readBack(world, of(1, 1)), [of(1, 7)]);
  await world.insert(world.entity(pointing('selector_table', { group: 1 })));
  const ports = await spread(world, 160);
  see('both are chosen', [...ports.keys()], [1, 2]);
  see('the heavier more often', ports.get(2)! > 3 * ports.get(1)!, true);
});

row('F4', 'a member whose watch port is down is not chosen', async (see, world) => {
  await world.insert(member(world, profile, 1, '1'));
  await world.insert(member(world, profile, 2, '2'));
  const watching = (port: number) => ({ $case: 'watchPort' as const, value: Uint8Array.of(port >> 8, port) });
  const of = (port: number): Entity => groupWith(world, 1, {
    members: [{ memberId: 1, weight: 1, watchKind: watching(port) }, { memberId: 2, weight: 1, watchKind: undefined }],
  });
  see('no such port', await world.insert(of(512)), bad);
  see('INSERT', await world.insert(of(11)), 'OK');
  await world.insert(world.entity(pointing('selector_table', { group: 1 })));
  see('up', [...(await spread(world, 64)).keys()], [1, 2]);
  const { device } = world.target.daemon!;
  device.setPortState(11, false);
  see('down', [...(await spread(world, 64)).keys()], [2]);
  device.setPortState(11, true);
  see('up again', [...(await spread(world, 64)).keys()], [1, 2]);
}, { notOnBmv2: 'its ports cannot be taken down from here' });

row('F5', 'one-shot sets: read as written, never beside members and groups', async (see, world) => {
  const oneShot = [
    { action: 'forward', params: { port: '1' }, weight: 1 },
    { action: 'forward', params: { port: '1' }, weight: 2 },
    { action: 'forward', params: { port: '2' }, weight: 3 },
  ];
  const entry = world.entity(pointing('selector_table', { oneShot }));
  see('INSERT', await world.insert(entry), 'OK');
  see('read', await readBack(world, keyOf(entry)), [entry]);
  see('data plane', [...(await spread(world, 64)).keys()], [1, 2]);
  see('a member beside', await world.insert(member(world, profile, 1, '1')), bad);
  const single = world.entity(pointing('selector_table', { oneShot: oneShot.slice(2) }));
  see('MODIFY', await world.one(Update_Type.MODIFY, single), 'OK');
  see('modified', [...(await spread(world, 16)).keys()], [2]);
  see('DELETE', await world.remove(single), 'OK');
  see('a member alone', await world.insert(member(world, profile, 1, '1')), 'OK');
  see('a set beside', await world.insert(entry), bad);
  const direct = changed(world, byA('first_table', 1), { action: { type: undefined } });
  see('an action of no kind', await world.insert(direct), bad);
});
