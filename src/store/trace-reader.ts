/** The port through which traces are found and read. */

import type { HeldBytes } from "../base/held-bytes.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import type { OperationNumbers, TraceDurations } from "../model/trace-durations.ts";
import type { TraceSummary } from "../model/trace-summary.ts";

/** Where a page starts: strictly after this trace in the order start descending, then trace id descending. */
export interface TraceKey {
  readonly startTimeUnixNano: bigint;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
}

/** Which page of a search. */
export interface TracePageRequest {
  /** 1 to 1,000. */
  readonly limit: number;
  /** The last trace of the page before; absent for the first page. */
  readonly after?: TraceKey;
  /** Aborts the work; the promise then rejects with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Told what the work holds; what it throws ends the work. */
  readonly held?: HeldBytes;
}

/** One page of summaries. */
export interface TracePage {
  /** Start descending, then trace id descending. */
  readonly summaries: readonly TraceSummary[];
  /** True when further traces match. */
  readonly hasMore: boolean;
}

/** A whole trace: its summary and its distinct spans. */
export interface TraceRows {
  readonly summary: TraceSummary;
  /** By start, then span id; equal spans once. */
  readonly rows: readonly SpanRow[];
}

/** Which whole traces are read. */
export interface TraceScan extends Omit<TracePageRequest, "limit"> {
  /** Most traces given, 1 or more. */
  readonly limit: number;
  /** How many will likely be taken, so that no more are read in one go; absent: `limit`. */
  readonly expected?: number;
}

/** How far a scan of durations goes, and whose numbers of operations it uses. */
export interface DurationScan extends Omit<TracePageRequest, "after"> {
  readonly numbers: OperationNumbers;
}

/**
 * Reading side of a store. Answers hold every span appended before the call, each distinct span once (same trace id,
 * span id, kind, service and content = one span), wherever the store keeps it.
 */
export interface TraceReader {
  /**
   * All distinct spans of a trace, by start then span id; empty when the id is unknown. `traceId` is lower-case hex.
   * `held` is told of the rows while they are gathered; they stay counted.
   */
  trace(traceId: string, signal?: AbortSignal, held?: HeldBytes): Promise<readonly SpanRow[]>;
  /** A page of summaries of matching traces, newest first. */
  search(query: TraceQuery, page: TracePageRequest): Promise<TracePage>;
  /** Whole matching traces, newest first, until the consumer stops or `limit` traces are given. */
  scan(query: TraceQuery, options: TraceScan): AsyncIterable<TraceRows>;
  /** As {@link TraceReader.scan}, with the durations of the spans and nothing else of them. */
  scanDurations(query: TraceQuery, options: DurationScan): AsyncIterable<TraceDurations>;
}
