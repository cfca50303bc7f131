/** Percentiles of measured times: always a value that was measured, never one between two. */

/** What is said of a set of times, in milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * The nearest rank: the smallest value that at least `share` of all values do not exceed.
 *
 * @param sorted values in rising order
 * @param share 0 to 1
 * @returns 0 when there are no values
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  // 0.95 * 20 is a hair above 19 in binary; without the rounding it would name the 20th of 20 values.
  const rank = Math.ceil(Math.round(share * sorted.length * 1e6) / 1e6);
  return sorted[Math.max(0, Math.min(sorted.length, rank) - 1)] ?? 0;
}

/** All percentiles of a set of times; `values` is left as it was. */
export function percentilesOf(values: ArrayLike<number>): Percentiles {
  const sorted = Float64Array.from(values).sort();
  return {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    max: sorted.at(-1) ?? 0,
  };
}

/** The middle value, the mean of the middle two when their number is even; undefined when there are none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined || sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] as number) + upper) / 2;
}
