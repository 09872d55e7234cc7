/**
 * A production switch of many entries is killed with SIGKILL at random moments and comes back empty,
 * while a shadow follows it as `umbra up` does: when it is noticed, and when the shadow is right again.
 */
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { buildNetwork, freeAddress, shippedProgram } from '../../src/app/index.js';
import { startSwitch } from '../../src/app/switchTarget.js';
import { Prng } from '../../src/base/prng.js';
import {
  ProductionDevice,
  ProductionView,
  ShadowDevice,
  type DeviceReader,
} from '../../src/device/index.js';
import { GrpcChannel, memberEntity, ruleEntity } from '../../src/p4runtime/index.js';
import { Update_Type, type Entity } from '../../src/proto/index.js';
import { DeviceFollower, Following } from '../../src/sync/index.js';
import { pair } from '../laboratory.js';

const ENTRIES = 10_000;
/** What the product promises. */
const NOTICED_S = 6;
const RESYNCED_S = 5;

const nowMs = (): number => performance.now();

/** A switch process that dies and comes back at one address. */
class Production {
  #process: ChildProcess | undefined;

  constructor(readonly address: string) {}

  async start(): Promise<void> {
    const start = { name: 's1', deviceId: 1, ports: [], address: this.address };
    this.#process = (await startSwitch('umbra', start)).process;
  }

  async kill(): Promise<void> {
    const process = this.#process!;
    const ended = once(process, 'exit');
    process.kill('SIGKILL');
    await ended;
  }

  /** Its own controller sets the pipeline and writes a part of the entries. */
  async fill(isPresent: (i: number) => boolean): Promise<void> {
    const channel = new GrpcChannel(this.address);
    const config = shippedProgram('production');
    const device = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config });
    const insert = (entities: Entity[]): Promise<void> =>
      device.write(entities.map((entity) => ({ type: Update_Type.INSERT, entity })));
    const params = { src_mac: '02:00:00:00:00:01', dst_mac: '02:00:00:00:00:02', port: '1' };
    const { schema } = device;
    await insert([memberEntity(schema, 'routing.ecmp', 1, 'routing.forward', params)]);
    const chosen = Array.from({ length: ENTRIES }, (_, i) => i).filter(isPresent);
    await insert(
      chosen.map((i) =>
        ruleEntity(schema, {
          table: 'routing.ipv4_lpm',
          match: { ipv4_dst: `10.${i >> 8}.${i & 255}.0/24` },
          member: 1,
        }),
      ),
    );
    device.close();
  }
}

/** Passes connections on, and can cut one after so many bytes of answers, within a read. */
class Wire {
  readonly #server: Server;
  #bytesLeft = Infinity;
  #onCut = (): void => {};

  constructor(address: string) {
    const [host, port] = address.split(':');
    this.#server = createServer((client) => {
      const upstream = connect(Number(port), host);
      client.pipe(upstream);
      upstream.on('data', (part: Buffer) => {
        client.write(part);
        this.#bytesLeft -= part.length;
        if (this.#bytesLeft > 0) return;
        this.#bytesLeft = Infinity;
        client.destroy();
        this.#onCut();
      });
      for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
      }
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#bytesLeft = bytes;
      this.#onCut = resolve;
    });
  }

  close(): void {
    this.#server.close();
  }
}

interface Scene {
  production: Production;
  shadow: ShadowDevice;
  following: Following;
  wire: Wire;
  channel: GrpcChannel;
}

async function build(): Promise<Scene> {
  const address = await freeAddress();
  const production = new Production(address);
  await production.start();
  await production.fill(() => true);
  const wire = new Wire(address);
  const channel = new GrpcChannel(await wire.listen());
  const view = await ProductionView.open('s1', channel, 1n);
  const network = buildNetwork(pair, 2);
  const shadow = await ShadowDevice.open({
    name: 's1',
    channel: network.channel,
    deviceId: 1n,
    config: shippedProgram('shadow'),
  });
  const following = new Following([new DeviceFollower(view, shadow, nowMs)], nowMs);
  await following.once();
  return { production, shadow, following, wire, channel };
}

/** All rules as texts without counters, those of the fault stage left out. */
async function rulesOf(reader: DeviceReader): Promise<Set<string>> {
  const rules = (await reader.rules()).filter(({ table }) => !/_fault\./.test(table));
  return new Set(rules.map(({ counter: _, ...rule }) => JSON.stringify(rule)));
}

/** What production has, by a reader that has nothing to do with the follower. */
async function productionRules({ address }: Production): Promise<Set<string>> {
  const channel = new GrpcChannel(address);
  try {
    return await rulesOf(await ProductionView.open('s1', channel, 1n));
  } finally {
    channel.close();
  }
}

/** Seconds until it is so; fails the test after `limitS`. */
async function secondsUntil(
  t: ExecutionContext,
  what: string,
  limitS: number,
  isTrue: () => boolean | Promise<boolean>,
): Promise<number> {
  const began = nowMs();
  while (!(await isTrue())) {
    if (nowMs() - began > limitS * 1000) {
      t.fail(`${what}: not within ${limitS} s`);
      break;
    }
    await sleep(10);
  }
  return (nowMs() - began) / 1000;
}

/** The shadow holds so many routes. */
const holds = async (shadow: ShadowDevice, routes: number): Promise<boolean> =>
  (await shadow.rules('routing.ipv4_lpm')).filter((rule) => !rule.isDefault).length === routes;

interface Figures {
  noticed: number;
  emptied: number;
  resynced: number;
}

/** One death and return; `moment` comes when the switch is to die. */
async function killAndReturn(
  t: ExecutionContext,
  scene: Scene,
  moment: () => Promise<unknown>,
  prng: Prng,
): Promise<Figures> {
  const { production, shadow, following } = scene;
  const before = await productionRules(production);
  await moment();
  await production.kill();
  const state = (): string => following.status()[0]!.state;
  const isGone = (): boolean => state() !== 'following';
  const noticed = await secondsUntil(t, 'noticed', NOTICED_S, isGone);
  t.deepEqual(await rulesOf(shadow), before, 'a dead switch, a half-finished read: all stays');
  await sleep(prng.below(4000));
  await production.start();
  const emptied = await secondsUntil(t, 'emptied', RESYNCED_S, () => holds(shadow, 0));
  t.is(state(), 'empty');
  const share = 0.2 + 0.8 * prng.unit();
  const kept = Array.from({ length: ENTRIES }, () => prng.unit() < share);
  await production.fill((i) => kept[i]!);
  const routes = kept.filter(Boolean).length;
  const full = (): Promise<boolean> => holds(shadow, routes);
  const resynced = await secondsUntil(t, 'resynced', RESYNCED_S, full);
  t.deepEqual(await rulesOf(shadow), await productionRules(production), 'whole sets');
  const [status] = following.status();
  t.is(status!.equal, status!.entities);
  return { noticed, emptied, resynced };
}

test('a switch killed and restarted empty is noticed in 6 s and equal again in 5 s', async (t) => {
  t.timeout(180_000);
  const scene = await build();
  const prng = new Prng(7);
  scene.following.start((error) => t.fail(String(error)));
  try {
    const rounds: [string, () => Promise<unknown>][] = [
      ['at a random moment', () => sleep(prng.below(1000))],
      ['at a random moment', () => sleep(prng.below(1000))],
      ['within a read', () => scene.wire.cut(50_000)],
      ['within a read', () => scene.wire.cut(20_000 + prng.below(100_000))],
    ];
    for (const [when, moment] of rounds) {
      const { noticed, emptied, resynced } = await killAndReturn(t, scene, moment, prng);
      t.log(
        `killed ${when}: noticed in ${noticed.toFixed(2)} s; ` +
          `empty ${emptied.toFixed(2)} s after its return, ` +
          `equal ${resynced.toFixed(2)} s after its controller had filled it`,
      );
    }
  } finally {
    scene.following.stop();
    scene.channel.close();
    scene.wire.close();
    await scene.production.kill();
  }
});
