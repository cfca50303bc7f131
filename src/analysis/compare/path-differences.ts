/** Call paths that take another share of the critical path in a selection of traces than in the rest. */

import type { Steps } from "../../base/time-slice.ts";
import { TRACES_PER_STEP } from "./attribute-counts.ts";
import type { CallPath, CallPathStep } from "./call-paths.ts";
import { canonicalRanks, stepsOf } from "./call-paths.ts";
import type { Cohort } from "./cohort.ts";
import type { Sample } from "./distributions.ts";
import { distributionDistance, meanOfSample, standardErrorOf } from "./distributions.ts";
import type { LogFactorials, TwoCounts } from "./proportions.ts";
import { differenceChance, sharesOf, twoProportionZ } from "./proportions.ts";
import type { TraceSides } from "./trace-sides.ts";
import { TraceSide } from "./trace-sides.ts";

/** What a call path is for one side. */
export interface PathSide {
  /** Traces with a span on the path. */
  readonly traceCount: number;
  /** Of the side's traces, 0 to 1. */
  readonly presence: number;
  /** Mean over the side's traces of the path's critical-path self time / the root's duration, 0 to 1. */
  readonly share: number;
  /** Mean over the side's traces of its critical-path self time; over all paths these sum to the mean duration. */
  readonly meanNanos: number;
}

/** How often the path is gone in the selection, against the baseline; `new` and `missing`: on one side only. */
export type PathPresenceChange = "new" | "missing" | "more" | "less" | "same";

/** A call path that differs. */
export interface PathDifference {
  /** From the root on; the innermost 64 of a longer path. */
  readonly path: readonly CallPathStep[];
  readonly change: PathPresenceChange;
  readonly selection: PathSide;
  readonly baseline: PathSide;
  /** Share in the selection less share in the baseline. */
  readonly shareDelta: number;
  /** Ends of the 95 % confidence interval of `shareDelta`. */
  readonly shareDeltaLow: number;
  readonly shareDeltaHigh: number;
  /** Of two proportions, for the traces that have the path; positive when more of the selection do. */
  readonly presenceZ: number;
  /** The chance of such a difference, in share or presence, on any path when there is none (Bonferroni), 0 to 1. */
  readonly chance: number;
}

/** How much is told, and how sure it has to be. */
export interface PathOptions {
  readonly maxChance: number;
  readonly maxPaths: number;
  /** Traces that have a path, on both sides together, for it to be tested. */
  readonly minSupport: number;
  readonly factorials: LogFactorials;
}

const MAX_STEPS = 64;
/** Of a normal distribution, 95 % lies within this many standard deviations. */
const CONFIDENCE_Z = 1.959964;
/** How often a path is there, and how its share is distributed: means alone mislead where most traces have 0. */
const TESTS_PER_PATH = 2;

/** What each path has on one side, by number of the path. */
class PathSums {
  /** Traces with a span on the path. */
  readonly traces: Uint32Array;
  readonly nanos: Float64Array;
  /** Shares above 0. */
  readonly #shares: (number[] | undefined)[] = [];

  constructor(paths: number) {
    this.traces = new Uint32Array(paths);
    this.nanos = new Float64Array(paths);
  }

  add(path: number, nanos: number, durationNanos: number): void {
    this.traces[path] = (this.traces[path] as number) + 1;
    this.nanos[path] = (this.nanos[path] as number) + nanos;
    if (nanos === 0 || durationNanos === 0) return;
    const shares = this.#shares[path] ?? [];
    this.#shares[path] = shares;
    shares.push(nanos / durationNanos);
  }

  /** The shares of all traces of the side. */
  sampleOf(path: number, size: number): Sample {
    return { values: Float64Array.from(this.#shares[path] ?? []).sort(), size };
  }
}

/** The paths whose difference is no accident, by difference of share, largest first. */
export function* pathDifferences(
  cohort: Cohort,
  sides: TraceSides,
  options: PathOptions,
): Steps<{ readonly paths: PathDifference[]; readonly testedCount: number }> {
  const { paths } = cohort.paths;
  const selection = new PathSums(paths.length);
  const baseline = new PathSums(paths.length);
  yield* addTraces(cohort, sides, { selection, baseline });
  const tested = paths.filter(
    ({ number }) =>
      (selection.traces[number] as number) + (baseline.traces[number] as number) >= options.minSupport,
  );
  const testCount = tested.length * TESTS_PER_PATH;
  const ranks = canonicalRanks(paths);
  const found: { readonly path: CallPath; readonly difference: PathDifference }[] = [];
  if (sides.selectionSize === 0 || sides.baselineSize === 0) return { paths: [], testedCount: tested.length };
  for (const path of tested) {
    const difference = differenceOn(path, sides, { selection, baseline, testCount, options });
    if (difference.chance <= options.maxChance) found.push({ path, difference });
    yield (difference.selection.traceCount + difference.baseline.traceCount) >>> 2;
  }
  found.sort(
    (left, right) =>
      Math.abs(right.difference.shareDelta) - Math.abs(left.difference.shareDelta) ||
      (ranks[left.path.number] as number) - (ranks[right.path.number] as number),
  );
  return {
    paths: found.slice(0, options.maxPaths).map(({ difference }) => difference),
    testedCount: tested.length,
  };
}

interface BothSums {
  readonly selection: PathSums;
  readonly baseline: PathSums;
}

function* addTraces(cohort: Cohort, { sides }: TraceSides, sums: BothSums): Steps<void> {
  const { values, ends } = cohort.pathNumbers;
  let at = 0;
  for (const [trace, end] of ends.entries()) {
    const side = sides[trace] === TraceSide.SELECTION ? sums.selection : sums.baseline;
    const durationNanos = cohort.durationsNanos[trace] as number;
    for (; at < end; at++) side.add(values[at] as number, cohort.pathNanos[at] as number, durationNanos);
    if (trace % TRACES_PER_STEP === TRACES_PER_STEP - 1) yield TRACES_PER_STEP;
  }
}

function differenceOn(
  path: CallPath,
  { selectionSize, baselineSize }: TraceSides,
  {
    selection,
    baseline,
    testCount,
    options,
  }: BothSums & { readonly testCount: number; readonly options: PathOptions },
): PathDifference {
  const counts: TwoCounts = {
    selectionCount: selection.traces[path.number] as number,
    selectionSize,
    baselineCount: baseline.traces[path.number] as number,
    baselineSize,
  };
  const shares = selection.sampleOf(path.number, selectionSize);
  const baselineShares = baseline.sampleOf(path.number, baselineSize);
  const { chance } = distributionDistance(shares, baselineShares);
  const shareDelta = meanOfSample(shares) - meanOfSample(baselineShares);
  const margin = CONFIDENCE_Z * standardErrorOf(shares, baselineShares);
  const { selectionShare, baselineShare } = sharesOf(counts);
  return {
    path: stepsOf(path, MAX_STEPS),
    change: changeOf(counts),
    selection: sideOf(selection, path.number, shares, selectionShare),
    baseline: sideOf(baseline, path.number, baselineShares, baselineShare),
    shareDelta,
    shareDeltaLow: shareDelta - margin,
    shareDeltaHigh: shareDelta + margin,
    presenceZ: twoProportionZ(counts),
    chance: Math.min(1, Math.min(chance, differenceChance(counts, options.factorials)) * testCount),
  };
}

function sideOf(sums: PathSums, path: number, shares: Sample, presence: number): PathSide {
  return {
    traceCount: sums.traces[path] as number,
    presence,
    share: meanOfSample(shares),
    meanNanos: (sums.nanos[path] as number) / shares.size,
  };
}

function changeOf(counts: TwoCounts): PathPresenceChange {
  if (counts.baselineCount === 0) return "new";
  if (counts.selectionCount === 0) return "missing";
  const { selectionShare, baselineShare } = sharesOf(counts);
  if (selectionShare === baselineShare) return "same";
  return selectionShare > baselineShare ? "more" : "less";
}
