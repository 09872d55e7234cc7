/** The clocks of v1model: 48 bits wide, in microseconds. */

/** Where the clocks of v1model begin again. */
export const MICROSECONDS_48 = 2 ** 48;

/** The 48-bit microsecond clock of v1model; a remainder is taken only when it must. */
export function microseconds(nowNs: number): number {
  const us = Math.floor(nowNs / 1000);
  return us < MICROSECONDS_48 ? us : us % MICROSECONDS_48;
}
