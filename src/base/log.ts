/** Progress for people: lines on stderr, so that stdout stays one JSON document. */

/** Where a long job reports what it does. */
export interface Progress {
  /** A step begins or says a figure. */
  step(message: string): void;
  /** `done` of `total` units of the current step are finished. */
  tick(label: string, done: number, total: number): void;
}

/** Says nothing. */
export const silentProgress: Progress = { step() {}, tick() {} };
