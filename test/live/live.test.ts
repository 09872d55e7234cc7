import { spawnSync } from 'node:child_process';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import type { Report } from '../../src/app/index.js';
import { namespaces, program, skipUnless } from './requirements.js';

const tools = ['ethtool', 'ping'].map(program);

test('umbra live: real hosts, daemons, gRPC, and the same report', (t) => {
  if (skipUnless(t, namespaces, ...tools)) return;
  t.timeout(150_000);
  const done = spawnSync(
    process.execPath,
    [shippedFile('bin/umbra.js'), 'live', '--once', '--json'],
    {
      encoding: 'utf8',
      timeout: 140_000,
    },
  );
  t.is(done.status, 0, done.stderr);
  const report = JSON.parse(done.stdout) as Report;
  t.is(report.production.switches, 4);
  t.is(report.shadow.equal, report.shadow.entries);
  t.true(report.mirror.expected > 1000);
  t.true(report.mirror.completeness > 0.99 && report.mirror.completeness <= 1);
  t.is(report.forecasts.length, 10);
  t.true(report.recommendations.length > 0);
  const left = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout;
  t.notRegex(left, /umbra-live/);
  t.log(`${report.mirror.copied} of ${report.mirror.expected} packets copied`);
});
