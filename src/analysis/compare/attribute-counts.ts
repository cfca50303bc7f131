/** How often each attribute value comes on either side of a comparison. */

import type { Steps } from "../../base/time-slice.ts";
import type { Cohort, TraceNumbers } from "./cohort.ts";
import type { TwoCounts } from "./proportions.ts";
import { sharesOf } from "./proportions.ts";
import type { TraceSides } from "./trace-sides.ts";
import { TraceSide } from "./trace-sides.ts";

/** Traces looked at between two chances for others to run. */
export const TRACES_PER_STEP = 256;
/** Values tested between two chances for others to run. */
export const PAIRS_PER_STEP = 256;

/** Traces with each number of some list, by that number. */
export interface SideCounts {
  readonly selection: Uint32Array;
  readonly baseline: Uint32Array;
}

/** Counts numbers below `bound`, each once a trace, over the traces that `isCounted` allows. */
export function* countBySide(
  numbers: TraceNumbers,
  { sides }: TraceSides,
  bound: number,
  isCounted: (trace: number) => boolean = () => true,
): Steps<SideCounts> {
  const counts: SideCounts = { selection: new Uint32Array(bound), baseline: new Uint32Array(bound) };
  let at = 0;
  for (let trace = 0; trace < sides.length; trace++) {
    const end = numbers.ends[trace] as number;
    const side = sides[trace] === TraceSide.SELECTION ? counts.selection : counts.baseline;
    if (isCounted(trace)) {
      for (let each = at; each < end; each++) {
        const number = numbers.values[each] as number;
        side[number] = (side[number] as number) + 1;
      }
    }
    at = end;
    if (trace % TRACES_PER_STEP === TRACES_PER_STEP - 1) yield TRACES_PER_STEP;
  }
  return counts;
}

/** The counts of one number. */
export function countsOf(
  { selection, baseline }: SideCounts,
  { selectionSize, baselineSize }: TraceSides,
  number: number,
): TwoCounts {
  return {
    selectionCount: selection[number] as number,
    selectionSize,
    baselineCount: baseline[number] as number,
    baselineSize,
  };
}

/** |share in the selection - share in the baseline|. */
export function scoreOf(counts: TwoCounts): number {
  const { selectionShare, baselineShare } = sharesOf(counts);
  return Math.abs(selectionShare - baselineShare);
}

/** What is tested: every value that enough traces have and not all of them. */
export interface TestedPairs {
  readonly counts: SideCounts;
  /** Numbers of the pairs, ascending. */
  readonly pairs: readonly number[];
}

/** The pairs to be tested. Which they are does not depend on the sides, so testing them all is fair. */
export function* testedPairs(
  cohort: Cohort,
  sides: TraceSides,
  { minSupport, isExcluded }: { readonly minSupport: number; readonly isExcluded: (key: string) => boolean },
): Steps<TestedPairs> {
  const all = cohort.attributes.pairs;
  const counts = yield* countBySide(cohort.pairs, sides, all.length);
  const pairs: number[] = [];
  for (const [number, { key }] of all.entries()) {
    const support = (counts.selection[number] as number) + (counts.baseline[number] as number);
    if (support >= minSupport && support < cohort.traceCount && !isExcluded(key)) pairs.push(number);
  }
  return { counts, pairs };
}

/** The traces that have a pair, and the critical-path time of its spans. */
export interface PairTraces {
  /** A bit a trace. */
  readonly set: Uint32Array;
  selectionNanos: number;
  baselineNanos: number;
}

/** The traces that have each of some pairs, by number of the pair. */
export function* tracesWith(
  cohort: Cohort,
  { sides }: TraceSides,
  pairs: readonly number[],
): Steps<Map<number, PairTraces>> {
  const words = (cohort.traceCount + 31) >>> 5;
  const found = new Map<number, PairTraces>();
  for (const pair of pairs) {
    found.set(pair, { set: new Uint32Array(words), selectionNanos: 0, baselineNanos: 0 });
  }
  const { values, ends } = cohort.pairs;
  let at = 0;
  for (const [trace, end] of ends.entries()) {
    for (; at < end; at++) {
      const each = found.get(values[at] as number);
      if (each === undefined) continue;
      const nanos = cohort.pairNanos[at] as number;
      each.set[trace >>> 5] = (each.set[trace >>> 5] as number) | (1 << (trace & 31));
      if (sides[trace] === TraceSide.SELECTION) each.selectionNanos += nanos;
      else each.baselineNanos += nanos;
    }
    if (trace % TRACES_PER_STEP === TRACES_PER_STEP - 1) yield TRACES_PER_STEP;
  }
  return found;
}

/** True when the set has the trace. */
export function hasTrace(set: Uint32Array, trace: number): boolean {
  return ((set[trace >>> 5] as number) & (1 << (trace & 31))) !== 0;
}

/** How much two sets have in common: size of the intersection / size of the union, 0 to 1. */
export function overlapOf(left: Uint32Array, right: Uint32Array): number {
  let both = 0;
  let either = 0;
  for (let word = 0; word < left.length; word++) {
    both += bitsIn((left[word] as number) & (right[word] as number));
    either += bitsIn((left[word] as number) | (right[word] as number));
  }
  return either === 0 ? 0 : both / either;
}

function bitsIn(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
