/**
 * Log-linear histograms of durations: 32 buckets per power of two from 1.024 us to 68 s, so that a
 * quantile is off by at most 1.6 %. Counts are plain numbers, so that histograms subtract.
 */

const SUB_BITS = 5;
const SUB = 1 << SUB_BITS;
const FIRST_BITS = 10;
const LAST_BITS = 36;

/** Buckets of a histogram; the first takes what is shorter, the last what is longer. */
export const histogramBuckets = (LAST_BITS - FIRST_BITS) * SUB + 2;

/** The bucket of a duration in ns. */
export function bucketOf(ns: number): number {
  if (ns < 2 ** FIRST_BITS) return 0;
  if (ns >= 2 ** LAST_BITS) return histogramBuckets - 1;
  const exponent = Math.floor(Math.log2(ns));
  const sub = Math.floor((ns / 2 ** exponent - 1) * SUB);
  return 1 + (exponent - FIRST_BITS) * SUB + Math.min(sub, SUB - 1);
}

/** The shortest duration of a bucket, ns. */
function bucketStartNs(bucket: number): number {
  if (bucket === 0) return 0;
  const exponent = FIRST_BITS + Math.floor((bucket - 1) / SUB);
  return 2 ** exponent * (1 + ((bucket - 1) % SUB) / SUB);
}

/** A duration that stands for a bucket, ns. */
export function bucketMiddleNs(bucket: number): number {
  const start = bucketStartNs(bucket);
  return bucket === histogramBuckets - 1 ? start : (start + bucketStartNs(bucket + 1)) / 2;
}

/** The q-quantile of counts in ns, linear within its bucket; NaN when there are none. */
export function quantileNs(counts: Float64Array, q: number): number {
  let total = 0;
  for (const count of counts) total += count;
  if (total === 0) return NaN;
  const wanted = q * total;
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket]!;
    if (count === 0 || seen + count < wanted) {
      seen += count;
      continue;
    }
    if (bucket === counts.length - 1) return bucketStartNs(bucket);
    const start = bucketStartNs(bucket);
    return start + ((wanted - seen) / count) * (bucketStartNs(bucket + 1) - start);
  }
  return bucketMiddleNs(counts.length - 1);
}
