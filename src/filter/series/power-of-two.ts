/**
 * Histograms whose buckets end at powers of two: bucket `n` counts values above 2^(n-1) up to 2^n. Coarse (a value read
 * from one is right within a factor of two), but of one shape everywhere, so that they add up.
 */

/** Values by the exponent of their bucket, 1 or more. */
export type PowerCounts = Map<number, number>;

/** Values below it (nanoseconds, or plain numbers) are in no bucket. */
const LEAST_COUNTED = 2;

/** The bucket of a value; undefined: it is in none. */
export function exponentOf(value: number): number | undefined {
  if (!(value >= LEAST_COUNTED) || value === Number.POSITIVE_INFINITY) return undefined;
  const exponent = Math.ceil(Math.log2(value));
  // The logarithm rounds: next to a power of two it may be one off.
  if (2 ** (exponent - 1) >= value) return exponent - 1;
  return 2 ** exponent < value ? exponent + 1 : exponent;
}

/**
 * A quantile of what was counted: the value at its rank, supposing that values lie evenly between the bounds of a bucket
 * on a scale of logarithms. NaN when nothing was counted.
 *
 * @param quantile - 0 to 1
 */
export function quantileOf(counts: PowerCounts, quantile: number): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  if (total === 0) return Number.NaN;
  const rank = Math.max(1, Math.ceil(quantile * total));
  let before = 0;
  for (const exponent of [...counts.keys()].sort((left, right) => left - right)) {
    const count = counts.get(exponent) as number;
    if (before + count >= rank) return 2 ** (exponent - 1 + (rank - before) / count);
    before += count;
  }
  return Number.NaN;
}
