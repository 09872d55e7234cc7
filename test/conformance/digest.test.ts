/** Digests and idle timeouts. Spec: P4Runtime 1.5, sections 9.1.8, 9.8 and 16.4. */
import { tableEntryKey } from '../../src/p4runtime/index.js';
import type { DigestList, Entity } from '../../src/proto/index.js';
import { byA, bytes, changed, entityOf, entryOf, hex } from './entities.js';
import { row } from './row.js';
import type { World } from './world.js';

const LIMIT_MS = 20_000;
const FOREVER_NS = 3_600_000_000_000n;

const digest = (world: World, maxListSize: number, maxTimeoutNs: bigint, ackTimeoutNs: bigint): Entity =>
  entityOf('digestEntry', {
    digestId: world.schema.digests.all[0]!.id, config: { maxTimeoutNs, maxListSize, ackTimeoutNs },
  });

const nextList = (world: World): Promise<DigestList> =>
  world.controller.nextOf(
    (update) => (update.$case === 'digest' ? update.value : undefined), LIMIT_MS);

/** The `a` of each message of a list. */
const learned = ({ data }: DigestList): string[] =>
  data.map(({ data: one }) => {
    const [first] = one?.$case === 'struct' ? one.value.members : [];
    return first?.data?.$case === 'bitstring' ? hex(first.data.value) : '?';
  });

/** Sends probes that make a digest each, and waits until they are through. */
async function learn(world: World, ...values: number[]): Promise<void> {
  for (const a of values) world.sendProbe('digest', { a, c: 1 });
  await world.collect();
  await world.settle(world.controller);
}

/** The lists that have come, each as its messages. */
async function lists(world: World): Promise<string[][]> {
  await world.settle(world.controller);
  const found: string[][] = [];
  while (world.controller.waiting > 0) found.push(learned(await nextList(world)));
  return found;
}

row('I1', 'no digests before INSERT and after DELETE; MODIFY needs INSERT', async (see, world) => {
  const entry = digest(world, 1, 0n, 0n);
  see('MODIFY', await world.modify(entry), 'NOT_FOUND');
  see('DELETE', await world.remove(entry), 'NOT_FOUND');
  await learn(world, 1);
  see('before', await lists(world), []);
  see('INSERT', await world.insert(entry), 'OK');
  see('again', await world.insert(entry), 'ALREADY_EXISTS');
  await learn(world, 2);
  see('learned', await lists(world), [['02']]);
  see('DELETE it', await world.remove(entry), 'OK');
  await learn(world, 3);
  see('after', await lists(world), []);
}, { bmv2: {
    learned: [['01'], ['02']],
  } });

row('I2', 'a list goes when it is full, or when its first message is old', async (see, world) => {
  await world.insert(digest(world, 3, FOREVER_NS, 0n));
  await learn(world, 1, 1, 2);
  see('not full', await lists(world), []);
  await learn(world, 3);
  see('full, no duplicates', await lists(world), [['01', '02', '03']]);
  see('MODIFY', await world.modify(digest(world, 100, 50_000_000n, 0n)), 'OK');
  await learn(world, 4, 5, 4);
  const list = await nextList(world);
  see('in time, no duplicates', learned(list), ['04', '05']);
  see('ids grow', list.listId > 0n, true);
  const offMs = Math.abs(Number(list.timestamp / 1_000_000n) - Date.now());
  see('a wall clock', offMs < 60_000, true);
}, { bmv2: {
    'full, no duplicates': [], 'in time, no duplicates': ['01', '02', '03', '04', '05'],
    'a wall clock': false,
  } });

row('I3', 'the same data is not sent again until the list is acknowledged', async (see, world) => {
  await world.insert(digest(world, 1, 0n, FOREVER_NS));
  await learn(world, 1);
  const { digestId, listId } = await nextList(world);
  await learn(world, 1);
  see('suppressed', await lists(world), []);
  world.controller.send({ $case: 'digestAck', value: { digestId, listId } });
  await world.collect();
  await world.settle(world.controller);
  await learn(world, 1);
  see('after the ack', await lists(world), [['01']]);
  await world.modify(digest(world, 1, 0n, 1n));
  await learn(world, 1);
  see('after the time', await lists(world), [['01']]);
  await world.modify(digest(world, 1, 0n, 0n));
  await learn(world, 1, 1);
  see('never suppressed', await lists(world), [['01'], ['01']]);
}, { notOnBmv2: 'its acks take effect at no set time, and the outcome varies' });

const TTL_NS = 100_000_000n;

row('K1', 'an idle entry is notified after its time to live, and again', async (see, world) => {
  const metadata = bytes('0b');
  const entry = changed(world, byA('timeout_table', 1), { idleTimeoutNs: TTL_NS, metadata });
  await world.insert(world.entity(byA('timeout_table', 2)));
  const startMs = Date.now();
  see('INSERT', await world.insert(entry), 'OK');
  const next = () => world.controller.nextOf(
    (update) => (update.$case === 'idleTimeoutNotification' ? update.value : undefined), LIMIT_MS);
  const { tableEntry, timestamp } = await next();
  see('not before', Date.now() - startMs >= 99, true);
  see('a wall clock', Math.abs(Number(timestamp / 1_000_000n) - Date.now()) < 60_000, true);
  const [notified] = tableEntry;
  see('entries', tableEntry.length, 1);
  see('key', tableEntryKey(notified!), tableEntryKey(entryOf(entry)));
  see('metadata', hex(notified!.metadata), '0b');
  see('time to live', notified!.idleTimeoutNs, TTL_NS);
  see('again', (await next()).tableEntry.length, 1);
  see('MODIFY', await world.modify(world.entity(byA('timeout_table', 1))), 'OK');
}, { bmv2: {
    'a wall clock': false, metadata: '',
  } });
