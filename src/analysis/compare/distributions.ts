/** Whether numbers of two sets are distributed alike. */

/** Largest distance between two distributions, and its chance. */
export interface DistributionDistance {
  /** Largest difference of the shares below any value, 0 to 1 (Kolmogorov and Smirnov). */
  readonly distance: number;
  /** The chance of such a distance when there is no difference; never too small for repeated values. */
  readonly chance: number;
}

/** Numbers of a set: those above 0, or all of them, ascending; as many zeros come before them as `size` has more. */
export interface Sample {
  readonly values: ArrayLike<number>;
  readonly size: number;
}

/** Compares two sets, neither of them empty. */
export function distributionDistance(selection: Sample, baseline: Sample): DistributionDistance {
  let selectionAt = 0;
  let baselineAt = 0;
  const difference = (): number =>
    Math.abs(shareUpTo(selection, selectionAt) - shareUpTo(baseline, baselineAt));
  let distance = difference();
  while (selectionAt < selection.values.length && baselineAt < baseline.values.length) {
    const value = Math.min(selection.values[selectionAt] as number, baseline.values[baselineAt] as number);
    while (selection.values[selectionAt] === value) selectionAt++;
    while (baseline.values[baselineAt] === value) baselineAt++;
    distance = Math.max(distance, difference());
  }
  const effectiveSize = (selection.size * baseline.size) / (selection.size + baseline.size);
  return { distance, chance: distanceChance(distance, effectiveSize) };
}

function shareUpTo({ values, size }: Sample, taken: number): number {
  return (size - values.length + taken) / size;
}

const MAX_TERMS = 100;

/**
 * The chance of a distance over so many values: the limit distribution with the correction for small samples that
 * M. A. Stephens gives (Journal of the Royal Statistical Society B 32, 1970).
 */
function distanceChance(distance: number, effectiveSize: number): number {
  const root = Math.sqrt(effectiveSize);
  const scaled = (root + 0.12 + 0.11 / root) * distance;
  // Below this the series has not settled and the chance is 1 to all digits that matter.
  if (scaled < 0.3) return 1;
  let sum = 0;
  for (let term = 1; term <= MAX_TERMS; term++) {
    const part = Math.exp(-2 * term * term * scaled * scaled);
    sum += term % 2 === 1 ? part : -part;
    if (part <= sum * Number.EPSILON) break;
  }
  return Math.min(1, Math.max(0, 2 * sum));
}

/** Mean of a set; 0 for an empty one. */
export function meanOfSample({ values, size }: Sample): number {
  let sum = 0;
  for (let at = 0; at < values.length; at++) sum += values[at] as number;
  return size === 0 ? 0 : sum / size;
}

/** Standard error of the difference of two means, whose spreads may differ (Welch); 0 where it cannot be told. */
export function standardErrorOf(selection: Sample, baseline: Sample): number {
  if (selection.size < 2 || baseline.size < 2) return 0;
  return Math.sqrt(varianceOf(selection) / selection.size + varianceOf(baseline) / baseline.size);
}

function varianceOf(sample: Sample): number {
  const mean = meanOfSample(sample);
  const { values, size } = sample;
  let squares = (size - values.length) * mean * mean;
  for (let at = 0; at < values.length; at++) squares += ((values[at] as number) - mean) ** 2;
  return squares / (size - 1);
}
