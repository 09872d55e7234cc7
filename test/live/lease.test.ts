import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { isRouting, planRoutes } from '../../src/control/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { ShadowDevice } from '../../src/device/index.js';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { shippedProgram } from '../../src/app/index.js';
import { foldChecksum, sumWords, writeIpv4 } from '../../src/packet/index.js';
import { pair } from '../laboratory.js';

const controller = fileURLToPath(new URL('./faultController.js', import.meta.url));
/** The lease, and what timers may add. */
const LEASE_MS = 10_000;
const GRACE_MS = 1500;

async function bound(): Promise<[Socket, number]> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return [socket, socket.address().port];
}

/** A frame from a to b, as the host would send it. */
function frame(): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.set([2, 170, 0, 0, 0, 1, 2, 0, 10, 0, 1, 1, 8, 0]);
  writeIpv4(bytes, 14, 46, 17, 0x0a000101, 0x0a000201, 1);
  bytes.set([0, 10, 0, 20, 0, 26, 0, 0], 34);
  return foldChecksum(sumWords(bytes, 14, 20)) === 0 ? bytes : new Uint8Array();
}

test('SIGKILL of the controller: its faults on a daemon switch are dead within the lease', async (t) => {
  t.timeout(60_000);
  const [hostA, portA] = await bound();
  const [hostB, portB] = await bound();
  const args = [
    shippedFile('bin/umbra.js'),
    'switch',
    '--no-p4',
    '--until-stdin-ends',
    '-i',
    `1@udp:0:127.0.0.1:${portA}`,
    '-i',
    `2@udp:0:127.0.0.1:${portB}`,
    '--',
    '--grpc-server-addr',
    '127.0.0.1:0',
  ];
  const daemon = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let victim: ReturnType<typeof spawn> | undefined;
  try {
    const [line] = (await once(createInterface({ input: daemon.stderr }), 'line')) as [string];
    const address = `127.0.0.1:${/port (\d+)/.exec(line)![1]}`;
    const udp = /udp ports (\d+), (\d+)/.exec(line)!;
    const setUp = await ShadowDevice.open({
      name: 's1',
      channel: new GrpcChannel(address),
      deviceId: 1n,
      config: shippedProgram('shadow'),
    });
    const plan = planRoutes(pair, () => setUp.schema).get('s1')!;
    await setUp.reconcile(plan, isRouting(setUp.schema));
    let arrived = 0;
    hostB.on('message', () => arrived++);
    const probe = async (): Promise<boolean> => {
      const before = arrived;
      for (let i = 0; i < 5; i++) hostA.send(frame(), Number(udp[1]), '127.0.0.1');
      await sleep(100);
      return arrived > before;
    };
    t.true(await probe(), 'packets pass without a fault');
    setUp.close();
    victim = spawn(process.execPath, [controller, address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: victim.stdout! }), 'line');
    t.false(await probe(), 'the fault acts');
    await sleep(3000);
    t.false(await probe(), 'the heartbeat keeps it acting');
    victim.kill('SIGKILL');
    const killed = performance.now();
    t.false(await probe(), 'a killed controller alone changes nothing at once');
    while (!(await probe()) && performance.now() - killed < LEASE_MS + GRACE_MS) await sleep(100);
    const deadAfter = performance.now() - killed;
    t.true(await probe(), 'packets pass again');
    t.true(deadAfter < LEASE_MS + GRACE_MS, `${deadAfter} ms`);
    t.log(`faults had no effect ${(deadAfter / 1000).toFixed(1)} s after the kill`);
  } finally {
    victim?.kill('SIGKILL');
    daemon.stdin.end();
    hostA.close();
    hostB.close();
  }
});
