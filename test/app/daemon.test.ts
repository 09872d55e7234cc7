import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { loadProgram, SwitchDaemon, SwitchLog } from '../../src/app/index.js';
import { ProductionDevice } from '../../src/device/index.js';
import { parsePort } from '../../src/linux/index.js';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { readCaptureFile } from '../../src/packet/index.js';

const folder = mkdtempSync(join(tmpdir(), 'umbra-daemon-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const stamp = shippedFile('test/programs/build/stamp.json');
const stampInfo = shippedFile('test/programs/build/stamp.p4info.txtpb');
/** The program where no P4Info is beside it. */
const bare = join(folder, 'bare.json');
writeFileSync(bare, readFileSync(stamp));

async function bound(): Promise<[Socket, number]> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return [socket, socket.address().port];
}

interface Wired {
  daemon: SwitchDaemon;
  address: string;
  /** Sends a frame into port 1 and gives what leaves at port 2. */
  through(frame: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

async function wire(options: Partial<Parameters<typeof SwitchDaemon.start>[0]>): Promise<Wired> {
  const [a, portA] = await bound();
  const [b, portB] = await bound();
  const daemon = await SwitchDaemon.start({
    deviceId: 1n,
    ports: [`1@udp:0:127.0.0.1:${portA}`, `2@udp:0:127.0.0.1:${portB}`].map(parsePort),
    grpcAddress: '127.0.0.1:0',
    ...options,
  });
  return {
    daemon,
    address: `127.0.0.1:${daemon.grpcPort}`,
    async through(frame) {
      const arrived = once(b, 'message') as Promise<[Buffer]>;
      a.send(frame, daemon.udpPorts[0]!, '127.0.0.1');
      return Uint8Array.from((await arrived)[0]);
    },
    close() {
      a.close();
      b.close();
    },
  };
}

const frame = Uint8Array.from({ length: 60 }, (_, i) => i);

test('a program without P4Info runs, and P4Runtime waits for a pipeline', async (t) => {
  const { daemon, address, through, close } = await wire({ program: { json: bare } });
  const channel = new GrpcChannel(address);
  try {
    const out = await through(frame);
    t.deepEqual(out.subarray(12), frame.subarray(12), 'its constant entries forward');
    t.notDeepEqual(out.subarray(6, 12), frame.subarray(6, 12), 'and its action acts');
    const read = channel.read({ deviceId: 1n, entities: [], role: '' });
    await t.throwsAsync(read, { message: /pipeline/ });
    const config = loadProgram({ json: stamp, p4info: stampInfo });
    const device = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config });
    t.true(device.schema.tables.all.length > 0, 'a controller sets the pipeline');
    t.is((await through(frame)).length, frame.length);
    device.close();
  } finally {
    channel.close();
    await daemon.drain();
    close();
  }
});

test('an orderly end tells streams, and takes no new calls', async (t) => {
  const { daemon, address, close } = await wire({ program: { json: stamp, p4info: stampInfo } });
  const channel = new GrpcChannel(address);
  const ended = new Promise<unknown>((resolve) => {
    const stream = channel.openStream(
      () => void daemon.drain(),
      (error) => resolve(error),
    );
    const electionId = { high: 0n, low: 1n };
    const value = { deviceId: 1n, electionId, role: undefined, status: undefined };
    stream.send({ update: { $case: 'arbitration', value } });
  });
  t.like(await ended, { code: 'UNAVAILABLE' });
  await t.throwsAsync(channel.capabilities(1n), { message: /no P4Runtime server answers/ });
  channel.close();
  close();
});

test('recorded ports, counters and a log of every packet', async (t) => {
  const lines: string[] = [];
  const log = new SwitchLog('trace', (line) => lines.push(line));
  const program = { json: stamp, p4info: stampInfo };
  const { daemon, through, close } = await wire({ program, pcapFolder: folder, log });
  const out = await through(frame);
  const [first, second] = daemon.udpPorts;
  const [one, two] = daemon.counters;
  t.is(one, `port 1 (udp:${first}): received 1 packets (60 bytes), sent 0 (0 bytes), dropped 0`);
  t.is(two, `port 2 (udp:${second}): received 0 packets (0 bytes), sent 1 (60 bytes), dropped 0`);
  await daemon.drain();
  close();
  const recorded = (name: string): Uint8Array[] =>
    [...readCaptureFile(join(folder, name))].map((packet) => Uint8Array.from(packet.frame));
  t.deepEqual(recorded(`udp:${first}_in.pcap`), [frame]);
  t.deepEqual(recorded(`udp:${second}_out.pcap`), [out]);
  t.deepEqual(recorded(`udp:${first}_out.pcap`), []);
  t.regex(lines.join(''), /\[info\] port 1 \(udp:\d+\) is up\n/);
  t.regex(lines.join(''), /\[debug\] +ingress +\S*cross .*hit .*forward/);
});

test('what cannot be started leaves nothing half-started', async (t) => {
  const taken = createServer();
  taken.listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const [free, freePort] = await bound();
  free.close();
  const ports = [`1@udp:${freePort}:127.0.0.1:9`].map(parsePort);
  const start = SwitchDaemon.start({ deviceId: 1n, ports, grpcAddress: `127.0.0.1:${port}` });
  await t.throwsAsync(start, { code: 'ADDRESS_IN_USE', message: /is already in use/ });
  taken.close();
  // The UDP port was given back.
  const again = createSocket('udp4');
  again.bind(freePort, '127.0.0.1');
  await once(again, 'listening');
  again.close();
  t.pass();
});
