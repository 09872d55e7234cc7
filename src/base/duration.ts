/** Times as people write them. */

const unitNs: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9 };

/** What a time looks like, as a pattern for schemas. */
export const durationPattern = '^\\d+(\\.\\d+)?(ns|us|ms|s|min|h)$';

/**
 * `5ms` in ns, rounded; undefined when it is no time.
 * @param bareUnit the unit of a number without one; none is allowed unless given
 */
export function parseDuration(text: string, bareUnit?: 'ms'): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(ns|us|ms|s|min|h)?$/.exec(text);
  const unit = found?.[2] ?? bareUnit;
  return found && unit !== undefined ? Math.round(Number(found[1]) * unitNs[unit]!) : undefined;
}
