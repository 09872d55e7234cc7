/** Writes: order of checks, statuses, atomic batches. Spec: section 12. */
import { row } from './row.js';

row('C4', 'INSERT of an existing key is ALREADY_EXISTS and changes nothing', async (see, world) => {
  const entry = (port: string) =>
    world.entity({
      table: 'lpm_table',
      match: { 'hdr.probe.a': '10.0.0.0/8' },
      action: 'forward',
      params: { port },
    });
  see('first', await world.insert(entry('1')), 'OK');
  see('again', await world.insert(entry('2')), 'ALREADY_EXISTS');
  see('data plane', await world.port('lpm', { a: 0x0a000001 }), 'port 1');
  see('read', await world.readAll(entry('0')), [entry('1')]);
});
