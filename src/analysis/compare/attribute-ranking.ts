/** Attribute values ranked by how much more, or less, frequent they are in a selection of traces than in the rest. */

import type { Steps } from "../../base/time-slice.ts";
import type { PairTraces, TestedPairs } from "./attribute-counts.ts";
import { countsOf, overlapOf, PAIRS_PER_STEP, scoreOf, tracesWith } from "./attribute-counts.ts";
import type { AttributePair, AttributePairs } from "./attribute-pairs.ts";
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
  /**
   * Mean critical-path self time, over all traces of a side, of the spans that have the value: selection less baseline,
   * in nanoseconds.
   */
  readonly criticalDeltaNanos: number;
  /**
   * Other values that nearly the same traces have, at most 10, those whose spans have most to do with the difference
   * first. Which of them is the cause the traces do not say.
   */
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
  for (const [at, pair] of tested.pairs.entries()) {
    if (at % PAIRS_PER_STEP === PAIRS_PER_STEP - 1) yield PAIRS_PER_STEP;
    const counts = countsOf(tested.counts, sides, pair);
    // The exact chance takes longer than z and is never smaller.
    if (normalChance(twoProportionZ(counts)) * options.testCount > options.maxChance) continue;
    const difference = differenceOf(counts, options);
    if (difference.chance <= options.maxChance) candidates.push({ pair, difference });
  }
  const { pairs } = cohort.attributes;
  candidates.sort((left, right) => compareCandidates(left, right, pairs));
  candidates.length = Math.min(candidates.length, MAX_CANDIDATES);
  return yield* foldAlike(cohort, sides, candidates, options.maxAttributes);
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

/** A value beside others that nearly the same traces have. */
interface Member {
  readonly candidate: Candidate;
  readonly criticalDeltaNanos: number;
}

/** From this share of the largest difference in time on, the value that the fewest spans have is the most telling. */
const MUCH_OF_THE_TIME = 0.8;

/**
 * Tells of values that nearly the same traces have as of one: of those whose spans differ most in time on the critical
 * path the one that the fewest spans of a trace have. The address of what was slow says more than the host that called
 * it.
 */
function* foldAlike(
  cohort: Cohort,
  sides: TraceSides,
  candidates: readonly Candidate[],
  maxAttributes: number,
): Steps<AttributeDifference[]> {
  const traces = yield* tracesWith(
    cohort,
    sides,
    candidates.map(({ pair }) => pair),
  );
  const groups: { readonly set: Uint32Array; readonly members: Member[] }[] = [];
  for (const candidate of candidates) {
    const found = traces.get(candidate.pair) as PairTraces;
    const member = { candidate, criticalDeltaNanos: criticalDelta(found, sides) };
    const group = groups.find(({ set }) => overlapOf(set, found.set) >= SAME_TRACES);
    if (group !== undefined) group.members.push(member);
    else groups.push({ set: found.set, members: [member] });
    yield groups.length;
  }
  return groups.slice(0, maxAttributes).map(({ members }) => told(members, cohort.attributes));
}

function criticalDelta({ selectionNanos, baselineNanos }: PairTraces, sides: TraceSides): number {
  return selectionNanos / sides.selectionSize - baselineNanos / sides.baselineSize;
}

function told(members: readonly Member[], { pairs, spanCounts }: AttributePairs): AttributeDifference {
  const pairOf = ({ candidate }: Member): AttributePair => pairs[candidate.pair] as AttributePair;
  // Whole spans a trace, so that values as widespread as one another stay in the order of their scores.
  const spansOf = ({ candidate: { pair, difference } }: Member): number =>
    Math.round((spanCounts[pair] as number) / (difference.selectionCount + difference.baselineCount));
  const most = Math.max(...members.map(timeOf));
  const hasMuch = (member: Member): boolean => timeOf(member) >= most * MUCH_OF_THE_TIME;
  const telling = members.filter(hasMuch).sort((left, right) => spansOf(left) - spansOf(right));
  const others = members
    .filter((member) => !hasMuch(member))
    .sort((left, right) => timeOf(right) - timeOf(left));
  const [first, ...alongside] = [...telling, ...others] as [Member, ...Member[]];
  return {
    ...pairOf(first),
    ...first.candidate.difference,
    criticalDeltaNanos: first.criticalDeltaNanos,
    alongside: alongside.slice(0, MAX_ALONGSIDE).map(pairOf),
  };
}

function timeOf({ criticalDeltaNanos }: Member): number {
  return Math.abs(criticalDeltaNanos);
}
