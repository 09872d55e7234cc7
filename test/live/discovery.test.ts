/** `umbra topology --discover` on switch processes whose cables are UDP sockets. */
import { execFile, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { Service, shippedProgram } from '../../src/app/index.js';
import { startSwitch } from '../../src/app/switchTarget.js';
import { silentProgress } from '../../src/base/log.js';
import { shippedFile } from '../../src/base/paths.js';
import { ProductionDevice } from '../../src/device/index.js';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { readTopology } from '../../src/topology/index.js';

const run = promisify(execFile);

/** UDP ports that nobody has now. */
async function freePorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'));
  const ports: number[] = [];
  for (const socket of sockets) {
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    ports.push(socket.address().port);
  }
  for (const socket of sockets) socket.close();
  return ports;
}

test('three daemons in a ring are found, and the file is read back', async (t) => {
  // The cable between i and i + 1 joins port 2 of the one with port 1 of the other.
  const near = await freePorts(3);
  const far = await freePorts(3);
  const cable = (port: number, own: number, other: number): string =>
    `${port}@udp:${own}:127.0.0.1:${other}`;
  const folder = mkdtempSync(join(tmpdir(), 'umbra-discovery-'));
  const running: ChildProcess[] = [];
  const addresses: string[] = [];
  try {
    for (let i = 0; i < 3; i++) {
      const before = (i + 2) % 3;
      const ports = [
        cable(1, far[before]!, near[before]!),
        cable(2, near[i]!, far[i]!),
      ];
      const started = await startSwitch('umbra', { name: `r${i}`, deviceId: i + 1, ports });
      running.push(started.process);
      addresses.push(started.address);
      const channel = new GrpcChannel(started.address);
      const config = shippedProgram('production');
      const access = { name: `r${i}`, channel, deviceId: BigInt(i + 1), config };
      (await ProductionDevice.open(access)).close();
    }
    const devices = addresses.map((address, i) => `r${i}@${address}=${i + 1}`).join();
    const hosts = 'h=10.0.1.1/24@r0:5';
    const args = ['topology', '--discover', '--devices', devices, '--hosts', hosts];
    const { stdout, stderr } = await run(process.execPath, [shippedFile('bin/umbra.js'), ...args]);
    const { links, switches } = readTopology(stdout, 'discovered.json');
    t.deepEqual(switches.map(({ name }) => name), ['r0', 'r1', 'r2']);
    t.deepEqual(
      links.map(({ a, b }) => `${a.node}:${a.port} ${b.node}:${b.port}`).sort(),
      ['h:0 r0:5', 'r0:1 r2:2', 'r0:2 r1:1', 'r1:2 r2:1'],
    );
    t.regex(stderr, /3 switches, 3 links; 0 hosts seen, 1 given/);
    t.regex(stderr, /no answer: r0:0,3-64/);
    // `umbra up` makes the file when it is not there.
    const config = {
      topology: join(folder, 'network.json'),
      discover: true,
      devices: Object.fromEntries(
        addresses.map((address, i) => [`r${i}`, { address, deviceId: i + 1 }]),
      ),
    };
    const service = await Service.start(config, silentProgress);
    t.deepEqual(service.topology.links.map(({ name }) => name).sort(), ['r0-r1', 'r0-r2', 'r1-r2']);
    await service.close();
    t.is(readTopology(readFileSync(config.topology, 'utf8'), 'network.json').links.length, 3);
  } finally {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
