/** Arithmetic over series. */

import type { Steps } from "../../base/time-slice.ts";
import { calculateFloat } from "../evaluator/arithmetic.ts";
import type { MetricsMath } from "../query-model.ts";
import type { Series } from "./series.ts";
import type { SeriesLabel } from "./series-labels.ts";
import { labelsKey, SERIES_LABELS } from "./series-labels.ts";

/** One side. */
export type Operand = number | readonly Series[];

/**
 * Calculates with every value. Two sides that are series are joined: those of equal labels, the name of the function
 * apart, make one; others are left out, as are values that one side has alone. Exemplars are those of the left side.
 */
export function* calculateSeries(
  operator: MetricsMath["operator"],
  left: Operand,
  right: Operand,
): Steps<Operand> {
  if (typeof left === "number") {
    if (typeof right === "number") return calculateFloat(operator, left, right);
    return yield* eachValue(right, (value) => calculateFloat(operator, left, value));
  }
  if (typeof right === "number") {
    return yield* eachValue(left, (value) => calculateFloat(operator, value, right));
  }
  const others = new Map(right.map((series) => [labelsKey(namelessOf(series.labels)), series]));
  const joined: Series[] = [];
  for (const series of left) {
    const other = others.get(labelsKey(namelessOf(series.labels)));
    if (other === undefined) continue;
    const values = series.values.map((value, interval) =>
      calculateFloat(operator, value, other.values[interval] as number),
    );
    joined.push({ labels: labelsOfBoth(series.labels, other.labels), values, exemplars: series.exemplars });
    yield values.length;
  }
  return joined;
}

function* eachValue(series: readonly Series[], calculate: (value: number) => number): Steps<Series[]> {
  const made: Series[] = [];
  for (const each of series) {
    made.push({ ...each, values: each.values.map(calculate) });
    yield each.values.length;
  }
  return made;
}

function namelessOf(labels: readonly SeriesLabel[]): readonly SeriesLabel[] {
  return labels.filter(({ name }) => name !== SERIES_LABELS.name);
}

/** What is made of two functions has the name of neither. */
function labelsOfBoth(left: readonly SeriesLabel[], right: readonly SeriesLabel[]): readonly SeriesLabel[] {
  return labelsKey(left) === labelsKey(right) ? left : namelessOf(left);
}
