/**
 * Meters of bytes or packets, colour-blind: two rates and three colours (RFC 2698), or one rate
 * and three colours (RFC 2697) where the rates have an excess burst.
 */
import type { ColourCounts, IndexedMeterControl, MeterRates } from './control.js';

const GREEN = 0;
const YELLOW = 1;
const RED = 2;

interface SavedMeters {
  tokens: Float64Array;
  rates: Map<number, MeterRates>;
  counts: Float64Array;
}

/** An array of meters; a cell without rates is always green. */
export class MeterArray implements IndexedMeterControl {
  /** Per cell: committed tokens, peak or excess tokens, time of the last packet in ns. */
  readonly #tokens: Float64Array;
  /** Per cell and colour: packets, bytes. */
  readonly #counts: Float64Array;
  #rates = new Map<number, MeterRates>();

  /** @param now the engine's time in ns */
  constructor(
    readonly name: string,
    readonly size: number,
    readonly unit: 'bytes' | 'packets',
    private readonly now: () => number,
  ) {
    this.#tokens = new Float64Array(size * 3);
    this.#counts = new Float64Array(size * 6);
  }

  /** For generated code: the colour of a packet of `bytes`. */
  execute(index: number, bytes: number): number {
    if (index >= this.size) return GREEN;
    const rates = this.#rates.get(index);
    const colour = rates === undefined ? GREEN : this.#colour(index, bytes, rates);
    const at = index * 6 + colour * 2;
    this.#counts[at]!++;
    this.#counts[at + 1]! += bytes;
    return colour;
  }

  get(index: number): MeterRates | undefined {
    return this.#rates.get(index);
  }

  set(index: number, rates: MeterRates | undefined): void {
    if (rates === undefined) {
      this.#rates.delete(index);
      return;
    }
    this.#rates.set(index, { ...rates });
    const second = rates.excessBurst ?? rates.peakBurst;
    this.#tokens.set([rates.committedBurst, second, this.now()], index * 3);
  }

  counts(index: number): ColourCounts {
    const of = (colour: number) => {
      const at = index * 6 + colour * 2;
      return { packets: this.#counts[at]!, bytes: this.#counts[at + 1]! };
    };
    return { green: of(GREEN), yellow: of(YELLOW), red: of(RED) };
  }

  resetCounts(index: number): void {
    this.#counts.fill(0, index * 6, index * 6 + 6);
  }

  save(): SavedMeters {
    return {
      tokens: this.#tokens.slice(),
      rates: new Map(this.#rates),
      counts: this.#counts.slice(),
    };
  }

  load(saved: SavedMeters): void {
    this.#tokens.set(saved.tokens);
    this.#rates = new Map(saved.rates);
    this.#counts.set(saved.counts);
  }

  #colour(index: number, bytes: number, rates: MeterRates): number {
    const at = index * 3;
    const tokens = this.#tokens;
    const nowNs = this.now();
    const seconds = (nowNs - tokens[at + 2]!) / 1e9;
    tokens[at + 2] = nowNs;
    const committed = tokens[at]! + seconds * rates.committedRate;
    tokens[at] = Math.min(rates.committedBurst, committed);
    const cost = this.unit === 'bytes' ? bytes : 1;
    const { excessBurst } = rates;
    if (excessBurst === undefined) {
      tokens[at + 1] = Math.min(rates.peakBurst, tokens[at + 1]! + seconds * rates.peakRate);
      if (tokens[at + 1]! < cost) return RED;
      tokens[at + 1]! -= cost;
      if (tokens[at]! < cost) return YELLOW;
      tokens[at]! -= cost;
      return GREEN;
    }
    // One rate: what the committed bucket cannot hold flows over into the excess bucket.
    const overflow = committed - tokens[at]!;
    tokens[at + 1] = Math.min(excessBurst, tokens[at + 1]! + overflow);
    const bucket = tokens[at]! >= cost ? at : at + 1;
    if (tokens[bucket]! < cost) return RED;
    tokens[bucket]! -= cost;
    return bucket === at ? GREEN : YELLOW;
  }
}
