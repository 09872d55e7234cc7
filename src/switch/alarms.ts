/** Several timers on the one wake-up that a switch's surroundings offer. */

/** Wake-ups are never asked for further ahead than this, so that any timer can hold them. */
const HORIZON_NS = 3600e9;

/** The times at which the parts of a switch want to be woken, Infinity for those that do not. */
export class Alarms {
  readonly #times: Float64Array;
  #askedNs = Infinity;

  /** @param now the engine's time in ns; `wakeAt` replaces the time asked for before */
  constructor(
    count: number,
    private readonly now: () => number,
    private readonly wakeAt: (timeNs: number) => void,
  ) {
    this.#times = new Float64Array(count).fill(Infinity);
  }

  set(part: number, timeNs: number): void {
    this.#times[part] = timeNs;
    this.ask();
  }

  /** Asks for the first of the times, unless that was done. */
  ask(): void {
    const first = Math.min(...this.#times);
    const asked = first === Infinity ? first : Math.min(first, this.now() + HORIZON_NS);
    if (asked === this.#askedNs) return;
    this.#askedNs = asked;
    this.wakeAt(asked);
  }

  isDue(part: number, nowNs: number): boolean {
    return this.#times[part]! <= nowNs;
  }

  /** The wake-up has come, or was replaced: the next `ask` asks again. */
  rang(): void {
    this.#askedNs = NaN;
  }

  save(): { times: Float64Array; askedNs: number } {
    return { times: this.#times.slice(), askedNs: this.#askedNs };
  }

  load({ times, askedNs }: ReturnType<Alarms['save']>): void {
    this.#times.set(times);
    this.#askedNs = askedNs;
  }
}
