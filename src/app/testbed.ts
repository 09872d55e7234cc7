/** The shadow as a campaign's testbed: forks from one warm state, faults by P4Runtime. */
import { setImmediate } from 'node:timers/promises';
import { describeFailure, HEARTBEAT_US, type Failure } from '../fault/index.js';
import type { FabricSnapshot } from '../fabric/index.js';
import { isRouting, planRoutes, type NetworkPlan } from '../control/index.js';
import { UmbraError } from '../base/errors.js';
import type { Testbed } from '../campaign/index.js';
import type { FlowSums } from '../telemetry/index.js';
import type { Avoided, Topology, TrafficFlow } from '../topology/index.js';
import { Replica, type ReplicaImage } from './replica.js';

const HEARTBEAT_NS = HEARTBEAT_US * 1000;

/** A warm testbed as data. */
export interface TestbedImage {
  replica: ReplicaImage;
  flows: readonly TrafficFlow[];
  /** Seed and length of the warm-up. */
  seed: number;
  warmUpNs: number;
}

/** The shadow network under generated traffic. */
export class ShadowTestbed implements Testbed {
  readonly topology: Topology;
  traffic: readonly TrafficFlow[] = [];
  readonly #shadow: Replica;
  #warm: FabricSnapshot | undefined;
  #hops = 0;

  constructor(shadow: Replica) {
    this.#shadow = shadow;
    this.topology = shadow.topology;
  }

  /** Packets that hosts have sent, acknowledgements included. */
  get hostPackets(): number {
    const { links, hosts } = this.topology;
    const names = new Set(hosts.map(({ name }) => name));
    const { fabric } = this.#shadow.network;
    return links.reduce((sum, { name, a, b }) => {
      const sent = fabric.linkCounters(name).map(({ packets }) => packets);
      return sum + (names.has(a.node) ? sent[0]! : 0) + (names.has(b.node) ? sent[1]! : 0);
    }, 0);
  }

  /** A warm testbed, equal to every other one of the same image. */
  static async of({ replica, flows, seed, warmUpNs }: TestbedImage): Promise<ShadowTestbed> {
    const testbed = new ShadowTestbed(await Replica.of(replica));
    await testbed.warmUp(flows, seed, warmUpNs);
    return testbed;
  }

  get packetHops(): number {
    return this.#hops;
  }

  /** Starts traffic and runs it until queues, windows and caches are as in a running network. */
  async warmUp(flows: readonly TrafficFlow[], seed: number, durationNs: number): Promise<void> {
    const { fabric } = this.#shadow.network;
    fabric.start(flows, seed);
    this.traffic = flows;
    await this.run(durationNs);
    this.#warm = fabric.save();
  }

  restore(seed: number): void {
    if (!this.#warm) throw new UmbraError('CONFLICT', 'the testbed was not warmed up');
    const { fabric } = this.#shadow.network;
    fabric.load(this.#warm);
    fabric.reseed(seed);
    this.#shadow.faults.forget();
  }

  async inject(failure: Failure, durationNs: number): Promise<void> {
    try {
      await this.#shadow.faults.inject(failure, durationNs / 1000);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new UmbraError('CONFLICT', `${describeFailure(failure)}: ${text}`, { cause: error });
    }
  }

  async clearFailures(): Promise<void> {
    await this.#shadow.faults.clearAll();
  }

  async run(durationNs: number): Promise<void> {
    const { fabric } = this.#shadow.network;
    const before = fabric.packetHops;
    const end = fabric.nowNs + durationNs;
    const { faults } = this.#shadow;
    while (fabric.nowNs < end) {
      faults.heartbeat();
      fabric.runUntil(Math.min(end, fabric.nowNs + HEARTBEAT_NS, faults.nextStepUs * 1000));
      await faults.step();
    }
    this.#hops += fabric.packetHops - before;
  }

  flows(): FlowSums[] {
    return this.#shadow.network.fabric.flowStats();
  }

  /** Routes around links and devices, as a plan that can be rehearsed or applied. */
  planReroute(avoided: Avoided): NetworkPlan {
    return planRoutes(this.topology, (name) => this.#shadow.device(name).schema, avoided);
  }

  /** Carries out a plan on the shadow; returns how many entities changed. */
  async apply(plan: NetworkPlan): Promise<number> {
    const writes = [...plan].map(async ([name, entities]) => {
      const device = this.#shadow.device(name);
      return (await device.reconcile(entities, isRouting(device.schema))).length;
    });
    const changed = await this.#until(Promise.all(writes));
    return changed.reduce((sum, count) => sum + count, 0);
  }

  /** Lets time pass as long as something waits for a slow control plane. */
  async #until<T>(task: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => void (isDone = true);
    task.then(done, done);
    const { network, faults } = this.#shadow;
    for (;;) {
      await setImmediate();
      if (isDone) return task;
      const waitNs = faults.nextStepUs * 1000 - network.fabric.nowNs;
      if (waitNs < Infinity) await this.run(Math.max(1000, waitNs));
    }
  }
}
