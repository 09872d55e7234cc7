/** Two-rate three-colour meters (RFC 2698, colour-blind), of bytes or packets. */
import type { IndexedMeterControl, MeterRates } from './control.js';

const GREEN = 0;
const YELLOW = 1;
const RED = 2;

interface SavedMeters {
  tokens: Float64Array;
  rates: Map<number, MeterRates>;
}

/** An array of meters; a cell without rates is always green. */
export class MeterArray implements IndexedMeterControl {
  /** Per cell: committed tokens, peak tokens, time of the last packet in ns. */
  readonly #tokens: Float64Array;
  #rates = new Map<number, MeterRates>();

  /** @param now the engine's time in ns */
  constructor(
    readonly name: string,
    readonly size: number,
    readonly unit: 'bytes' | 'packets',
    private readonly now: () => number,
  ) {
    this.#tokens = new Float64Array(size * 3);
  }

  /** For generated code: the colour of a packet of `bytes`. */
  execute(index: number, bytes: number): number {
    const rates = this.#rates.get(index);
    if (rates === undefined) return GREEN;
    const at = index * 3;
    const tokens = this.#tokens;
    const nowNs = this.now();
    const seconds = (nowNs - tokens[at + 2]!) / 1e9;
    tokens[at + 2] = nowNs;
    const committed = tokens[at]! + seconds * rates.committedRate;
    const peak = tokens[at + 1]! + seconds * rates.peakRate;
    tokens[at] = Math.min(rates.committedBurst, committed);
    tokens[at + 1] = Math.min(rates.peakBurst, peak);
    const cost = this.unit === 'bytes' ? bytes : 1;
    if (tokens[at + 1]! < cost) return RED;
    tokens[at + 1]! -= cost;
    if (tokens[at]! < cost) return YELLOW;
    tokens[at]! -= cost;
    return GREEN;
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
    this.#tokens.set([rates.committedBurst, rates.peakBurst, this.now()], index * 3);
  }

  save(): SavedMeters {
    return { tokens: this.#tokens.slice(), rates: new Map(this.#rates) };
  }

  load(saved: SavedMeters): void {
    this.#tokens.set(saved.tokens);
    this.#rates = new Map(saved.rates);
  }
}
