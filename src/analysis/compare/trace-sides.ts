/** Which traces of a cohort are compared with which. */

import { quantileOfSorted } from "../quantile.ts";
import type { Cohort } from "./cohort.ts";

/** On which side of a comparison a trace is. */
export const TraceSide: { readonly BASELINE: 0; readonly SELECTION: 1 } = Object.freeze({
  BASELINE: 0,
  SELECTION: 1,
});

/** A side of each trace, and how many are on each. */
export interface TraceSides {
  /** 1 for a trace of the selection, 0 for one of the baseline, by number of the trace. */
  readonly sides: Uint8Array;
  readonly selectionSize: number;
  readonly baselineSize: number;
}

/** The traces that `isSelected` picks against the rest. */
export function splitTraces(cohort: Cohort, isSelected: (trace: number) => boolean): TraceSides {
  const sides = new Uint8Array(cohort.traceCount);
  let selectionSize = 0;
  for (let trace = 0; trace < sides.length; trace++) {
    if (!isSelected(trace)) continue;
    sides[trace] = TraceSide.SELECTION;
    selectionSize++;
  }
  return { sides, selectionSize, baselineSize: sides.length - selectionSize };
}

/** Traces with a span in error against those without. */
export function failedTraces(cohort: Cohort): TraceSides {
  return splitTraces(cohort, (trace) => cohort.errors[trace] === true);
}

/**
 * The slowest traces against the rest: those above the quantile that leaves `share` (0 to 1) of them above it. Traces
 * as long as the quantile are not slow, so many equal durations make the selection smaller.
 */
export function slowTraces(cohort: Cohort, share: number): TraceSides {
  const sorted = Float64Array.from(cohort.durationsNanos).sort();
  const threshold = quantileOfSorted(sorted, 1 - share);
  return splitTraces(cohort, (trace) => (cohort.durationsNanos[trace] as number) > threshold);
}

/** Traces that start at the moment or later against those before. */
export function tracesAfter(cohort: Cohort, splitUnixNano: bigint): TraceSides {
  return splitTraces(cohort, (trace) => (cohort.startTimesUnixNano[trace] as bigint) >= splitUnixNano);
}
