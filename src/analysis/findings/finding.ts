/** What a finding is, and how strictly findings are looked for. */

import type { Span } from "../../model/span.ts";
import type { HostClock } from "../clock-skew.ts";
import type { ForestSpan } from "../span-forest.ts";
import type { ClockOptions } from "../trace-clocks.ts";

/**
 * What was found.
 *
 * - `n_plus_one`: like calls again and again for one request, where one would do.
 * - `repeated_query`: the very same query, or GET of one URL, again and again for one request.
 * - `sequential_calls`: calls that read, one after the other, that could run side by side.
 * - `retry`: a call made again because it had failed.
 * - `timeout`: a caller that gave up waiting.
 * - `untraced_gap`: a long stretch that no span below tells anything about.
 * - `missing_spans`: spans that others name as their parent but that are not there.
 * - `error_origin`: the deepest span of a failure; those above it only pass it on.
 */
export type FindingType =
  | "n_plus_one"
  | "repeated_query"
  | "sequential_calls"
  | "retry"
  | "timeout"
  | "untraced_gap"
  | "missing_spans"
  | "error_origin";

/**
 * How much it matters: `high` for 25 % of the trace's duration and more, `medium` for 5 % and more, `low` below.
 * An error origin is `high` when it made the root fail, `medium` when another span passed it on, else `low`.
 */
export type FindingSeverity = "high" | "medium" | "low";

/** One thing found in a trace. */
export interface Finding<S = Span> {
  readonly type: FindingType;
  readonly severity: FindingSeverity;
  /** Service of the spans it is about. */
  readonly service: string;
  /** What they do: name of a span, or the shape of a query. */
  readonly operation: string;
  /** The spans that prove it, the most telling first; at most `maxSpansPerFinding`. */
  readonly spans: readonly S[];
  /** All spans that prove it. */
  readonly spanCount: number;
  /** Critical-path time that went into it: what the trace would be shorter by without it. */
  readonly costNanos: bigint;
  /** What was found, in one sentence. */
  readonly summary: string;
  /** What to do, in one sentence. */
  readonly advice: string;
}

/** What was found in one trace. */
export interface TraceFindings<S = Span> {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Of the root, or of the virtual root over several: what costs are shares of. */
  readonly durationNanos: bigint;
  /** Most severe first, then by cost. */
  readonly findings: readonly Finding<S>[];
  /** Findings beyond `maxFindings`, which are not listed. */
  readonly omittedFindings: number;
  /** The hosts whose clock was set, by host. */
  readonly clocks: readonly HostClock[];
}

/** Thresholds of findings. */
export interface FindingOptions extends ClockOptions {
  /** Like calls for one request that are an N+1 or a repeated query. Default 5: three or four happen in good code. */
  readonly minRepeats?: number;
  /** Calls one after the other that could run side by side. Default 3: the second of two often needs the first. */
  readonly minSequentialCalls?: number;
  /** Longest pause between such calls in nanoseconds. Default 1 ms: in more, something is worked out of the answer. */
  readonly maxSequentialPauseNanos?: number;
  /** Least share of the trace that running calls side by side would save, 0 to 1. Default 0.05. */
  readonly minSequentialSaving?: number;
  /** Shortest untraced gap in nanoseconds. Default 10 ms: below, nobody would look. */
  readonly minGapNanos?: number;
  /** Shortest untraced gap as a share of the trace, 0 to 1. Default 0.2. */
  readonly minGapShare?: number;
  /** Most spans given as proof of one finding. Default 10. */
  readonly maxSpansPerFinding?: number;
  /** Most findings listed. Default 100. */
  readonly maxFindings?: number;
}

/** The thresholds when none are given. */
export const DEFAULT_FINDING_OPTIONS: Required<FindingOptions> = Object.freeze({
  minRepeats: 5,
  minSequentialCalls: 3,
  maxSequentialPauseNanos: 1_000_000,
  minSequentialSaving: 0.05,
  minGapNanos: 10_000_000,
  minGapShare: 0.2,
  maxSpansPerFinding: 10,
  maxFindings: 100,
  clock: "corrected",
});

/** What findings need of a span. */
export type FindingSpan = ForestSpan & Pick<Span, "attributes">;

const HIGH_SHARE = 0.25;
const MEDIUM_SHARE = 0.05;

/** Severity by what it costs, both in nanoseconds. */
export function severityOf(costNanos: number, traceNanos: number): FindingSeverity {
  const share = traceNanos === 0 ? 0 : costNanos / traceNanos;
  if (share >= HIGH_SHARE) return "high";
  return share >= MEDIUM_SHARE ? "medium" : "low";
}
