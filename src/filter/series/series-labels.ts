/** What series are told apart by. */

import { compareNumbers } from "../evaluator/comparison.ts";
import { groupKey } from "../evaluator/group-key.ts";
import type { Value } from "../evaluator/values.ts";

/** A name and a value of any type; undefined is nil: spans without it. */
export interface SeriesLabel {
  readonly name: string;
  readonly value: Value;
}

/** Names that functions over time give, beside those of fields. */
export const SERIES_LABELS: {
  /** The function, where nothing else tells what a series is. */
  readonly name: string;
  /** Of `histogram_over_time`: the greatest value that is counted. */
  readonly bucket: string;
  /** Of `quantile_over_time`. */
  readonly quantile: string;
  /** Of `compare`: which spans are counted. */
  readonly compared: string;
  /** Of `compare`: why values are not there. */
  readonly error: string;
} = Object.freeze({
  name: "__name__",
  bucket: "__bucket",
  quantile: "p",
  compared: "__meta_type",
  error: "__meta_error",
});

/** A text that is equal exactly for labels of equal names, types and values in equal order. */
export function labelsKey(labels: readonly SeriesLabel[]): string {
  let key = "";
  for (const { name, value } of labels) {
    const part = groupKey(value);
    key += `${name.length} ${name}${part.length} ${part}`;
  }
  return key;
}

/** Labels without those that are nil, unless all are: then the first stays. */
export function shownLabels(labels: readonly SeriesLabel[]): readonly SeriesLabel[] {
  if (labels.every(({ value }) => value !== undefined)) return labels;
  const shown = labels.filter(({ value }) => value !== undefined);
  return shown.length === 0 ? labels.slice(0, 1) : shown;
}

/** Orders series: label by label, numbers by size, other values as text; fewer labels first. */
export function compareLabels(left: readonly SeriesLabel[], right: readonly SeriesLabel[]): number {
  for (const [index, label] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = compareTexts(label.name, other.name) || compareValues(label.value, other.value);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareValues(left: Value, right: Value): number {
  const order = numberOrder(left, right);
  if (order !== 0) return order;
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right);
  return compareTexts(groupKey(left), groupKey(right));
}

/** By size, NaN behind all others; 0 for what is no number, and for equal ones of different types. */
function numberOrder(left: Value, right: Value): number {
  if (!isNumber(left) || !isNumber(right)) return 0;
  if (Number.isNaN(left) || Number.isNaN(right))
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return compareNumbers(left, right) ?? 0;
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
