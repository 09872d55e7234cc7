/** Real programs against failing servers, through a daemon switch between kernel hosts. */
import test from 'ava';
import { curlScenario, postgres, psqlScenario } from './appScenarios.js';
import { namespaces, program, skipUnless } from './requirements.js';
import { ShadowLab } from './shadowLab.js';

test('curl against a real server: 500 with the body intact, late, hung, cut, reset, refused', async (t) => {
  if (skipUnless(t, namespaces, program('ethtool'), program('curl'))) return;
  t.timeout(120_000);
  const lab = await ShadowLab.open('umbh');
  try {
    await curlScenario(t, lab);
  } finally {
    lab.close();
  }
});

test('psql against PostgreSQL: times out, is refused, gets an error, and recovers', async (t) => {
  if (skipUnless(t, namespaces, program('ethtool'), program('setpriv'), postgres)) return;
  t.timeout(120_000);
  const lab = await ShadowLab.open('umbq');
  try {
    await psqlScenario(t, lab);
  } finally {
    lab.close();
  }
});
