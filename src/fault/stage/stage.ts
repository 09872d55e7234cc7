/** What every stage of a link's fault has in common: which action of which table, with what. */

/** One stage as a table's action; the key is added by who knows the port and the flows. */
export interface StageCall {
  table: string;
  action: string;
  params: Record<string, string>;
}

/** What a stage is given besides its own parameters. */
export interface StageContext {
  /** End of the fault in controller time, as the entries carry it. */
  expires_us: string;
  /** The whole length of the fault, us. */
  lastsUs: number;
  /** A cell of state that no other fault of the switch has. */
  slot(): string;
  /** The number under which a distribution's quantiles are installed, ns, 257 of them. */
  distribution(quantilesNs: readonly number[]): string;
}
