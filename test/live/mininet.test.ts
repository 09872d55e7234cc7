import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { MININET_PYTHON, type HostCheck, type SwitchKind } from '../../src/app/index.js';
import { namespaces, program, skipUnless, type Requirement } from './requirements.js';

const mininet: Requirement = {
  check() {
    const found = spawnSync(MININET_PYTHON, ['-c', 'import mininet.net']);
    return found.status === 0 ? undefined : `Mininet is not installed for ${MININET_PYTHON}`;
  },
};
const needs = [namespaces, program('mnexec'), mininet, program('ethtool'), program('ping')];
const umbra = shippedFile('bin/umbra.js');
const topology = shippedFile('topologies/live.json');
/** A switch's interface, as Mininet names it. */
const switchPort = '/sys/class/net/leaf1-eth1';
const WAIT_MS = 20_000;

function interfaces(): string[] {
  return readdirSync('/sys/class/net').sort();
}

function check(kind: SwitchKind): { status: number | null; stderr: string; found: HostCheck } {
  const args = [umbra, 'mininet', topology, '--check', '--json', '--switch', kind];
  const done = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 100_000,
    input: '',
  });
  const found = JSON.parse(done.stdout || '{}') as HostCheck;
  return { status: done.status, stderr: done.stderr, found };
}

for (const kind of ['umbra', 'bmv2'] as const) {
  test.serial(`Mininet with ${kind} switches: pings, HTTP, mirror and shadow`, (t) => {
    const own = kind === 'bmv2' ? ['simple_switch_grpc', 'setpriv'].map(program) : [];
    if (skipUnless(t, ...needs, ...own)) return;
    t.timeout(120_000);
    const before = interfaces();
    const { status, stderr, found } = check(kind);
    t.is(status, 0, stderr);
    t.deepEqual(found.pings, { pairs: 6, answered: 6 });
    t.is(found.http.bytes, found.http.expected);
    t.true(found.mirror.expected > 100);
    t.true(found.mirror.copied / found.mirror.expected > 0.9);
    t.is(found.shadow.equal, found.shadow.entries);
    t.deepEqual(interfaces(), before, 'nothing is left, nothing of others is gone');
    t.log(`${found.mirror.copied} of ${found.mirror.expected} packets copied`);
  });
}

test.serial('an interface that is there already is not taken away', (t) => {
  if (skipUnless(t, ...needs)) return;
  const cable = ['link', 'add', 'leaf1-eth1', 'type', 'veth', 'peer', 'name', 'umbother'];
  t.is(spawnSync('ip', cable).status, 0);
  try {
    const { status, stderr } = check('umbra');
    t.is(status, 1);
    t.regex(stderr, /interface leaf1-eth1 exists already/);
    t.true(existsSync(switchPort));
  } finally {
    spawnSync('ip', ['link', 'del', 'leaf1-eth1']);
  }
});

test.serial('the prompt runs commands, and ends with Umbra when that is killed', async (t) => {
  if (skipUnless(t, ...needs)) return;
  t.timeout(90_000);
  const args = [umbra, 'mininet', topology, '--port', '0'];
  const running = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  const add = (part: Buffer): void => void (text += part.toString());
  running.stdout.on('data', add);
  running.stderr.on('data', add);
  const until = async (isTrue: () => boolean): Promise<boolean> => {
    const end = performance.now() + WAIT_MS;
    while (!isTrue() && performance.now() < end) await sleep(50);
    return isTrue();
  };
  running.stdin.write('user ping -c 1 -W 2 10.0.1.1\n');
  t.true(await until(() => text.includes('1 received')), text);
  t.true(existsSync(switchPort));
  running.kill('SIGKILL');
  await once(running, 'exit');
  t.true(await until(() => !existsSync(switchPort)), 'Mininet took its network away');
});

test.serial('the switch classes with mn --custom', (t) => {
  if (skipUnless(t, ...needs, program('mn'))) return;
  const json = shippedFile('test/programs/build/router.json');
  const custom = ['--custom', shippedFile('mininet/umbra.py'), '--controller', 'none'];
  const args = [...custom, '--switch', `umbra,program=${json}`, '--test', 'none'];
  const done = spawnSync('mn', args, { encoding: 'utf8', timeout: 60_000 });
  t.is(done.status, 0, done.stderr);
  t.regex(done.stderr, /completed in/);
  t.false(existsSync('/sys/class/net/s1-eth1'));
});
