/** Sets of spans of one trace. */

import type { Aggregate, GroupStage } from "../query-model.ts";
import type { Value } from "./values.ts";

/** A value that holds for all spans of a set: what they were grouped by, or a number made of them. */
export interface SpansetAttribute {
  readonly of: GroupStage | Aggregate;
  readonly value: Value;
}

/** Spans of one trace; never empty. */
export interface Spanset {
  /** Numbers in the view of the trace, ascending. */
  readonly spans: readonly number[];
  readonly attributes: readonly SpansetAttribute[];
}

/** All spans of all sets, once each, ascending. */
export function unitedSpans(spansets: readonly Spanset[]): readonly number[] {
  const [first, second] = spansets;
  if (first === undefined) return [];
  if (second === undefined) return first.spans;
  const united = new Set<number>();
  for (const { spans } of spansets) for (const span of spans) united.add(span);
  return [...united].sort((left, right) => left - right);
}
