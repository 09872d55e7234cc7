/**
 * How a server's port answers, over all its clients: histograms of times and sizes and counts of
 * statuses, of bounded size, and what simulated servers can draw from.
 */
import { bucketOf, histogramBuckets, quantileNs } from '../base/histogram.js';
import type { AnswerProfile } from '../topology/index.js';

/** Steps of the tables that are drawn from. */
const STEPS = 128;
/** Fewer answers than this tell their mean, not how they are distributed. */
const LEAST_ANSWERS = 30;
const FIRST_ERROR_STATUS = 400;

/** Values within 1.6 %, exact at both ends. */
class Spread {
  readonly #counts = new Float64Array(histogramBuckets);
  #least = Infinity;
  #most = 0;
  count = 0;

  /** @param scale makes of a value what the buckets of a histogram are fine enough for */
  constructor(private readonly scale: number) {}

  add(value: number): void {
    this.#counts[bucketOf(value * this.scale)]!++;
    this.count++;
    if (value < this.#least) this.#least = value;
    if (value > this.#most) this.#most = value;
  }

  /** Quantiles in even steps from the least value to the greatest; undefined with too few. */
  table(): number[] | undefined {
    if (this.count < LEAST_ANSWERS) return undefined;
    if (this.#least === this.#most) return [this.#least, this.#most];
    return Array.from({ length: STEPS + 1 }, (_, i) => {
      if (i === 0) return this.#least;
      const value = quantileNs(this.#counts, i / STEPS) / this.scale;
      return i === STEPS ? this.#most : Math.min(this.#most, Math.max(this.#least, value));
    });
  }
}

/** What was seen of a server's answers on one port. */
export class Answers {
  readonly #times = new Spread(1);
  readonly #sizes = new Spread(1024);
  readonly #statuses = new Map<number, number>();
  /** As of the last reading; undefined when something came since. */
  #profile: AnswerProfile | undefined;

  /** The server began to answer after so long, ns. */
  time(ns: number): void {
    this.#profile = undefined;
    this.#times.add(ns);
  }

  /** An answer had so many bytes in all. */
  size(bytes: number): void {
    this.#profile = undefined;
    this.#sizes.add(bytes);
  }

  /** An answer had this HTTP status, 100 to 599. */
  status(status: number): void {
    this.#profile = undefined;
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
  }

  /** What is known; undefined when too little was seen. */
  profile(): AnswerProfile | undefined {
    this.#profile ??= this.#make();
    return this.#profile;
  }

  #make(): AnswerProfile | undefined {
    const serviceNs = this.#times.table()?.map(Math.round);
    const bytes = this.#sizes.table()?.map(Math.round);
    if (!serviceNs || !bytes) return undefined;
    const all = [...this.#statuses.values()].reduce((sum, count) => sum + count, 0);
    const errors = [...this.#statuses]
      .filter(([status]) => status >= FIRST_ERROR_STATUS)
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => ({ status, share: count / all }));
    return { serviceNs, bytes, ...(errors.length > 0 ? { errors } : {}) };
  }
}
