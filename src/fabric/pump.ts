/** Networks under the wall clock: virtual time follows real time. */
import type { Fabric } from './fabric.js';
import { runTogether } from './fabric.js';

/** The longest step that is caught up with; a longer pause (a suspended laptop) is skipped. */
const CATCH_UP_NS = 250e6;
const LONGEST_SLEEP_MS = 20;

/** Drives networks in real time until stopped. */
export class RealTimePump {
  /** How far behind real time the networks last were, ns. */
  lagNs = 0;
  #timer: NodeJS.Timeout | undefined;
  #offsetNs = 0;

  /** @param after called after each step, with the networks' time */
  constructor(
    private readonly fabrics: readonly Fabric[],
    private readonly after: (nowNs: number) => void = () => {},
  ) {}

  start(): void {
    this.#offsetNs = this.fabrics[0]!.nowNs - realNs();
    this.#step();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #step(): void {
    const wanted = Math.floor(realNs() + this.#offsetNs);
    const now = this.fabrics[0]!.nowNs;
    this.lagNs = wanted - now;
    if (this.lagNs > CATCH_UP_NS) this.#offsetNs -= this.lagNs - CATCH_UP_NS;
    const until = Math.min(wanted, now + CATCH_UP_NS);
    runTogether(this.fabrics, until);
    this.after(until);
    const next = Math.min(...this.fabrics.map((fabric) => fabric.nextEventNs));
    const sleepMs = Math.min(LONGEST_SLEEP_MS, Math.max(1, (next - until) / 1e6));
    this.#timer = setTimeout(() => this.#step(), sleepMs);
  }
}

function realNs(): number {
  return performance.now() * 1e6;
}
