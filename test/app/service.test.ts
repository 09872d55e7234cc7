/** `umbra up` on switches behind gRPC that run a program of somebody else. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSocket } from 'node:dgram';
import test from 'ava';
import { buildNetwork, cloneOnce, loadProgram, readConfig, Service } from '../../src/app/index.js';
import { silentProgress } from '../../src/base/log.js';
import { shippedFile } from '../../src/base/paths.js';
import { ProductionDevice, ProductionView } from '../../src/device/index.js';
import { GrpcChannel, P4RuntimeServer, ruleEntity } from '../../src/p4runtime/index.js';
import { Update_Type } from '../../src/proto/index.js';
import { pair } from '../laboratory.js';

const router = loadProgram({
  json: shippedFile('test/programs/build/router.json'),
  p4info: shippedFile('test/programs/build/router.p4info.txtpb'),
});

async function startProduction() {
  const { switches } = buildNetwork(pair, 1);
  const server = new P4RuntimeServer([...switches.values()]);
  const port = await server.listen('127.0.0.1:0');
  const address = `127.0.0.1:${port}`;
  const access = { name: 's1', channel: new GrpcChannel(address), deviceId: 1n, config: router };
  const device = await ProductionDevice.open(access);
  const route = (i: number) => ({
    type: Update_Type.INSERT,
    entity: ruleEntity(device.schema, {
      table: 'routes',
      match: { 'hdr.ipv4.destination': `10.0.${i}.0/24` },
      action: 'forward',
      params: { next_hop: '02:00:00:00:00:01', port: '2' },
    }),
  });
  await device.write(Array.from({ length: 20 }, (_, i) => route(i)));
  const close = async (): Promise<void> => {
    device.close();
    await server.close();
  };
  return { address, device, route, close };
}

function writeFiles(address: string, more: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-up-'));
  const links = [
    { a: 'a', b: 's1:1' },
    { a: 'b', b: 's1:2' },
  ];
  const hosts = { a: { ip: '10.0.1.1/24' }, b: { ip: '10.0.2.1/24' } };
  writeFileSync(join(folder, 'net.json'), JSON.stringify({ switches: { s1: {} }, hosts, links }));
  const file = join(folder, 'umbra.yaml');
  writeFileSync(file, `topology: net.json\ndevices: { s1: { address: "${address}" } }\n${more}`);
  return file;
}

test('clones, follows, keeps faults on record, and writes nothing to production', async (t) => {
  const { address, device, route, close } = await startProduction();
  const view = await ProductionView.open('s1', new GrpcChannel(address), 1n);
  const before = await view.readState();
  const file = writeFiles(address, 'state: var\nsync: { periodMs: 20 }\n');
  const service = await Service.start(readConfig(file), silentProgress);
  const { system } = service;
  const first = await system.shadow();
  t.is(first.equal, first.entries);
  t.is(first.entries, before.length);
  const outage = { type: 'device_failure', device: 's1', mode: 'outage' } as const;
  await system.faults.inject(outage, 60e6);
  t.deepEqual(await view.readState(), before);
  await device.write([route(99)]);
  for (let i = 0; i < 200 && (await system.shadow()).entries === first.entries; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const later = await system.shadow();
  t.is(later.entries, first.entries + 1);
  t.is(later.equal, later.entries);
  t.is((await system.devices.get('shadow.s1')!.rules('routes')).length, 21);
  await service.close();

  const steps: string[] = [];
  const progress = { step: (text: string) => void steps.push(text), tick() {} };
  const again = await Service.start(readConfig(file), progress);
  t.true(steps.some((text) => /marked interrupted: fault-1/.test(text)));
  t.is(again.system.faults.list().length, 0);
  await again.close();
  await close();
});

test('what a switch or an address is not, is named', async (t) => {
  const { address, close } = await startProduction();
  const other = writeFiles(address, '').replace('umbra.yaml', 'other.yaml');
  writeFileSync(other, `topology: net.json\ndevices: { s2: { address: "${address}" } }\n`);
  await t.throwsAsync(Service.start(readConfig(other), silentProgress), {
    message: /no address of switch s1/,
  });
  await t.throwsAsync(cloneOnce(['nowhere']), { code: 'USAGE' });
  await t.throwsAsync(cloneOnce([`${address}=9`]), { message: /no device 9/ });
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
  const collect = `mirror: { collect: "udp:${taken.address().port}" }\n`;
  const config = readConfig(writeFiles(address, collect));
  await t.throwsAsync(Service.start(config, silentProgress), { code: 'ADDRESS_IN_USE' });
  taken.close();
  const { devices } = await cloneOnce([address]);
  t.deepEqual([devices[0]!.entities, devices[0]!.equal], [21, 21]);
  await close();
});
