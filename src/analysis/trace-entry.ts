/** Where a request came into its trace from outside. */

import type { SpanTimes } from "./call-facts.ts";
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
export function entryCallOf({ durationNanos, isError }: SpanTimes, entry: number): CountedCall {
  const isServerError = isError[entry] === 1;
  return {
    callCount: 1,
    errorCount: isServerError ? 1 : 0,
    facts: {
      clientNanos: NO_TIME,
      serverNanos: durationNanos[entry] as number,
      gapNanos: NO_TIME,
      isGapClamped: false,
      delayNanos: NO_TIME,
      isClientError: false,
      isServerError,
      isRetry: false,
    },
  };
}
