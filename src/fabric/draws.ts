/** Draws from measured distributions. */

/**
 * The value at `u` of 0 to 1 in a table of quantiles in even steps, linear between two of them.
 * @param table the least value first, at least one
 */
export function drawQuantile(table: readonly number[], u: number): number {
  const place = u * (table.length - 1);
  const below = Math.floor(place);
  const value = table[below]!;
  return value + (place - below) * ((table[below + 1] ?? value) - value);
}

/** The status at `u` of 0 to 1, or 0 for none of them. */
export function drawStatus(
  statuses: readonly { status: number; share: number }[],
  u: number,
): number {
  let upTo = 0;
  for (const { status, share } of statuses) {
    upTo += share;
    if (u < upTo) return status;
  }
  return 0;
}
