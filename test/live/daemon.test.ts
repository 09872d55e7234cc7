import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { readCaptureFile } from '../../src/packet/index.js';
import { freeAddress, umbraSwitch, VethLab, type RunningSwitch } from '../vethLab.js';
import { namespaces, program, skipUnless } from './requirements.js';

const needs = [namespaces, program('ethtool'), program('ping')];
/** What an orderly end may take: a second to drain, and a busy machine. */
const END_MS = 15_000;

/** How long to wait for what takes a quarter of a second on a machine that is free. */
const WAIT_MS = 15_000;

async function within(ms: number, isTrue: () => boolean): Promise<boolean> {
  const end = performance.now() + ms;
  while (!isTrue() && performance.now() < end) await sleep(50);
  return isTrue();
}

function pings(lab: VethLab, count = 3): boolean {
  return lab.inA('ping', '-c', String(count), '-i', '0.1', '-W', '1', '10.0.2.1').status === 0;
}

async function endOf(running: RunningSwitch): Promise<{ how: string | number; ms: number }> {
  const began = performance.now();
  running.process.kill('SIGTERM');
  const late = sleep(END_MS, 'still running', { ref: false });
  const how = await Promise.race([running.ended, late]);
  return { how, ms: performance.now() - began };
}

const base = ['--no-p4', '--device-id', '1'];

test('ping and iperf3 through the daemon, and SIGTERM under load', async (t) => {
  if (skipUnless(t, ...needs, program('iperf3'))) return;
  const lab = new VethLab('umbd');
  try {
    const address = await freeAddress();
    const running = await lab.start(umbraSwitch, address, [...base, ...lab.portFlags]);
    await lab.setRoutes(address);
    t.true(pings(lab));
    lab.namespaces.start('b', ['iperf3', '-s']);
    await sleep(300);
    const { output } = lab.inA('iperf3', '-c', '10.0.2.1', '-t', '1', '-J');
    const result = JSON.parse(output) as { end: { sum_received: { bits_per_second: number } } };
    t.true(result.end.sum_received.bits_per_second > 10e6, output);
    running.process.kill('SIGUSR2');
    t.true(await within(WAIT_MS, () => /port 1 \(umbda\): received \d\d+/.test(running.output())));
    lab.namespaces.start('a', ['iperf3', '-c', '10.0.2.1', '-u', '-b', '0', '-l', '64', '-t', '10']);
    await sleep(500);
    const { how, ms } = await endOf(running);
    t.is(how, 0, running.output());
    t.log(`ended ${ms.toFixed(0)} ms after SIGTERM, under load`);
  } finally {
    lab.close();
  }
});

test('an interface goes down, comes up, is deleted and made again: packets pass again', async (t) => {
  if (skipUnless(t, ...needs)) return;
  const lab = new VethLab('umbe');
  try {
    const address = await freeAddress();
    const flags = [...base, ...lab.portFlags, '--log-console', '-L', 'info'];
    const running = await lab.start(umbraSwitch, address, flags);
    await lab.setRoutes(address);
    t.true(pings(lab));
    const b = lab.port('b');
    const says = (what: string, times: number): Promise<boolean> =>
      within(WAIT_MS, () => running.output().split(`port 2 (${b}) is ${what}`).length > times);
    t.true(await says('up', 1), 'up at the start');
    spawnSync('ip', ['link', 'set', b, 'down']);
    t.true(await says('down', 1), 'the daemon sees it go down');
    spawnSync('ip', ['link', 'set', b, 'up']);
    t.true(await says('up', 2), 'and come up');
    t.true(pings(lab), 'packets pass after down and up');
    spawnSync('ip', ['link', 'del', b]);
    t.true(await says('down', 2), 'and vanish');
    lab.removeHost('b');
    // Longer than it takes to look twice at what is not there.
    await sleep(600);
    lab.addHost('b');
    t.true(await says('up', 3), 'and come back as another one');
    t.true(pings(lab), 'packets pass through the new interface');
    t.is((await endOf(running)).how, 0, running.output());
  } finally {
    lab.close();
  }
});

test("a start line like the tutorials' works, with --pcap and a log of every packet", async (t) => {
  if (skipUnless(t, ...needs)) return;
  const lab = new VethLab('umbt');
  const folder = mkdtempSync(join(tmpdir(), 'umbra-pcap-'));
  try {
    const address = await freeAddress();
    const program = { command: shippedFile('bin/umbra_switch_grpc'), before: [] };
    const flags = [
      ...lab.portFlags,
      ...['--pcap', folder, '--nanolog', 'ipc:///tmp/bm-0-log.ipc', '--device-id', '0'],
      shippedFile('test/programs/build/router.json'),
      ...['--log-console', '--thrift-port', '9090'],
    ];
    const target = ['--cpu-port', '255', '--priority-queues', '8'];
    const running = await lab.start(program, address, flags, target);
    await lab.setRoutes(address, 0n);
    t.true(pings(lab, 5));
    const { how } = await endOf(running);
    t.is(how, 0, running.output());
    t.regex(running.output(), /without effect here: --thrift-port, --nanolog, --priority-queues/);
    t.regex(running.output(), /\[debug\] +ingress +\S*ipv4_lpm .*hit /);
    const [a, b] = [lab.port('a'), lab.port('b')];
    t.deepEqual(readdirSync(folder).sort(), [
      `${a}_in.pcap`,
      `${a}_out.pcap`,
      `${b}_in.pcap`,
      `${b}_out.pcap`,
    ]);
    const echoes = (file: string, type: number): number =>
      [...readCaptureFile(join(folder, file))].filter(
        ({ frame }) => frame[12] === 8 && frame[23] === 1 && frame[34] === type,
      ).length;
    t.is(echoes(`${a}_in.pcap`, 8), 5);
    t.is(echoes(`${b}_out.pcap`, 8), 5);
    t.is(echoes(`${b}_in.pcap`, 0), 5);
    t.is(echoes(`${a}_out.pcap`, 0), 5);
  } finally {
    lab.close();
    rmSync(folder, { recursive: true });
  }
});

test('a full disk under --pcap is said once, and packets still pass', async (t) => {
  if (skipUnless(t, ...needs)) return;
  const folder = mkdtempSync(join(tmpdir(), 'umbra-full-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  if (mounted.status !== 0) {
    t.log(`SKIPPED: cannot mount a small file system: ${mounted.stderr.toString().trim()}`);
    return t.pass();
  }
  const lab = new VethLab('umbf');
  try {
    const address = await freeAddress();
    const flags = [...base, ...lab.portFlags, '--pcap', folder];
    const running = await lab.start(umbraSwitch, address, flags);
    await lab.setRoutes(address);
    const flood = (): boolean =>
      lab.inA('ping', '-c', '60', '-i', '0.002', '-s', '1400', '-q', '10.0.2.1').status === 0;
    t.true(flood());
    const isFull = (): boolean => /no longer recorded/.test(running.output());
    t.true(await within(WAIT_MS, isFull), running.output());
    t.true(flood(), 'packets still pass');
    t.is((await endOf(running)).how, 0);
    const [file] = /umbf[ab]_(in|out)\.pcap: ENOSPC/.exec(running.output()) ?? [];
    t.truthy(file, running.output());
    const failures = running.output().match(/no longer recorded/g)!.length;
    t.true(failures <= 4, 'once for each file');
    for (const name of readdirSync(folder)) {
      if (statSync(join(folder, name)).size === 0) continue;
      t.notThrows(() => [...readCaptureFile(join(folder, name))], 'whole records only');
    }
  } finally {
    lab.close();
    spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
  return undefined;
});

test('SIGKILL leaves nothing behind: the next daemon takes the same ports', async (t) => {
  if (skipUnless(t, ...needs)) return;
  const lab = new VethLab('umbk');
  try {
    const address = await freeAddress();
    const first = await lab.start(umbraSwitch, address, [...base, ...lab.portFlags]);
    first.process.kill('SIGKILL');
    t.is(await first.ended, 'SIGKILL');
    await lab.start(umbraSwitch, address, [...base, ...lab.portFlags]);
    await lab.setRoutes(address);
    t.true(pings(lab));
    const membership = readFileSync('/proc/net/packet', 'utf8').trim().split('\n').length - 1;
    t.true(membership >= 2, 'only the sockets of the second daemon are there');
    t.true(existsSync(`/sys/class/net/${lab.port('a')}`));
  } finally {
    lab.close();
  }
});
