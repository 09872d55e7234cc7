/** One figure of a benchmark. Speed is said as a ratio against a peer measured in the same run. */
export interface BenchRow {
  name: string;
  value: number;
  unit: string;
  /** What the figure is compared with, measured in the same run. */
  peer?: { name: string; value: number };
  /** value / peer.value, or value / a stated limit. */
  ratio?: number;
  /** The least ratio or value that was aimed for. */
  goal?: string;
}

/** A benchmark file exports this as `run`. */
export type Benchmark = () => Promise<BenchRow[]>;
