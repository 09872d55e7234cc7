/** What the planning of a failure has to work with. */

/** What a plan is made with. */
export interface PlanContext {
  /** Begin of the fault in controller time, us, and its whole length. */
  beginsUs: number;
  lastsUs: number;
  /** Its end, as entries carry it. */
  expires_us: string;
  /** A free cell of state on a switch. Throws LIMIT when all are taken. */
  slot(device: string): string;
  /** A free number of a distribution on a switch, 1 upwards. Throws LIMIT. */
  distribution(device: string): string;
}
