/** Who is primary. Spec: P4Runtime 1.5, sections 5 and 16.2. */
import {
  SetForwardingPipelineConfigRequest_Action as Action,
  type StreamMessageResponse,
} from '../../src/proto/index.js';
import { election, role } from '../p4runtime/world.js';
import { row } from './row.js';
import { digestOf } from './state.js';
import { CONTROLLER_ID, type World } from './world.js';

type StreamUpdate = NonNullable<StreamMessageResponse['update']>;
const LIMIT_MS = 20_000;
const unprogrammed = { program: undefined };

/** The status of a Write without updates under this election id. */
const mayWrite = (world: World, id: number, more: object = {}): Promise<string> =>
  world.write([], { electionId: election(id), ...more });

row(
  'B1',
  'a first update with an unknown device id ends the stream NOT_FOUND',
  async (see, world) => {
    see('the stream', await world.session().ask(1, { deviceId: 99n }), 'ended NOT_FOUND');
  },
  { ...unprogrammed, bmv2: { 'the stream': 'OK 1' } },
);

row(
  'B2',
  'device id 0 is refused',
  async (see, world) => {
    see('the stream', await world.session().ask(1, { deviceId: 0n }), 'ended NOT_FOUND');
  },
  { ...unprogrammed, bmv2: { 'the stream': 'OK 1' } },
);

row(
  'B3',
  'an election id in use ends the stream that asks for it, and disturbs nobody else',
  async (see, world) => {
    const [first, later] = [world.session(), world.session()];
    see('first update', await first.ask(CONTROLLER_ID), 'ended INVALID_ARGUMENT');
    see('backup', await later.ask(3), 'ALREADY_EXISTS 100');
    see('later update', await later.ask(CONTROLLER_ID), 'ended INVALID_ARGUMENT');
    see('the holder hears', await world.heard(world.controller), 'silence');
    see('the holder writes', await mayWrite(world, CONTROLLER_ID), 'OK');
  },
  { bmv2: { 'the holder writes': 'PERMISSION_DENIED' } },
);

row(
  'B4',
  'more streams than are supported end RESOURCE_EXHAUSTED',
  async (see, world) => {
    const channel = world.channel();
    let open = 0;
    let answer = '';
    while (open < 200 && !answer.startsWith('ended')) {
      answer = await world.session(channel).ask(open + 1);
      open++;
    }
    see('one too many', answer, 'ended RESOURCE_EXHAUSTED');
    const [other] = await Promise.all([world.session().ask(1, role('other'))]);
    see('another role', other, 'OK 1');
  },
  { ...unprogrammed, bmv2: { 'another role': 'ended RESOURCE_EXHAUSTED' } },
);

row(
  'B5',
  'a later update with another device id ends the stream FAILED_PRECONDITION',
  async (see, world) => {
    const session = world.session();
    see('first', await session.ask(1), 'OK 1');
    see('another device', await session.ask(1, { deviceId: 2n }), 'ended FAILED_PRECONDITION');
  },
  unprogrammed,
);

row(
  'B6',
  'a later update with another role ends FAILED_PRECONDITION, an unknown config INVALID_ARGUMENT',
  async (see, world) => {
    const [first, second] = [world.session(), world.session()];
    see('first', await first.ask(1), 'OK 1');
    see('another role', await first.ask(1, role('r')), 'ended FAILED_PRECONDITION');
    const config = { typeUrl: 'type.example/roles', value: Uint8Array.of(1) };
    const withConfig = { role: { id: 0n, name: 'r', config } };
    see('a config', await second.ask(2, withConfig), 'ended INVALID_ARGUMENT');
  },
  { ...unprogrammed, bmv2: { 'another role': 'silence', 'a config': 'OK 2' } },
);

row(
  'B7',
  'an id at or above the highest ever seen is primary; a lower one is backup, also of nobody',
  async (see, world) => {
    const [a, b, c] = [world.session(), world.session(), world.session()];
    see('first', await a.ask(5), 'OK 5');
    see('lower', await b.ask(3), 'ALREADY_EXISTS 5');
    see('higher', await c.ask(9), 'OK 9');
    c.close();
    await a.heard();
    see('the old primary hears the end', await a.heard(), 'NOT_FOUND 9');
    see('lower than ever seen', await a.ask(8), 'NOT_FOUND 9');
    see('equal to the highest', await a.ask(9), 'OK 9');
    const wide = { electionId: { high: 1n, low: 0n } };
    see('128 bits', await world.session().ask(1, wide), 'OK 0');
  },
  {
    ...unprogrammed,
    bmv2: { 'the old primary hears the end': 'OK 5', 'lower than ever seen': 'OK 8' },
  },
);

row(
  'B8',
  'a primary that leaves has no successor, and the backups are told',
  async (see, world) => {
    const [primary, backup] = [world.session(), world.session()];
    await primary.ask(5);
    await backup.ask(3);
    primary.close();
    see('the backup hears', await backup.heard(), 'NOT_FOUND 5');
    see('its Write', await mayWrite(world, 3), 'PERMISSION_DENIED');
    see('its next update', await backup.ask(5), 'OK 5');
    see('its Write then', await mayWrite(world, 5), 'FAILED_PRECONDITION');
  },
  { ...unprogrammed, bmv2: { 'the backup hears': 'OK 3', 'its Write': 'FAILED_PRECONDITION' } },
);

row(
  'B9',
  'an advisory names the highest id seen; OK for the primary, ALREADY_EXISTS for backups',
  async (see, world) => {
    const [a, b, c] = [world.session(), world.session(), world.session()];
    see('no primary ever', await a.ask(undefined), 'NOT_FOUND unset');
    see('the primary', await b.ask(7), 'OK 7');
    see('told to the others', await a.heard(), 'ALREADY_EXISTS 7');
    see('a backup', await c.ask(2), 'ALREADY_EXISTS 7');
    see('a higher id of the primary', await b.ask(8), 'OK 8');
    see('told too', [await a.heard(), await c.heard()], ['ALREADY_EXISTS 8', 'ALREADY_EXISTS 8']);
  },
  { ...unprogrammed, bmv2: { 'no primary ever': 'OK 0', 'told too': ['silence', 'silence'] } },
);

row(
  'B10',
  'at a take-over the old primary is refused, the others are told, the new one last',
  async (see, world) => {
    const channel = world.channel();
    const order: string[] = [];
    const [backup, newcomer] = [world.session(channel), world.session(channel)];
    see('backup', await backup.ask(3), 'ALREADY_EXISTS 100');
    backup.onMessage = () => order.push('backup');
    newcomer.onMessage = () => order.push('new primary');
    const entries = Array.from({ length: 200 }, (_, i) => ({
      type: 1,
      entity: world.entity({
        table: 'exact_table',
        match: { 'hdr.probe.a': `${i}` },
        action: 'metered_forward',
        params: { port: '1' },
      }),
    }));
    const writing = world.write(entries);
    newcomer.arbitrate(200);
    see('the new primary', await newcomer.heard(), 'OK 200');
    see('the backup', await backup.heard(), 'ALREADY_EXISTS 200');
    see('the old primary', await world.heard(world.controller), 'ALREADY_EXISTS 200');
    see('who was told first', order, ['backup', 'new primary']);
    see('the old one writes', await mayWrite(world, CONTROLLER_ID), 'PERMISSION_DENIED');
    see('the new one writes', await mayWrite(world, 200), 'OK');
    // The Write that raced with it was before or after, as a whole.
    const done = (await writing) === 'OK';
    const table = world.schema.tables.get('exact_table').id;
    const found = await world.tableEntries(table);
    see('the Write under way', found.length, done ? entries.length : 0);
  },
  { bmv2: { 'who was told first': ['new primary', 'backup'] } },
);

row(
  'B11',
  'an unset election id never is primary; zero is an id and may be',
  async (see, world) => {
    const [a, b] = [world.session(), world.session()];
    see('unset', await a.ask(undefined), 'NOT_FOUND unset');
    see('zero', await b.ask(0), 'OK 0');
    const withoutId = await world.write([], { electionId: undefined });
    see('a Write without id', withoutId, 'PERMISSION_DENIED');
    see('a Write of zero', await mayWrite(world, 0), 'FAILED_PRECONDITION');
  },
  { ...unprogrammed, bmv2: {
      unset: 'OK 0',
      zero: 'ended INVALID_ARGUMENT',
      'a Write without id': 'FAILED_PRECONDITION',
    } },
);

row(
  'B12',
  'a primary that lowers its id becomes backup, and all are told',
  async (see, world) => {
    const [a, b] = [world.session(), world.session()];
    await a.ask(5);
    await b.ask(3);
    see('itself', await a.ask(2), 'NOT_FOUND 5');
    see('the other', await b.heard(), 'NOT_FOUND 5');
  },
  { ...unprogrammed, bmv2: { itself: 'ALREADY_EXISTS 3', 'the other': 'OK 3' } },
);

row(
  'B13',
  'an update that changes nothing is answered',
  async (see, world) => {
    const [a, b] = [world.session(), world.session()];
    await a.ask(5);
    await b.ask(1);
    a.arbitrate(5);
    see('the primary', await world.heard(a), 'OK 5');
    b.arbitrate(1);
    see('a backup', await world.heard(b), 'ALREADY_EXISTS 5');
  },
  { ...unprogrammed, bmv2: { 'the primary': 'silence', 'a backup': 'silence' } },
);

row(
  'B14',
  'an id may be used again once its stream is closed',
  async (see, world) => {
    const first = world.session();
    see('first', await first.ask(5), 'OK 5');
    first.close();
    await world.settle(world.session());
    let again = await world.session().ask(5);
    // The server may hear of the end of a stream after the start of another one.
    while (again !== 'OK 5') again = await world.session().ask(5);
    see('again', again, 'OK 5');
  },
  unprogrammed,
);

row(
  'B15',
  'roles and devices have primaries of their own; a Write is matched on all three values',
  async (see, world) => {
    see('a role', await world.session().ask(1, role('observer')), 'OK 1');
    see('the default role', await mayWrite(world, CONTROLLER_ID), 'OK');
    see('the role writes', await mayWrite(world, 1, { role: 'observer' }), 'OK');
    see('with the id of another role', await mayWrite(world, 1), 'PERMISSION_DENIED');
    const swapped = await mayWrite(world, CONTROLLER_ID, { role: 'observer' });
    see('with another role', swapped, 'PERMISSION_DENIED');
  },
  { bmv2: {
      'a role': 'ALREADY_EXISTS 100',
      'the role writes': 'PERMISSION_DENIED',
      'with another role': 'OK',
    } },
);

row(
  'B16',
  'the highest id outlives a new pipeline, and a full restart resets it',
  async (see, world) => {
    see('reconcile', await world.setPipeline({ action: Action.RECONCILE_AND_COMMIT }), 'OK');
    see('commit', await world.setPipeline(), 'OK');
    see('a lower id', await world.session().ask(1), 'ALREADY_EXISTS 100');
    const next = await world.restarted(undefined);
    const answer = await next.session().ask(1);
    await next.stop();
    see('after a restart', answer, 'OK 1');
  },
  { bmv2: { reconcile: 'INTERNAL' } },
);

row(
  'B17',
  'errors of arbitration end the stream with a status, never a StreamError',
  async (see, world) => {
    see('an id in use', await world.session().ask(CONTROLLER_ID), 'ended INVALID_ARGUMENT');
    const backup = world.session();
    await backup.ask(1);
    see('another device', await backup.ask(1, { deviceId: 7n }), 'ended FAILED_PRECONDITION');
    see('nothing after it', await world.heard(backup), 'silence');
  },
);

row('B18', 'packets and digests go to the primary only, not to who was', async (see, world) => {
  const backup = world.session();
  await backup.ask(1);
  see('a digest is wanted', await world.insert(digestOf(world, 1)), 'OK');
  world.sendProbe('digest', { a: 1 });
  const isDigest = (update: StreamUpdate) => update.$case === 'digest' || undefined;
  see('the primary hears it', await world.controller.nextOf(isDigest, LIMIT_MS), true);
  await world.collect();
  see('the primary', (await world.probe('indexed')).length, 1);
  see('a backup', await world.heard(backup), 'silence');
  const next = world.session();
  see('the next primary', await next.ask(200), 'OK 200');
  see('who was', await world.heard(world.controller), 'ALREADY_EXISTS 200');
  see('hears packets', (await world.probe('indexed', {}, next)).length, 1);
  see('who was hears nothing', await world.heard(world.controller), 'silence');
});
