/** One set of traces against another: structure, critical path, attributes, durations. */

import type { Steps } from "../../base/time-slice.ts";
import { atOnce } from "../../base/time-slice.ts";
import { quantileOfSorted } from "../quantile.ts";
import { testedPairs } from "./attribute-counts.ts";
import type { AttributeDifference } from "./attribute-ranking.ts";
import { rankAttributes } from "./attribute-ranking.ts";
import type { Cohort } from "./cohort.ts";
import type { ConjunctionDifference } from "./conjunctions.ts";
import { findConjunctions } from "./conjunctions.ts";
import type { NumericDifference } from "./numeric-ranking.ts";
import { numericSamples, rankNumbers } from "./numeric-ranking.ts";
import type { PathDifference } from "./path-differences.ts";
import { pathDifferences } from "./path-differences.ts";
import { LogFactorials } from "./proportions.ts";
import type { TraceSides } from "./trace-sides.ts";
import { TraceSide } from "./trace-sides.ts";

/** Root durations of both sets at one percentile, linear interpolation between ranks. */
export interface PercentilePair {
  /** 0 to 100. */
  readonly percentile: number;
  readonly selectionNanos: number;
  readonly baselineNanos: number;
}

/** How two sets of traces differ. What could well be accident is not told. */
export interface CohortComparison {
  readonly selectionSize: number;
  readonly baselineSize: number;
  /** Empty when either set is. */
  readonly percentiles: readonly PercentilePair[];
  /** By score, largest first. */
  readonly attributes: readonly AttributeDifference[];
  /** Two values together where that says more than either, by score, largest first. */
  readonly conjunctions: readonly ConjunctionDifference[];
  /** By distance, largest first. */
  readonly numericAttributes: readonly NumericDifference[];
  /** By difference of share, largest first. */
  readonly paths: readonly PathDifference[];
  /** How much was tested: what the chances are corrected for. */
  readonly tested: { readonly values: number; readonly numbers: number; readonly paths: number };
}

/** How sets are compared. */
export interface CohortOptions {
  /**
   * Largest chance of telling of any attribute, or of any path, where there is no difference. Default 0.01: of a
   * hundred comparisons of like sets one may say something.
   */
  readonly maxChance?: number;
  /** Traces, of both sets together, that have a value or path for it to be tested. Default 5. */
  readonly minSupport?: number;
  /** Attribute values, numeric attributes, and paths told at most, each. Default 50. */
  readonly maxListed?: number;
  /** Keys that are not looked at: those the selection was made by. */
  readonly excludedKeys?: readonly string[];
}

const DEFAULT_MAX_CHANCE = 0.01;
const DEFAULT_MIN_SUPPORT = 5;
const DEFAULT_MAX_LISTED = 50;
const PERCENTILES: readonly number[] = [1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9];

/**
 * Compares the selected traces of a cohort with the rest.
 *
 * Attribute values are ranked by the difference of the shares of traces that have them, numeric attributes by the
 * distance of their distributions. Only what is no accident is told: everything tested is counted, and a value is
 * tested whether it differs or not.
 *
 * @example
 * const cohort = new Cohort();
 * for (const trace of traces) addTrace(cohort, trace);
 * compareCohorts(cohort, failedTraces(cohort)).attributes[0]; // what failed traces have and others do not
 */
export function compareCohorts(
  cohort: Cohort,
  sides: TraceSides,
  options: CohortOptions = {},
): CohortComparison {
  return atOnce(compareCohortsInSteps(cohort, sides, options));
}

/** {@link compareCohorts} as work that can be done in slices. */
export function* compareCohortsInSteps(
  cohort: Cohort,
  sides: TraceSides,
  options: CohortOptions = {},
): Steps<CohortComparison> {
  const { maxChance = DEFAULT_MAX_CHANCE, minSupport = DEFAULT_MIN_SUPPORT } = options;
  const { maxListed = DEFAULT_MAX_LISTED, excludedKeys = [] } = options;
  const factorials = new LogFactorials(cohort.traceCount);
  const isExcluded = (key: string): boolean => excludedKeys.includes(key);
  const tested = yield* testedPairs(cohort, sides, { minSupport, isExcluded });
  const samples = yield* numericSamples(cohort, sides, { minSupport, isExcluded });
  const testCount = tested.pairs.length + samples.length;
  const ranking = { maxChance, maxAttributes: maxListed, factorials, testCount, minSupport };
  const attributes = yield* rankAttributes(cohort, sides, tested, ranking);
  const conjunctions = yield* findConjunctions(cohort, sides, tested, ranking);
  const numericAttributes = yield* rankNumbers(samples, ranking);
  const paths = yield* pathDifferences(cohort, sides, {
    maxChance,
    maxPaths: maxListed,
    minSupport,
    factorials,
  });
  return {
    selectionSize: sides.selectionSize,
    baselineSize: sides.baselineSize,
    percentiles: percentilesOf(cohort, sides),
    attributes,
    conjunctions,
    numericAttributes,
    paths: paths.paths,
    tested: { values: tested.pairs.length, numbers: samples.length, paths: paths.testedCount },
  };
}

function percentilesOf(cohort: Cohort, { sides, selectionSize, baselineSize }: TraceSides): PercentilePair[] {
  if (selectionSize === 0 || baselineSize === 0) return [];
  const durationsOn = (side: number): Float64Array =>
    Float64Array.from(cohort.durationsNanos.filter((_, trace) => sides[trace] === side)).sort();
  const selection = durationsOn(TraceSide.SELECTION);
  const baseline = durationsOn(TraceSide.BASELINE);
  return PERCENTILES.map((percentile) => ({
    percentile,
    selectionNanos: quantileOfSorted(selection, percentile / 100),
    baselineNanos: quantileOfSorted(baseline, percentile / 100),
  }));
}
