/** Exact statistics of a list of numbers. */

/**
 * The `ratio` quantile (0 to 1) of ascending values, with linear interpolation between the ranks around
 * `ratio * (n - 1)` (method 7 of Hyndman and Fan, 1996); 0 for no values.
 */
export function quantileOfSorted(sorted: ArrayLike<number>, ratio: number): number {
  if (sorted.length === 0) return 0;
  const rank = ratio * (sorted.length - 1);
  const below = Math.floor(rank);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (rank - below);
}

/** Arithmetic mean; 0 for no values. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] as number;
  return values.length === 0 ? 0 : sum / values.length;
}

/** Sample standard deviation (divisor n - 1), in two passes; 0 for fewer than two values. */
export function sampleStandardDeviation(values: ArrayLike<number>): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  let squares = 0;
  for (let index = 0; index < values.length; index++) squares += ((values[index] as number) - mean) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}
