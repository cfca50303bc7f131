/** Numeric attributes ranked by how differently they are distributed in a selection of traces and in the rest. */

import type { Steps } from "../../base/time-slice.ts";
import { quantileOfSorted } from "../quantile.ts";
import { TRACES_PER_STEP } from "./attribute-counts.ts";
import type { Cohort } from "./cohort.ts";
import { distributionDistance } from "./distributions.ts";
import type { TraceSides } from "./trace-sides.ts";
import { TraceSide } from "./trace-sides.ts";

/** A numeric attribute whose values differ. Of a trace its largest value counts; traces without it do not. */
export interface NumericDifference {
  readonly key: string;
  /** Largest difference of the shares of traces below any value, 0 to 1 (Kolmogorov and Smirnov). */
  readonly distance: number;
  /** The chance of such a distance anywhere among all that was tested, when there is none (Bonferroni), 0 to 1. */
  readonly chance: number;
  /** Traces of the selection that have it. */
  readonly selectionCount: number;
  readonly baselineCount: number;
  readonly selectionMedian: number;
  readonly baselineMedian: number;
}

/** Values of one attribute on either side, ascending. */
export interface NumericSamples {
  readonly key: string;
  readonly selection: Float64Array;
  readonly baseline: Float64Array;
}

/** Attributes with enough values on either side to be tested. */
export function* numericSamples(
  cohort: Cohort,
  { sides }: TraceSides,
  { minSupport, isExcluded }: { readonly minSupport: number; readonly isExcluded: (key: string) => boolean },
): Steps<NumericSamples[]> {
  const { keys } = cohort.attributes;
  const selection: number[][] = keys.map(() => []);
  const baseline: number[][] = keys.map(() => []);
  const { values: numberKeys, ends } = cohort.numberKeys;
  let at = 0;
  for (const [trace, end] of ends.entries()) {
    const lists = sides[trace] === TraceSide.SELECTION ? selection : baseline;
    for (; at < end; at++) lists[numberKeys[at] as number]?.push(cohort.numberValues[at] as number);
    if (trace % TRACES_PER_STEP === TRACES_PER_STEP - 1) yield TRACES_PER_STEP;
  }
  const samples: NumericSamples[] = [];
  for (const [number, key] of keys.entries()) {
    const selected = selection[number] ?? [];
    const rest = baseline[number] ?? [];
    if (selected.length < minSupport || rest.length < minSupport || isExcluded(key)) continue;
    samples.push({
      key,
      selection: Float64Array.from(selected).sort(),
      baseline: Float64Array.from(rest).sort(),
    });
    yield (selected.length + rest.length) >>> 2;
  }
  return samples;
}

/** The attributes whose distance is no accident, largest first. */
export function* rankNumbers(
  samples: readonly NumericSamples[],
  options: { readonly testCount: number; readonly maxChance: number; readonly maxAttributes: number },
): Steps<NumericDifference[]> {
  const found: NumericDifference[] = [];
  for (const { key, selection, baseline } of samples) {
    const { distance, chance } = distributionDistance(
      { values: selection, size: selection.length },
      { values: baseline, size: baseline.length },
    );
    yield (selection.length + baseline.length) >>> 2;
    const ofAll = Math.min(1, chance * options.testCount);
    if (ofAll > options.maxChance) continue;
    found.push({
      key,
      distance,
      chance: ofAll,
      selectionCount: selection.length,
      baselineCount: baseline.length,
      selectionMedian: quantileOfSorted(selection, 0.5),
      baselineMedian: quantileOfSorted(baseline, 0.5),
    });
  }
  found.sort((left, right) => right.distance - left.distance || (left.key < right.key ? -1 : 1));
  return found.slice(0, options.maxAttributes);
}
