/** Attribute values ranked by how much more, or less, frequent they are in a selection of traces than in the rest. */

import type { Steps } from "../../base/time-slice.ts";
import type { TestedPairs } from "./attribute-counts.ts";
import { countsOf, overlapOf, scoreOf, tracesWith } from "./attribute-counts.ts";
import type { AttributePair } from "./attribute-pairs.ts";
import type { Cohort } from "./cohort.ts";
import type { LogFactorials, TwoCounts } from "./proportions.ts";
import { differenceChance, normalChance, sharesOf, twoProportionZ } from "./proportions.ts";
import type { TraceSides } from "./trace-sides.ts";

/** How something comes in the selection and in the baseline. */
export interface Difference {
  readonly selectionCount: number;
  /** Of the selection's traces, 0 to 1: the coverage. */
  readonly selectionShare: number;
  readonly baselineCount: number;
  /** Of the baseline's traces, 0 to 1. */
  readonly baselineShare: number;
  /** |selectionShare - baselineShare|. */
  readonly score: number;
  /** Of two proportions; positive when it is more frequent in the selection. */
  readonly z: number;
  /** The chance of such a difference anywhere among all that was tested, when there is none (Bonferroni), 0 to 1. */
  readonly chance: number;
  /** Of the traces that have it, those in the selection, 0 to 1. */
  readonly purity: number;
  /** Purity / the selection's share of all traces: how many times likelier such a trace is to be in the selection. */
  readonly lift: number;
}

/** An attribute value that differs. */
export interface AttributeDifference extends AttributePair, Difference {
  /** Other values that nearly the same traces have, at most 10: nothing tells which of them matters. */
  readonly alongside: readonly AttributePair[];
}

/** How much is told, and how sure it has to be. */
export interface RankingOptions {
  /** Largest {@link Difference.chance} that is told. */
  readonly maxChance: number;
  readonly maxAttributes: number;
  readonly factorials: LogFactorials;
  /** Everything tested at once, these values included. */
  readonly testCount: number;
}

/** Values looked at for having the same traces as another: sets of 10,000 traces take 1.25 KiB each. */
const MAX_CANDIDATES = 256;
/** From here on two sets of traces are nearly the same. */
const SAME_TRACES = 0.9;
const MAX_ALONGSIDE = 10;

interface Candidate {
  readonly pair: number;
  readonly difference: Difference;
}

/** What counts say; the chance is of `testCount` tests together. */
export function differenceOf(
  counts: TwoCounts,
  { factorials, testCount }: Pick<RankingOptions, "factorials" | "testCount">,
): Difference {
  const { selectionCount, selectionSize, baselineCount, baselineSize } = counts;
  const support = selectionCount + baselineCount;
  const purity = support === 0 ? 0 : selectionCount / support;
  const selectionOfAll = selectionSize / (selectionSize + baselineSize);
  return {
    selectionCount,
    baselineCount,
    ...sharesOf(counts),
    score: scoreOf(counts),
    z: twoProportionZ(counts),
    chance: Math.min(1, differenceChance(counts, factorials) * testCount),
    purity,
    lift: selectionOfAll === 0 ? 0 : purity / selectionOfAll,
  };
}

/** The values whose difference is no accident, by score, largest first. */
export function* rankAttributes(
  cohort: Cohort,
  sides: TraceSides,
  tested: TestedPairs,
  options: RankingOptions,
): Steps<AttributeDifference[]> {
  const candidates: Candidate[] = [];
  for (const pair of tested.pairs) {
    const counts = countsOf(tested.counts, sides, pair);
    // The exact chance takes longer than z and is never smaller.
    if (normalChance(twoProportionZ(counts)) * options.testCount > options.maxChance) continue;
    const difference = differenceOf(counts, options);
    if (difference.chance <= options.maxChance) candidates.push({ pair, difference });
  }
  yield tested.pairs.length;
  const { pairs } = cohort.attributes;
  candidates.sort((left, right) => compareCandidates(left, right, pairs));
  candidates.length = Math.min(candidates.length, MAX_CANDIDATES);
  return yield* foldAlike(cohort, candidates, options.maxAttributes);
}

/** By score, then what the selection has before what it lacks, then by name. */
function compareCandidates(left: Candidate, right: Candidate, pairs: readonly AttributePair[]): number {
  return (
    roundedScore(right) - roundedScore(left) ||
    right.difference.z - left.difference.z ||
    comparePairs(pairs[left.pair] as AttributePair, pairs[right.pair] as AttributePair)
  );
}

/** The two values of a key that has no others have one score, give or take the last digits. */
function roundedScore({ difference }: Candidate): number {
  return Math.round(difference.score * 1e12);
}

function comparePairs(left: AttributePair, right: AttributePair): number {
  if (left.key !== right.key) return left.key < right.key ? -1 : 1;
  if (left.value === right.value) return 0;
  return left.value < right.value ? -1 : 1;
}

/** Puts values that nearly the same traces have under the first of them. */
function* foldAlike(
  cohort: Cohort,
  candidates: readonly Candidate[],
  maxAttributes: number,
): Steps<AttributeDifference[]> {
  const sets = yield* tracesWith(
    cohort,
    candidates.map(({ pair }) => pair),
  );
  const heads: { readonly candidate: Candidate; readonly set: Uint32Array; alongside: AttributePair[] }[] =
    [];
  for (const candidate of candidates) {
    const set = sets.get(candidate.pair) as Uint32Array;
    const head = heads.find((each) => overlapOf(each.set, set) >= SAME_TRACES);
    const pair = cohort.attributes.pairs[candidate.pair] as AttributePair;
    if (head === undefined) {
      if (heads.length < maxAttributes) heads.push({ candidate, set, alongside: [] });
    } else if (head.alongside.length < MAX_ALONGSIDE) head.alongside.push(pair);
    yield heads.length;
  }
  return heads.map(({ candidate, alongside }) => ({
    ...(cohort.attributes.pairs[candidate.pair] as AttributePair),
    ...candidate.difference,
    alongside,
  }));
}
