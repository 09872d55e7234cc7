/** Switch processes as a campaign's testbed: under the wall clock, faults by gRPC. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bucketOf, histogramBuckets } from '../../src/base/histogram.js';
import type { Testbed } from '../../src/campaign/index.js';
import type { Failure, FaultEngine } from '../../src/fault/index.js';
import type { FlowSums } from '../../src/telemetry/index.js';
import { NumberedStream, twoSwitches, type WireAddresses } from './numberedStream.js';

/** Faults expire so late that only their end, or the end of the lease, takes their effect away. */
const EXPIRY_US = 3600e6;
const PACE_MS = 5;
const PAYLOAD_BYTES = 18;

/** The two switches under the stream from c to d. */
export class WireTestbed implements Testbed {
  readonly topology = twoSwitches;
  readonly traffic = twoSwitches.traffic;
  readonly packetHops = 0;
  readonly #latency = new Float64Array(histogramBuckets);
  #delivered = 0;
  /** Faults that act, and when each ends, ms. */
  #acting: { id: string; endMs: number }[] = [];
  #stream!: NumberedStream;

  private constructor(private readonly faults: FaultEngine) {}

  static async open(addresses: WireAddresses, faults: FaultEngine): Promise<WireTestbed> {
    const testbed = new WireTestbed(faults);
    testbed.#stream = await NumberedStream.open(addresses, ['c', 'd'], PACE_MS, (latencyMs) => {
      testbed.#delivered++;
      testbed.#latency[bucketOf(latencyMs * 1e6)]!++;
    });
    return testbed;
  }

  /** A run ends with its failures cleared; nothing else of the switches changes. */
  restore(): void {
    this.#acting = [];
  }

  async inject(failure: Failure, durationNs: number): Promise<void> {
    const { id } = await this.faults.inject(failure, EXPIRY_US);
    this.#acting.push({ id, endMs: performance.now() + durationNs / 1e6 });
  }

  async clearFailures(): Promise<void> {
    this.#acting = [];
    await this.faults.clearAll();
  }

  async run(durationNs: number): Promise<void> {
    const end = performance.now() + durationNs / 1e6;
    for (let now = performance.now(); now < end; now = performance.now()) {
      const due = this.#acting.filter(({ endMs }) => endMs <= now);
      this.#acting = this.#acting.filter((fault) => !due.includes(fault));
      for (const { id } of due) await this.faults.clear(id);
      const next = Math.min(end, ...this.#acting.map(({ endMs }) => endMs));
      await sleep(Math.max(0, next - performance.now()));
    }
  }

  flows(): FlowSums[] {
    const nothing = { requests: 0, completed: 0, errors: 0, retransmits: 0 };
    return [
      {
        name: twoSwitches.traffic[0]!.name,
        kind: 'udp',
        sentPackets: this.#stream.sentMs.length,
        deliveredPackets: this.#delivered,
        deliveredBytes: this.#delivered * PAYLOAD_BYTES,
        ...nothing,
        latency: this.#latency.slice(),
      },
    ];
  }

  close(): void {
    this.#stream.close();
  }
}
