/** Where a request came into its trace from outside. */

import type { SpanTimes, WritableCallFacts } from "./call-facts.ts";
import { noFacts } from "./call-facts.ts";
import type { CountedCall } from "./call-sums.ts";
import type { DependencyType } from "./dependency-link.ts";
import type { ForestSpan, SpanForest } from "./span-forest.ts";
import { Parenthood } from "./span-forest.ts";

/** `entry`: a request from outside, once for each trace. */
export type EdgeType = DependencyType | "entry";

/** Node that requests from outside come from. */
export const ENTRY_NODE = "(entry)";

const NO_TIME = -1;

/** Index of the span that a trace came in with: its root, or the earliest without a parent. */
export function entrySpanOf({ parenthood, parents }: SpanForest<ForestSpan>): number {
  const root = parenthood.indexOf(Parenthood.ROOT);
  return root === -1 ? parents.indexOf(-1) : root;
}

/** The request from outside, as the span that it came in with saw it. */
export function entryCallOf(times: SpanTimes, entry: number): CountedCall {
  const facts = noFacts();
  measureEntry(times, entry, facts);
  return { callCount: 1, errorCount: facts.isServerError ? 1 : 0, facts };
}

/** Writes what is measured of the request from outside over other facts. */
export function measureEntry(
  { durationNanos, isError }: SpanTimes,
  entry: number,
  facts: WritableCallFacts,
): void {
  facts.clientNanos = NO_TIME;
  facts.gapNanos = NO_TIME;
  facts.isGapClamped = false;
  facts.delayNanos = NO_TIME;
  facts.isClientError = false;
  facts.isRetry = false;
  facts.serverNanos = durationNanos[entry] as number;
  facts.isServerError = isError[entry] === 1;
}
