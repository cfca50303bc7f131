import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atOnce } from "../../../src/base/time-slice.ts";
import type { MetricsFunction } from "../../../src/filter/query-model.ts";
import type { SummedValues } from "../../../src/filter/series/interval-sums.ts";
import { exponentOf } from "../../../src/filter/series/power-of-two.ts";
import { intervalOf } from "../../../src/filter/series/series-grid.ts";
import type { SeriesLabel } from "../../../src/filter/series/series-labels.ts";
import { SeriesSums } from "../../../src/filter/series/series-sums.ts";
import { shownSeries, THREE_TENS } from "../../helpers/series-run.ts";
import { unixNanoAt } from "../../helpers/trace-builder.ts";

const FUNCTIONS: readonly MetricsFunction[] = [
  ...(["rate", "count_over_time", "min_over_time", "max_over_time"] as const),
  ...(["avg_over_time", "sum_over_time", "quantile_over_time", "histogram_over_time"] as const),
];

interface Observation {
  readonly service: string | undefined;
  readonly atMillis: number;
  /** Whole numbers add up in any order without rounding. */
  readonly value: number;
}

const observations: fc.Arbitrary<Observation[]> = fc.array(
  fc.record({
    service: fc.constantFrom("cart", "shop", undefined),
    atMillis: fc.integer({ min: -11_000, max: 21_000 }),
    value: fc.integer({ min: 0, max: 2 ** 40 }),
  }),
  { maxLength: 60 },
);

const labelsOf = ({ service }: Observation): readonly SeriesLabel[] => [{ name: "service", value: service }];

function createSums(kind: MetricsFunction, maxExemplars = 0): SeriesSums {
  const by = [{ node: "attribute", scope: "any", key: "service", start: 0, end: 0 }] as const;
  const metrics = { function: kind, quantiles: [0.5, 0.99], by };
  const held = { add: () => {} };
  return new SeriesSums({ metrics, grid: THREE_TENS, isDuration: true, maxGroups: 10, maxExemplars, held });
}

const shown = (sums: SeriesSums) => shownSeries(atOnce(sums.series()));

/** What another source would have of the same observations: sums by label and interval. */
function summedUp(parts: readonly Observation[]): Map<string, SummedValues & { readonly of: Observation }> {
  const sums = new Map<string, SummedValues & { readonly of: Observation }>();
  for (const each of parts) {
    const key = `${each.service} ${intervalOf(THREE_TENS, unixNanoAt(each.atMillis))}`;
    const known = sums.get(key);
    const powers = new Map(known?.powers);
    const exponent = exponentOf(each.value);
    if (exponent !== undefined) powers.set(exponent, (powers.get(exponent) ?? 0) + 1);
    sums.set(key, {
      of: each,
      count: (known?.count ?? 0) + 1,
      sum: (known?.sum ?? 0) + each.value,
      min: Math.min(known?.min ?? Infinity, each.value),
      max: Math.max(known?.max ?? -Infinity, each.value),
      powers,
    });
  }
  return sums;
}

function addAll(sums: SeriesSums, all: readonly Observation[]): void {
  for (const each of all) sums.add(labelsOf(each), unixNanoAt(each.atMillis), each.value);
}

function addSummedUp(sums: SeriesSums, part: readonly Observation[]): void {
  for (const { of, ...summed } of summedUp(part).values()) {
    const interval = intervalOf(THREE_TENS, unixNanoAt(of.atMillis));
    if (interval !== -1) sums.addSums(labelsOf(of), interval, summed);
  }
}

describe("sums of series", () => {
  it.each(FUNCTIONS)("of %s are the same in any order, and put together of sums of any parts", (kind) => {
    fc.assert(
      fc.property(observations, fc.func(fc.nat({ max: 3 })), fc.func(fc.integer()), (all, partOf, rankOf) => {
        const one = createSums(kind);
        addAll(one, all);
        const other = createSums(kind);
        const shuffled = [...all].sort((left, right) => rankOf(left) - rankOf(right));
        const [single = [], ...summed] = [0, 1, 2, 3].map((part) =>
          shuffled.filter((each) => partOf(each) === part),
        );
        addAll(other, single);
        for (const part of summed) addSummedUp(other, part);
        expect(shown(other)).toEqual(shown(one));
      }),
    );
  });

  it("choose the same exemplars in any order", () => {
    fc.assert(
      fc.property(observations, fc.func(fc.integer()), fc.nat({ max: 9 }), (all, rankOf, most) => {
        const picked = (list: readonly Observation[]) => {
          const sums = createSums("max_over_time", most);
          for (const each of list) {
            const spanId = `${each.service} ${each.value}`;
            sums.add(labelsOf(each), unixNanoAt(each.atMillis), each.value, () => ({ traceId: "", spanId }));
          }
          return atOnce(sums.series()).flatMap(({ exemplars }) => exemplars);
        };
        const shuffled = [...all].sort((left, right) => rankOf(left) - rankOf(right));
        expect(picked(shuffled)).toEqual(picked(all));
        expect(picked(all).length).toBeLessThanOrEqual(most);
      }),
    );
  });

  it("say that there were more groups than may be, and keep those that came first", () => {
    const sums = createSums("rate");
    for (let group = 0; group < 10; group++)
      sums.addSums([{ name: "service", value: BigInt(group) }], 0, { count: 1 });
    expect(sums.isCut).toBe(false);
    sums.addSums([{ name: "service", value: 10n }], 0, { count: 1 });
    expect(sums.isCut).toBe(true);
    expect(Object.keys(shown(sums))).toHaveLength(10);
  });

  it("tell texts from numbers of the same letters", () => {
    const sums = createSums("count_over_time");
    for (const value of ["1", 1n, 1, true, "true"])
      sums.addSums([{ name: "service", value }], 0, { count: 1 });
    expect(Object.keys(shown(sums)).sort()).toEqual([
      'service="1"',
      'service="true"',
      "service=1",
      "service=1.0",
      "service=true",
    ]);
  });
});
