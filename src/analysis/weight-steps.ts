/** Weights as whole numbers of 1/1,024: sums of them are exact, and do not depend on their order. */

/** Steps of a weight of 1. */
export const WEIGHT_STEPS = 1_024;
const MAX_WEIGHT = 2 ** 30;

/**
 * The steps of a weight, rounded to the nearest.
 *
 * @throws RangeError unless it is from 1/1,024 to 2^30.
 */
export function stepsOfWeight(weight: number): number {
  if (!(weight >= 1 / WEIGHT_STEPS && weight <= MAX_WEIGHT)) {
    throw new RangeError(`expected a weight from 1/${WEIGHT_STEPS} to ${MAX_WEIGHT}, got ${weight}`);
  }
  return Math.round(weight * WEIGHT_STEPS);
}

/** The weight of steps. */
export function weightOfSteps(steps: number): number {
  return steps / WEIGHT_STEPS;
}
