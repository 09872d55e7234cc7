/** A task done again and again: never twice at once, and at once when it is asked for. */

/** See above. */
export class Rounds {
  #timer: NodeJS.Timeout | undefined;
  #isStarted = false;
  #isBusy = false;
  #isAsked = false;

  /** @param task resolves to the pause until the next round, ms; must not reject */
  constructor(private readonly task: () => Promise<number>) {}

  start(): void {
    this.#isStarted = true;
    this.ask();
  }

  /** A round that is under way ends by itself. */
  stop(): void {
    this.#isStarted = false;
    clearTimeout(this.#timer);
  }

  /** The next round is due now; one that is under way may be too old already, and is repeated. */
  ask(): void {
    if (this.#isBusy) this.#isAsked = true;
    else this.#after(0);
  }

  #after(pauseMs: number): void {
    clearTimeout(this.#timer);
    if (this.#isStarted) this.#timer = setTimeout(() => void this.#round(), pauseMs);
  }

  async #round(): Promise<void> {
    this.#isBusy = true;
    this.#isAsked = false;
    const pauseMs = await this.task();
    this.#isBusy = false;
    this.#after(this.#isAsked ? 0 : pauseMs);
  }
}
