/** Lets growing faults grow under the wall clock: one step at a time. */
import type { FaultEngine } from '../fault/index.js';

/** Asked at every turn of a pump. */
export class FaultStepper {
  #isBusy = false;

  constructor(private readonly faults: FaultEngine) {}

  /** Starts a step when one is due and none is under way. */
  poll(nowNs: number): void {
    if (this.#isBusy || this.faults.nextStepUs * 1000 > nowNs) return;
    this.#isBusy = true;
    const done = (): void => void (this.#isBusy = false);
    // What fails is tried again at the next turn; the fault keeps its last step until then.
    this.faults.step().then(done, done);
  }
}
