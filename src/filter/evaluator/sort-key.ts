/** By what traces of an answer are sorted. */

import type { Steps } from "../../base/time-slice.ts";
import type { OrderStage } from "../query-model.ts";
import { orderOf } from "./comparison.ts";
import { fieldReader } from "./field-reader.ts";
import { aggregateReader } from "./scalar.ts";
import type { Spanset } from "./spanset.ts";
import type { TraceFacts } from "./trace-facts.ts";
import type { Value } from "./values.ts";
import { numberOf } from "./values.ts";

/** Spans looked at between two chances for others to run. */
const SPANS_PER_STEP = 256;

/** What one trace is sorted by. */
export interface SortKey {
  /** The value that comes first in the direction asked for, of all spans or spansets; nil when none has one. */
  readonly value: Value;
  readonly direction: OrderStage["direction"];
}

/** Works out the key of a trace. */
export type SortKeyReader = (trace: TraceFacts, spansets: readonly Spanset[]) => Steps<SortKey>;

/** Prepares the key of a stage for many traces. */
export function sortKeyReader({ key, direction }: OrderStage): SortKeyReader {
  const first = (best: Value, value: Value): Value =>
    compareSortValues(value, best, direction) < 0 ? value : best;
  if (key.node === "aggregate") {
    const read = aggregateReader(key);
    return function* keyOfSpansets(trace, spansets) {
      let best: Value;
      for (const { spans } of spansets) best = first(best, yield* read(trace, spans, []));
      return { value: best, direction };
    };
  }
  const read = fieldReader(key);
  return function* keyOfSpans(trace, spansets) {
    let best: Value;
    for (const { spans } of spansets) {
      for (const [index, span] of spans.entries()) {
        for (const value of eachOf(read(trace, span))) best = first(best, value);
        if (index % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
      }
    }
    return { value: best, direction };
  };
}

/** The order of two keys of one query, as `sort` asks for it; nil and what has no order comes last either way. */
export function compareSortValues(left: Value, right: Value, direction: OrderStage["direction"]): number {
  const rank = rankOf(left) - rankOf(right);
  if (rank !== 0) return rank;
  const order = orderOf(sortable(left), sortable(right)) ?? 0;
  return direction === "asc" ? order : -order;
}

function eachOf(value: Value): readonly Value[] {
  return typeof value === "object" && value.type === "several" ? value.values : [value];
}

/** Numbers, then texts, then truth values, then statuses, then kinds, then the rest. */
function rankOf(value: Value): number {
  const number = numberOf(value);
  if (number !== undefined) return Number.isNaN(number) ? 5 : 0;
  if (typeof value === "string") return 1;
  if (typeof value === "boolean") return 2;
  if (typeof value !== "object") return 6;
  if (value.type === "status") return 3;
  return value.type === "kind" ? 4 : 5;
}

/** Truth values as numbers, words as texts: they have an order among their like here. */
function sortable(value: Value): Value {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "object" && (value.type === "status" || value.type === "kind")
    ? value.value
    : value;
}
