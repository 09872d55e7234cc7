/** Multicast groups and clone sessions. Spec: P4Runtime 1.5, section 9.5. */
import { Update_Type, type Entity } from '../../src/proto/index.js';
import { entityOf, multicast, portBytes, readBack, replica, replicationText, session } from './entities.js';
import { row } from './row.js';
import { CPU_PORT } from './targets.js';
import type { World } from './world.js';

const bad = 'INVALID_ARGUMENT';

/** Sends probes with `a` to a multicast group or a clone session. */
const sending = (world: World, a: number, action: string, params: Record<string, string>): Promise<string> =>
  world.insert(world.entity(
    { table: 'ternary_table', match: { 'hdr.probe.a': `${a}` }, priority: 1, action, params }));

row('H1', 'multicast groups: ids, replicas, and metadata', async (see, world) => {
  const of = (id: number, ...ports: [number, number][]): Entity =>
    multicast(id, ports.map(([port, instance]) => replica(port, instance)), '0a00');
  see('id 0', await world.insert(of(0, [1, 1])), bad);
  see('a replica twice', await world.insert(of(1, [1, 1], [1, 1])), bad);
  see('MODIFY missing', await world.modify(of(1, [1, 1])), 'NOT_FOUND');
  see('DELETE missing', await world.remove(of(1)), 'NOT_FOUND');
  see('INSERT', await world.insert(of(1, [1, 1], [1, 2])), 'OK');
  see('again', await world.insert(of(1, [1, 1])), 'ALREADY_EXISTS');
  see('read', replicationText(await readBack(world, of(1))), ['1/1 1/2 meta 0a00']);
  see('MODIFY', await world.modify(of(1, [2, 3])), 'OK');
  see('read again', replicationText(await readBack(world, of(1))), ['2/3 meta 0a00']);
  await world.insert(of(2, [4, 4]));
  see('read all', (await readBack(world, of(0))).length, 2);
  see('DELETE', await world.one(Update_Type.DELETE, multicast(1, [])), 'OK');
  see('gone', await readBack(world, of(1)), []);
}, { bmv2: {
    read: ['1/1 1/2 meta '], 'read again': ['2/3 meta '], gone: 'NOT_FOUND',
  } });

row('H2', 'a group overrides unicast; one that is not programmed drops', async (see, world) => {
  await sending(world, 1, 'multicast', { group: '7' });
  see('not programmed', await world.probe('ternary', { a: 1 }), []);
  await world.insert(multicast(7, [replica(CPU_PORT, 3), replica(CPU_PORT, 4)]));
  const instances = async () =>
    (await world.probe('ternary', { a: 1 })).map(({ instance }) => instance).sort();
  see('copies', await instances(), [3, 4]);
  see('MODIFY', await world.modify(multicast(7, [replica(CPU_PORT, 5)])), 'OK');
  see('modified', await instances(), [5]);
  await world.remove(multicast(7, []));
  see('deleted', await world.probe('ternary', { a: 1 }), []);
});

row('H2', 'a backup takes over while the port of its replica is down', async (see, world) => {
  const backups = (...ports: number[]) =>
    ports.map((port, i) => ({ port: portBytes(port), instance: 10 + i }));
  const of = (port: number, ...ports: number[]): Entity =>
    multicast(7, [replica(port, 1, { backupReplicas: backups(...ports) })]);
  see('the port of the replica', await world.insert(of(CPU_PORT, CPU_PORT)), bad);
  see('INSERT', await world.insert(of(20, CPU_PORT, 21)), 'OK');
  see('read', await readBack(world, multicast(7, [])), [of(20, CPU_PORT, 21)]);
  await sending(world, 1, 'multicast', { group: '7' });
  const instances = async () => (await world.probe('ternary', { a: 1 })).map(({ instance }) => instance);
  see('up', await instances(), []);
  const { device } = world.target.daemon!;
  device.setPortState(20, false);
  see('down', await instances(), [10]);
  device.setPortState(CPU_PORT, false);
  see('both down', await instances(), []);
  device.setPortState(CPU_PORT, true);
  device.setPortState(20, true);
  see('up again', await instances(), []);
}, { notOnBmv2: 'its ports cannot be taken down from here' });

const clones = async (world: World): Promise<number[]> =>
  (await world.probe('ternary', { a: 1, payload: 100 }))
    .filter(({ kind }) => kind === 1)
    .map(({ length }) => length);

row('H3', 'clone sessions: ids, class of service; without one there is no clone', async (see, world) => {
  see('session 0', await world.insert(session(0, [replica(CPU_PORT, 1)])), bad);
  const classOfService = 77;
  see('bad class', await world.insert(session(5, [replica(CPU_PORT, 1)], { classOfService })), bad);
  await sending(world, 1, 'clone_to', { session: '5' });
  see('not programmed', await clones(world), []);
  const two = session(5, [replica(CPU_PORT, 1), replica(CPU_PORT, 2)]);
  see('INSERT', await world.insert(two), 'OK');
  see('clones', (await clones(world)).length, 2);
  see('read', replicationText(await readBack(world, session(5, []))), ['510/1 510/2 cut 0']);
  see('DELETE', await world.remove(session(5, [])), 'OK');
  see('deleted', await clones(world), []);
}, { bmv2: {
    'bad class': 'UNIMPLEMENTED',
  } });

row('H4', 'packet_length_bytes truncates the clone', async (see, world) => {
  await sending(world, 1, 'clone_to', { session: '5' });
  await world.insert(session(5, [replica(CPU_PORT, 1)]));
  const [whole] = await clones(world);
  const cut = session(5, [replica(CPU_PORT, 1)], { packetLengthBytes: 60 });
  see('MODIFY', await world.modify(cut), 'OK');
  see('shorter', (await clones(world))[0]! < whole!, true);
  see('read', replicationText(await readBack(world, session(5, []))), ['510/1 cut 60']);
  const kept = entityOf('packetReplicationEngineEntry', { type: undefined });
  see('read of all kinds', replicationText(await readBack(world, kept)), ['510/1 cut 60']);
}, { bmv2: {
    MODIFY: 'UNKNOWN', shorter: false, read: ['510/1 cut 0'], 'read of all kinds': bad,
  } });
