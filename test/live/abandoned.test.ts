/** What a killed run leaves behind is taken away by the next one, and nothing else. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Namespaces, removeAbandonedCables } from '../../src/linux/index.js';
import { namespaces, program, skipUnless } from './requirements.js';

const isThere = (name: string): boolean => existsSync(`/sys/class/net/${name}`);

test('cables of a killed process go, those of a running one stay', async (t) => {
  if (skipUnless(t, namespaces, program('ethtool'))) return;
  const linux = fileURLToPath(new URL('../../src/linux/index.js', import.meta.url));
  const script = `import { Namespaces } from ${JSON.stringify(linux)};
    new Namespaces('killed').addCable('umkilla', 'umkillb');
    process.kill(process.pid, 'SIGKILL');`;
  const own = new Namespaces('running');
  try {
    own.addCable('umruna', 'umrunb');
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await once(child, 'exit');
    t.true(isThere('umkilla') && isThere('umkillb'));
    t.deepEqual(removeAbandonedCables(), ['umkilla']);
    t.false(isThere('umkilla') || isThere('umkillb'));
    t.true(isThere('umruna') && isThere('umrunb'));
  } finally {
    own.close();
  }
  t.false(isThere('umruna'));
});
