/** Pairs of attribute values that differ together more than either does alone. */

import type { Steps } from "../../base/time-slice.ts";
import type { PairTraces, TestedPairs } from "./attribute-counts.ts";
import { countBySide, countsOf, hasTrace, PAIRS_PER_STEP, scoreOf, tracesWith } from "./attribute-counts.ts";
import type { AttributePair } from "./attribute-pairs.ts";
import type { Difference, RankingOptions } from "./attribute-ranking.ts";
import { differenceOf } from "./attribute-ranking.ts";
import type { Cohort } from "./cohort.ts";
import type { TwoCounts } from "./proportions.ts";
import { differenceChance } from "./proportions.ts";
import type { TraceSides } from "./trace-sides.ts";

/** Two values that the same trace has, not necessarily on one span. */
export interface ConjunctionDifference extends Difference {
  readonly conditions: readonly [AttributePair, AttributePair];
}

/** Values that are tried with every other one: those with the largest scores. */
const MAX_SEEDS = 10;
const MAX_CONJUNCTIONS = 5;
/** Two values together are worth telling when their score is this many times that of the better one. */
const MIN_GAIN = 1.1;

interface Found {
  readonly seed: number;
  readonly other: number;
  readonly difference: Difference;
}

/**
 * The best conjunctions of two, found greedily: the values with the largest scores are each tried with all others. A
 * conjunction is told when it beats both of its parts. Its chance counts every pair of values there is, since the seeds
 * are chosen after looking.
 */
export function* findConjunctions(
  cohort: Cohort,
  sides: TraceSides,
  tested: TestedPairs,
  options: Omit<RankingOptions, "testCount"> & { readonly minSupport: number },
): Steps<ConjunctionDifference[]> {
  const { pairs } = tested;
  const testCount = (pairs.length * (pairs.length - 1)) / 2;
  const seeds = seedsOf(sides, tested);
  const traces = yield* tracesWith(cohort, sides, seeds);
  const found: Found[] = [];
  for (const seed of seeds) {
    const { set } = traces.get(seed) as PairTraces;
    const together = yield* countBySide(cohort.pairs, sides, cohort.attributes.pairs.length, (trace) =>
      hasTrace(set, trace),
    );
    for (const [at, other] of pairs.entries()) {
      if (at % PAIRS_PER_STEP === PAIRS_PER_STEP - 1) yield PAIRS_PER_STEP;
      const counts = countsOf(together, sides, other);
      if (!isWorthTelling(cohort, sides, tested, { seed, other, counts, testCount, ...options })) continue;
      found.push({ seed, other, difference: differenceOf(counts, { ...options, testCount }) });
    }
  }
  return bestOf(found, cohort.attributes.pairs);
}

function seedsOf(sides: TraceSides, { counts, pairs }: TestedPairs): number[] {
  const scores = new Map(pairs.map((pair) => [pair, scoreOf(countsOf(counts, sides, pair))]));
  const byScore = [...pairs].sort(
    (left, right) => (scores.get(right) as number) - (scores.get(left) as number) || left - right,
  );
  return byScore.slice(0, MAX_SEEDS);
}

interface Trial extends Pick<RankingOptions, "maxChance" | "factorials" | "testCount"> {
  readonly seed: number;
  readonly other: number;
  /** Of traces with both. */
  readonly counts: TwoCounts;
  readonly minSupport: number;
}

function isWorthTelling(cohort: Cohort, sides: TraceSides, tested: TestedPairs, trial: Trial): boolean {
  const { seed, other, counts, minSupport, maxChance, testCount, factorials } = trial;
  const { pairs } = cohort.attributes;
  if (pairs[seed]?.key === pairs[other]?.key) return false;
  if (counts.selectionCount + counts.baselineCount < minSupport) return false;
  const scoreAlone = (pair: number): number => scoreOf(countsOf(tested.counts, sides, pair));
  const better = Math.max(scoreAlone(seed), scoreAlone(other));
  if (scoreOf(counts) < better * MIN_GAIN) return false;
  return differenceChance(counts, factorials) * testCount <= maxChance;
}

/** Largest score first, each two values once. */
function bestOf(found: readonly Found[], pairs: readonly AttributePair[]): ConjunctionDifference[] {
  const sorted = [...found].sort(
    (left, right) =>
      right.difference.score - left.difference.score || left.seed - right.seed || left.other - right.other,
  );
  const seen = new Set<string>();
  const best: ConjunctionDifference[] = [];
  for (const { seed, other, difference } of sorted) {
    const key = `${Math.min(seed, other)} ${Math.max(seed, other)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    best.push({ conditions: [pairs[seed] as AttributePair, pairs[other] as AttributePair], ...difference });
    if (best.length === MAX_CONJUNCTIONS) break;
  }
  return best;
}
