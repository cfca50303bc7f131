/** What is done with whole series: the greatest and least of each interval, and those beyond a bound. */

import type { Steps } from "../../base/time-slice.ts";
import { compareNumbers, fitsOrder } from "../evaluator/comparison.ts";
import type { SeriesStage } from "../query-model.ts";
import type { Series } from "./series.ts";

/**
 * Runs the stages, one over what the one before left. Series that keep no value are left out, as are exemplars of values
 * that are gone.
 *
 * @param series - by their labels: of equal values those of the first series are taken
 */
export function* runSeriesStages(
  series: readonly Series[],
  stages: readonly SeriesStage[],
  intervalAt: (timeUnixNano: bigint) => number,
): Steps<readonly Series[]> {
  let left = series;
  for (const stage of stages) {
    const values =
      stage.node === "threshold" ? yield* beyond(left, stage) : yield* best(left, stage.count, stage.node);
    left = left
      .map((each, number) => keep(each, values[number] as Float64Array, intervalAt))
      .filter(hasValue);
  }
  return left;
}

function* beyond(
  series: readonly Series[],
  { operator, value: bound }: Extract<SeriesStage, { readonly node: "threshold" }>,
): Steps<Float64Array[]> {
  const kept: Float64Array[] = [];
  for (const { values } of series) {
    kept.push(
      values.map((value) => {
        const order = compareNumbers(value, bound);
        return order !== undefined && fitsOrder(operator, order) ? value : Number.NaN;
      }),
    );
    yield values.length;
  }
  return kept;
}

function* best(series: readonly Series[], count: number, which: "topk" | "bottomk"): Steps<Float64Array[]> {
  const kept = series.map(({ values }) => new Float64Array(values.length).fill(Number.NaN));
  const intervals = series[0]?.values.length ?? 0;
  const direction = which === "topk" ? -1 : 1;
  for (let interval = 0; interval < intervals; interval++) {
    const ranked: { readonly number: number; readonly value: number }[] = [];
    for (const [number, { values }] of series.entries()) {
      const value = values[interval] as number;
      if (!Number.isNaN(value)) ranked.push({ number, value });
    }
    // The sort is stable: of equal ones the first stays first.
    ranked.sort((a, b) => (compareNumbers(a.value, b.value) ?? 0) * direction);
    for (const { number, value } of ranked.slice(0, count)) (kept[number] as Float64Array)[interval] = value;
    yield series.length;
  }
  return kept;
}

function keep(series: Series, values: Float64Array, intervalAt: (time: bigint) => number): Series {
  const exemplars = series.exemplars.filter(
    ({ timeUnixNano }) => !Number.isNaN(values[intervalAt(timeUnixNano)] as number),
  );
  return { labels: series.labels, values, exemplars };
}

function hasValue({ values }: Series): boolean {
  return values.some((value) => !Number.isNaN(value));
}
