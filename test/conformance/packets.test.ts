/** PacketIn and PacketOut. Spec: P4Runtime 1.5, sections 16.1 and 16.6. */
import { canonical } from '../../src/p4runtime/index.js';
import type { PacketMetadata } from '../../src/proto/index.js';
import { paths, probeBytes } from './packets.js';
import { row } from './row.js';

const LIMIT_MS = 20_000;

row('J1', 'a PacketOut of one that is not primary is dropped', async (see, world) => {
  const backup = world.session();
  await backup.ask(1);
  world.sendProbe('indexed', { d: 1 }, backup);
  see('the backup hears', await world.heard(backup), 'error PERMISSION_DENIED');
  const stranger = world.session();
  world.sendProbe('indexed', { d: 1 }, stranger);
  see('one without a role hears', await world.heard(stranger), 'error PERMISSION_DENIED');
  see('no packet came', (await world.collect()).length, 0);
  see('nothing was counted', (await world.probe('indexed', { d: 1 }))[0]!.mark, 0);
}, { bmv2: { 'the backup hears': 'silence', 'one without a role hears': 'silence' } });

row('J2', 'the metadata of a PacketOut must be that of P4Info', async (see, world) => {
  const good = probeBytes(world.schema, paths.indexed, { d: 1 });
  const [port, path] = good.metadata as [PacketMetadata, PacketMetadata];
  const cases: Record<string, PacketMetadata[]> = {
    missing: [path],
    none: [],
    'an unknown id': [port, path, { metadataId: 77, value: Uint8Array.of(1) }],
    'an id twice': [port, port],
    'too wide': [{ ...port, value: Uint8Array.of(4, 0) }, path],
    'an empty value': [{ ...port, value: new Uint8Array(0) }, path],
  };
  for (const [what, metadata] of Object.entries(cases)) {
    world.controller.send({ $case: 'packet', value: { ...good, metadata } });
    // The answer to what comes later comes later.
    see(what, (await world.collect()).length, 0);
    const said = world.controller.take((u) => (u.$case === 'error' ? u.value : undefined));
    const isRefused = said?.canonicalCode === 3 || said?.canonicalCode === 11;
    see(`${what}: error`, isRefused ? said.details?.$case : 'silence', 'packetOut');
  }
  const order = { ...good, metadata: [path, port] };
  world.controller.send({ $case: 'packet', value: order });
  see('in another order', (await world.collect()).length, 1);
}, { bmv2: {
    missing: 1,
    'missing: error': 'silence',
    'none: error': 'silence',
    'an unknown id: error': 'silence',
    'an id twice: error': 'silence',
    'too wide: error': 'silence',
    'an empty value': 1,
    'an empty value: error': 'silence',
  } });

row('J3', 'a PacketIn has every field once, in canonical bytes', async (see, world) => {
  world.sendProbe('reflect', {});
  const { metadata } = await world.controller.packet(LIMIT_MS);
  const ids = world.schema.packetIn.fields.map(({ id }) => id);
  see('fields', metadata.map(({ metadataId }) => metadataId).sort(), ids.sort());
  const values = metadata.map(({ value }) => Uint8Array.from(value));
  see('canonical', values, values.map(canonical));
});
