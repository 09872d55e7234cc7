/**
 * A program from outside Umbra's pipeline on simple_switch_grpc: cloned whole by the command, and a
 * thousand packets leave production and shadow alike. With UMBRA_TUTORIALS naming a checkout of
 * p4lang's tutorials, their `basic` solution and its tables too.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { loadProgram, Shadow, type CloneResult } from '../../src/app/index.js';
import { startSwitch } from '../../src/app/switchTarget.js';
import { shippedFile } from '../../src/base/paths.js';
import { Prng } from '../../src/base/prng.js';
import { ProductionDevice, ProductionView } from '../../src/device/index.js';
import { AfPacketPort, Namespaces } from '../../src/linux/index.js';
import { everything, GrpcChannel, P4RuntimeReader, ruleEntity } from '../../src/p4runtime/index.js';
import { foldChecksum, PacketPool, sumWords, wirePool } from '../../src/packet/index.js';
import { ReadResponse, Update_Type, type ForwardingPipelineConfig } from '../../src/proto/index.js';
import { readTopology } from '../../src/topology/index.js';
import { namespaces, program, skipUnless } from './requirements.js';

const needs = [program('simple_switch_grpc'), program('setpriv'), namespaces];
const PORTS = [1, 2, 3, 4];
const PACKETS = 1000;
/** BMv2 queues so many without loss, whatever else the machine does. */
const BURST = 25;
const BURST_PAUSE_MS = 10;
const QUIET_MS = 500;

/** What a switch is filled with. */
interface Filling {
  config: ForwardingPipelineConfig;
  table: string;
  key: string;
  action: string;
  params: (i: number) => Record<string, string>;
  routes: string[];
}

const topology = readTopology(
  JSON.stringify({ switches: { s1: {} }, hosts: {}, links: [] }),
  'one.json',
);

/** simple_switch_grpc with four cables, whose other ends are in this process. */
class Bench {
  readonly #cables: Namespaces;
  readonly #ports = new Map<number, AfPacketPort>();
  readonly #pool = new PacketPool(wirePool);
  /** Frames that left the switch, `port hex`. */
  readonly seen: string[] = [];
  address = '';
  #end = (): void => {};

  constructor(run: string) {
    this.#cables = new Namespaces(run);
  }

  async start(): Promise<void> {
    const { run } = this.#cables;
    for (const port of PORTS) this.#cables.addCable(`${run}${port}`, `${run}${port}o`);
    const ports = PORTS.map((port) => `${port}@${run}${port}`);
    const started = await startSwitch('bmv2', { name: 's1', deviceId: 1, ports });
    this.address = started.address;
    this.#end = () => void started.process.kill('SIGKILL');
    for (const port of PORTS) {
      const outer = await AfPacketPort.open(this.#pool, `${run}${port}o`);
      outer.start({
        packet: (packet) => {
          this.seen.push(`${port} ${Buffer.from(this.#pool.view(packet)).toString('hex')}`);
          this.#pool.free(packet);
        },
        idle: () => {},
        state: () => {},
      });
      this.#ports.set(port, outer);
    }
  }

  send(port: number, frame: Uint8Array): void {
    const packet = this.#pool.allocFrom(frame);
    const outer = this.#ports.get(port)!;
    outer.transmit(packet);
    outer.flush();
  }

  /** Until nothing has left the switch for a while. */
  async quiet(): Promise<void> {
    for (let before = -1; before !== this.seen.length; await sleep(QUIET_MS)) {
      before = this.seen.length;
    }
  }

  close(): void {
    for (const port of this.#ports.values()) port.close();
    this.#end();
    this.#cables.close();
  }
}

/** Everything a guest reads, as the bytes that came. */
async function stateBytes(address: string, view: ProductionView): Promise<Buffer> {
  const channel = new GrpcChannel(address);
  const reader = new P4RuntimeReader(channel, 1n);
  const config = await reader.getPipelineConfig();
  const entities = await reader.read(everything(view.schema));
  channel.close();
  const state = Buffer.from(ReadResponse.encode({ entities }).finish());
  return Buffer.concat([state, config!.p4DeviceConfig]);
}

/** IPv4 to routed and unrouted places, of all lengths, dying and not; and what is not IPv4. */
function framesFor(routes: readonly string[]): { port: number; frame: Uint8Array }[] {
  const prng = new Prng(11);
  return Array.from({ length: PACKETS }, (_, i) => {
    const frame = new Uint8Array(60 + prng.below(1455));
    const view = new DataView(frame.buffer);
    for (let at = 34; at < frame.length; at++) frame[at] = prng.below(256);
    frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
    view.setUint16(16, frame.length - 14);
    view.setUint16(18, i);
    frame.set([[0, 1, 2, 64, 255][prng.below(5)]!, 17], 22);
    const isRouted = prng.below(5) > 0;
    const place = isRouted ? routes[prng.below(routes.length)]! : '192.0.2.1/32';
    const target = place.split('/')[0]!.split('.').map(Number);
    if (!place.endsWith('/32')) target[3] = prng.below(256);
    frame.set([198, 51, 100, i & 255, ...target], 26);
    view.setUint16(24, foldChecksum(sumWords(frame, 14, 20)));
    if (prng.below(20) === 0) frame.set([0x12, 0x34], 12);
    if (prng.below(20) === 0) frame[25]! ^= 1;
    return { port: PORTS[prng.below(PORTS.length)]!, frame };
  });
}

async function fill(address: string, filling: Filling): Promise<void> {
  const { config, table, key, action, params, routes } = filling;
  const channel = new GrpcChannel(address);
  const device = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config });
  const entities = routes.map((route, i) =>
    ruleEntity(device.schema, { table, match: { [key]: route }, action, params: params(i) }),
  );
  await device.write(entities.map((entity) => ({ type: Update_Type.INSERT, entity })));
  device.close();
}

/** The command itself, as a user runs it. */
async function cloneByCommand(address: string): Promise<CloneResult> {
  const args = ['shadow', 'clone', '--devices', address, '--json'];
  const child = spawn(process.execPath, [shippedFile('bin/umbra.js'), ...args]);
  let document = '';
  for await (const part of child.stdout.setEncoding('utf8')) document += String(part);
  return JSON.parse(document) as CloneResult;
}

async function tryProgram(t: ExecutionContext, run: string, filling: Filling): Promise<void> {
  const bench = new Bench(run);
  try {
    await bench.start();
    await fill(bench.address, filling);
    const channel = new GrpcChannel(bench.address);
    const view = await ProductionView.open('s1', channel, 1n);
    const before = await stateBytes(bench.address, view);
    const clone = await cloneByCommand(bench.address);
    t.is(clone.equal, clone.entities);
    t.true(clone.entities >= filling.routes.length);
    const shadow = await Shadow.build(topology, 1, [view], { pool: wirePool });
    await shadow.sync.compare(true);
    const { fabric } = shadow.network;
    const inShadow: string[] = [];
    for (const port of PORTS) {
      fabric.tap('s1', port, (frame) => {
        inShadow.push(`${port} ${Buffer.from(frame).toString('hex')}`);
      });
    }
    for (const [i, { port, frame }] of framesFor(filling.routes).entries()) {
      bench.send(port, frame);
      fabric.inject('s1', port, frame, frame.length);
      fabric.runUntil(fabric.nowNs + 1e6);
      if (i % BURST === BURST - 1) await sleep(BURST_PAUSE_MS);
    }
    await bench.quiet();
    t.true(bench.seen.length > PACKETS / 3, `${bench.seen.length} packets left production`);
    t.deepEqual(inShadow.sort(), bench.seen.sort(), 'frames and ports');
    t.true(before.equals(await stateBytes(bench.address, view)), 'production reads as before');
    t.log(
      `${clone.equal} of ${clone.entities} entities equal; of ${PACKETS} packets ` +
        `${bench.seen.length} left production, the same ${inShadow.length} the shadow`,
    );
    channel.close();
  } finally {
    bench.close();
  }
}

test.serial('a router of ours that knows nothing of Umbra', async (t) => {
  if (skipUnless(t, ...needs)) return;
  t.timeout(60_000);
  const path = 'test/programs/build/router';
  const files = { json: `${path}.json`, p4info: `${path}.p4info.txtpb` };
  await tryProgram(t, 'umfa', {
    config: loadProgram({ json: shippedFile(files.json), p4info: shippedFile(files.p4info) }),
    table: 'routes',
    key: 'hdr.ipv4.destination',
    action: 'forward',
    params: (i) => ({ next_hop: `02:00:00:00:01:${hex(i)}`, port: String(PORTS[i % 4]) }),
    routes: Array.from({ length: 200 }, (_, i) => `10.${i % 7}.${i}.0/24`),
  });
});

function hex(value: number): string {
  return (value & 255).toString(16).padStart(2, '0');
}

/** p4lang's own file of what a tutorial's switch holds. */
interface Runtime {
  table_entries: {
    match?: Record<string, [string, number]>;
    action_params: Record<string, string | number>;
  }[];
}

test.serial("the p4lang tutorial's `basic`, with its own tables", async (t) => {
  const tutorials = process.env['UMBRA_TUTORIALS'];
  const named = {
    check: () => (tutorials ? undefined : 'UMBRA_TUTORIALS names no checkout of p4lang/tutorials'),
  };
  if (skipUnless(t, named, program('p4c-bm2-ss'), ...needs)) return;
  t.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'umbra-tutorial-'));
  try {
    const exercise = join(tutorials!, 'exercises/basic');
    const files = { json: join(folder, 'basic.json'), p4info: join(folder, 'basic.txtpb') };
    const args = ['--p4runtime-files', files.p4info, '-o', files.json];
    const compiled = spawnSync('p4c-bm2-ss', [...args, join(exercise, 'solution/basic.p4')]);
    t.is(compiled.status, 0, String(compiled.stderr));
    const text = readFileSync(join(exercise, 'pod-topo/s1-runtime.json'), 'utf8');
    const entries = (JSON.parse(text) as Runtime).table_entries.filter(({ match }) => match);
    await tryProgram(t, 'umfb', {
      config: loadProgram(files),
      table: 'MyIngress.ipv4_lpm',
      key: 'hdr.ipv4.dstAddr',
      action: 'MyIngress.ipv4_forward',
      params: (i) => {
        const { dstAddr, port } = entries[i]!.action_params;
        return { dstAddr: String(dstAddr), port: String(port) };
      },
      routes: entries.map(({ match }) => match!['hdr.ipv4.dstAddr']!.join('/')),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
