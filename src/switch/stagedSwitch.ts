/**
 * A switch that runs any program, with the fault stage around it: a second switch (`p4/stage.p4`)
 * stands between its ports and the links. The program inside knows nothing of faults and is
 * controlled as if it stood alone; faults are written to the stage.
 */
import type { EmbeddedSwitch } from './embeddedSwitch.js';
import type { SwitchAttachment } from '../v1model/index.js';

/** Of the stage: a port's side towards the switch inside is its number plus this. */
export const SWITCH_SIDE = 256;

/** Makes one of the two switches with the surroundings that it gets. */
export type SwitchMaker = (attachment: SwitchAttachment) => EmbeddedSwitch;

/** Two switches as one node of the fabric. */
export class StagedSwitch {
  readonly inner: EmbeddedSwitch;
  readonly stage: EmbeddedSwitch;
  #innerWakeNs = Infinity;
  #stageWakeNs = Infinity;
  #nowNs = 0;

  /** @param outer the links, and who wakes the node */
  constructor(
    private readonly outer: SwitchAttachment,
    makeInner: SwitchMaker,
    makeStage: SwitchMaker,
  ) {
    this.inner = makeInner({
      transmit: (port, packet) => {
        // The stage has no numbers for ports beyond its own: those of mirrors, and of no cable.
        if (port >= SWITCH_SIDE) outer.transmit(port, packet);
        else this.stage.receive(port + SWITCH_SIDE, packet, this.#nowNs);
      },
      wakeAt: (timeNs) => {
        this.#innerWakeNs = timeNs;
        this.#askToWake();
      },
    });
    this.stage = makeStage({
      transmit: (port, packet) => {
        if (port < SWITCH_SIDE) outer.transmit(port, packet);
        else this.inner.receive(port - SWITCH_SIDE, packet, this.#nowNs);
      },
      wakeAt: (timeNs) => {
        this.#stageWakeNs = timeNs;
        this.#askToWake();
      },
    });
  }

  receive(port: number, packet: number, nowNs: number): void {
    this.#nowNs = nowNs;
    this.stage.receive(port, packet, nowNs);
  }

  wake(nowNs: number): void {
    this.#nowNs = nowNs;
    // Each switch asks anew for the time after this one.
    if (this.#stageWakeNs <= nowNs) {
      this.#stageWakeNs = Infinity;
      this.stage.wake(nowNs);
    }
    if (this.#innerWakeNs <= nowNs) {
      this.#innerWakeNs = Infinity;
      this.inner.wake(nowNs);
    }
    this.#askToWake();
  }

  reseed(seed: number): void {
    this.inner.reseed(seed);
    this.stage.reseed(seed + 1);
  }

  save(): unknown {
    return {
      inner: this.inner.save(),
      stage: this.stage.save(),
      innerWakeNs: this.#innerWakeNs,
      stageWakeNs: this.#stageWakeNs,
    };
  }

  load(saved: unknown): void {
    const state = saved as {
      inner: unknown;
      stage: unknown;
      innerWakeNs: number;
      stageWakeNs: number;
    };
    this.inner.load(state.inner);
    this.stage.load(state.stage);
    this.#innerWakeNs = state.innerWakeNs;
    this.#stageWakeNs = state.stageWakeNs;
  }

  #askToWake(): void {
    this.outer.wakeAt(Math.min(this.#innerWakeNs, this.#stageWakeNs));
  }
}
