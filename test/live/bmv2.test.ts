import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { startSwitch } from '../../src/app/switchTarget.js';
import { Production, type Report } from '../../src/app/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { mirrorAll } from '../../src/mirror/index.js';
import { ProductionDevice, ProductionView } from '../../src/device/index.js';
import { GrpcChannel, P4RuntimeReader, readP4InfoText } from '../../src/p4runtime/index.js';
import { pair } from '../laboratory.js';
import { namespaces, program, skipUnless } from './requirements.js';

const bmv2 = program('simple_switch_grpc');
const tools = ['setpriv', 'ethtool', 'ping'].map(program);

function demo(...options: string[]): { status: number | null; stderr: string; report: Report } {
  const args = [shippedFile('bin/umbra.js'), 'demo', '--once', '--json', ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 160_000,
  });
  return { status, stderr, report: JSON.parse(stdout || '{}') as Report };
}

function interfaces(): number {
  return spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' }).stdout.split('\n').length;
}

/** The paths of a document, whatever its lists hold. */
function shapeOf(part: unknown, path = ''): string[] {
  if (Array.isArray(part)) return part.flatMap((item) => shapeOf(item, `${path}[]`));
  if (part === null || typeof part !== 'object') return [path];
  return Object.entries(part).flatMap(([key, value]) => shapeOf(value, `${path}.${key}`));
}

test('umbra demo --target bmv2 gives the document of the embedded run', (t) => {
  if (skipUnless(t, namespaces, bmv2, ...tools)) return;
  t.timeout(180_000);
  const before = interfaces();
  const real = demo('--target', 'bmv2');
  t.is(real.status, 0, real.stderr);
  const embedded = demo();
  const shape = (report: Report): string[] => [...new Set(shapeOf(report))].sort();
  t.deepEqual(shape(real.report), shape(embedded.report));
  t.deepEqual(real.report.production, embedded.report.production);
  t.is(real.report.shadow.entries, embedded.report.shadow.entries);
  t.is(real.report.shadow.equal, real.report.shadow.entries);
  t.true(real.report.mirror.expected > 10_000);
  t.true(real.report.mirror.completeness > 0.5 && real.report.mirror.completeness <= 1);
  t.is(real.report.campaign.scenarios, embedded.report.campaign.scenarios);
  // The worst that can happen does not depend on what production runs on.
  const worst = (report: Report): Set<string> => new Set(report.forecasts.map((f) => f.failure));
  const common = [...worst(real.report)].filter((f) => worst(embedded.report).has(f));
  t.true(common.length >= 4, [...worst(real.report)].join('; '));
  t.true(real.report.recommendations.length > 0);
  const { completeness, copied, expected } = real.report.mirror;
  t.log(
    `${copied} of ${expected} copied (${(completeness * 100).toFixed(2)} %), sync lag ` +
      `${real.report.shadow.syncLagMs.toFixed(0)} ms, ${common.length} forecasts in common`,
  );
  t.notRegex(spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout, /umbra-live/);
  t.is(interfaces(), before, 'no interface is left');
});

test('what BMv2 lacks in reads is made up for, for a guest too', async (t) => {
  if (skipUnless(t, bmv2, program('setpriv'))) return;
  const started = await startSwitch('bmv2', { name: 's1', deviceId: 1, ports: [] });
  try {
    const guest = new P4RuntimeReader(new GrpcChannel(started.address), 1n);
    t.is(await guest.getPipelineConfig(), undefined, 'no pipeline is no error');
    const production = await Production.open(pair, () => new GrpcChannel(started.address));
    await production.installRoutes();
    await production.installMirror([mirrorAll()]);
    const [view] = await production.views();
    const state = await view!.readState();
    const kinds = new Set(state.map(({ entity }) => entity?.$case));
    t.true(kinds.has('packetReplicationEngineEntry'), 'clone sessions are read');
    t.true(kinds.has('actionProfileMember'));
    const empty = state.filter(
      ({ entity }) => entity?.$case === 'tableEntry' && !entity.value.action,
    );
    t.deepEqual(empty, [], 'no default entry that says nothing');
    t.is(await production.installMirror([mirrorAll()]), 0, 'what was written reads back equal');
    t.is(await production.installRoutes(), 0);
    for (const device of production.devices.values()) device.close();
    guest.close();
  } finally {
    started.process.kill('SIGKILL');
  }
});

test('a program with value sets, which BMv2 does not read, is read all the same', async (t) => {
  if (skipUnless(t, bmv2, program('setpriv'))) return;
  const started = await startSwitch('bmv2', { name: 's1', deviceId: 1, ports: [] });
  try {
    const channel = new GrpcChannel(started.address);
    const built = (name: string): Buffer =>
      readFileSync(shippedFile(`test/programs/build/conformance_sets.${name}`));
    const p4info = readP4InfoText(built('p4info.txtpb').toString(), 'conformance_sets');
    const config = { p4info, p4DeviceConfig: built('json'), cookie: undefined };
    const device = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config });
    t.true(device.schema.valueSets.all.length > 0);
    const view = await ProductionView.open('s1', channel, 1n);
    const first = await view.readState();
    t.true(first.length > 0);
    t.deepEqual(await view.readState(), first);
    device.close();
    channel.close();
  } finally {
    started.process.kill('SIGKILL');
  }
});
