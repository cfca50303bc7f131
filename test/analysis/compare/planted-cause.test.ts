/** Rates over 200 cases with fixed seeds: how often the cause is found, and how often there is a false alarm. */

import { describe, expect, it } from "vitest";
import type { CohortComparison } from "../../../src/analysis/compare/compare-cohorts.ts";
import { compareCohorts } from "../../../src/analysis/compare/compare-cohorts.ts";
import type { TraceSides } from "../../../src/analysis/compare/trace-sides.ts";
import { failedTraces, slowTraces, tracesAfter } from "../../../src/analysis/compare/trace-sides.ts";
import type { PlantedCohort } from "../../helpers/planted-cohort.ts";
import { causeOfCase, plantedCohort } from "../../helpers/planted-cohort.ts";

const CASES = 200;
/** Four in ten of what one answer compares at most: enough for a cause on 1 % of traces. */
const TRACES = 4_000;
const SLOW_SHARE = 0.05;
const NEEDED = CASES * 0.95;
const seeds = Array.from({ length: CASES }, (_, number) => number + 1);

function isFirst({ attributes }: CohortComparison, { cause }: PlantedCohort): boolean {
  return attributes[0]?.key === cause.key && attributes[0].value === cause.value;
}

/** Slow traces, failed ones, or the newer half, in turns. */
function sidesOf({ cohort }: PlantedCohort, seed: number): TraceSides {
  if (seed % 3 === 0) return slowTraces(cohort, SLOW_SHARE);
  if (seed % 3 === 1) return failedTraces(cohort);
  return tracesAfter(cohort, BigInt(TRACES / 2) * 1_000_000n);
}

describe("a comparison of sets", () => {
  it("ranks the planted cause first in at least 95 % of 200 cases", () => {
    const missed = seeds.filter((seed) => {
      const planted = plantedCohort({ seed, traces: TRACES, cause: causeOfCase(seed) });
      return !isFirst(compareCohorts(planted.cohort, slowTraces(planted.cohort, SLOW_SHARE)), planted);
    });
    expect(CASES - missed.length, `missed with the seeds ${missed.join()}`).toBeGreaterThanOrEqual(NEEDED);
  }, 120_000);

  it("says nothing in at least 95 % of 200 cases without a cause", () => {
    const alarmed = seeds.filter((seed) => {
      const planted = plantedCohort({ seed, traces: TRACES });
      const { attributes, conjunctions, numericAttributes, paths, tested } = compareCohorts(
        planted.cohort,
        sidesOf(planted, seed),
      );
      expect(tested.values).toBeGreaterThan(600);
      return attributes.length + conjunctions.length + numericAttributes.length + paths.length > 0;
    });
    expect(CASES - alarmed.length, `alarmed with the seeds ${alarmed.join()}`).toBeGreaterThanOrEqual(NEEDED);
  }, 120_000);
});
