/** The port through which traces are found and read. */

import type { HeldBytes } from "../base/held-bytes.ts";
import type { Steps } from "../base/time-slice.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { TraceCondition } from "../filter/conditions/condition.ts";
import type { CompiledPipeline } from "../filter/evaluator/pipeline.ts";
import type { TraceView } from "../filter/evaluator/trace-view.ts";
import type { SpanSummer } from "../filter/series/span-summer.ts";
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

/** What a query reads of the traces it looks at. */
export type ViewNeeds = Pick<CompiledPipeline, "fields" | "facts">;

/** How a query was worked out, counted while it goes on. */
export interface ViewTally {
  /** Segments passed over, since none of their traces can match. */
  segmentsPassedOver: number;
  /** Segments of which columns alone were read. */
  segmentsByColumns: number;
  /** Segments of which whole spans were read. */
  segmentsByRows: number;
  /** Traces given from columns alone. */
  tracesByColumns: number;
  /** Segments whose spans were summed up by the store. */
  segmentsBySums: number;
  /** Spans in those sums; by each function of its own. */
  spansBySums: number;
}

/** Counters at their beginning. */
export function newViewTally(): ViewTally {
  return {
    segmentsPassedOver: 0,
    segmentsByColumns: 0,
    segmentsByRows: 0,
    tracesByColumns: 0,
    segmentsBySums: 0,
    spansBySums: 0,
  };
}

/** Which traces a query looks at, and what it reads of them. */
export interface ViewScan extends TraceScan {
  readonly needs: ViewNeeds;
  /** What holds on every trace that is wanted. */
  readonly where: TraceCondition;
  /**
   * Everything that the scan is for: traces all of whose spans the store sums up for each of these by itself are not given.
   * Undefined: traces are needed.
   */
  readonly summers?: readonly SpanSummer[];
  readonly tally?: ViewTally;
}

/** A whole trace as a query looks at it, to be read before the next one is asked for. */
export interface TraceInView {
  readonly traceId: string;
  readonly startTimeUnixNano: bigint;
  /** Has what the needs of the scan name; the rest may be missing. */
  readonly view: TraceView;
  /** Worked out when it is asked for. */
  summary(): Steps<TraceSummary>;
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
  /** Several traces, each as {@link TraceReader.trace} gives it, by id; those that are unknown are left out. */
  traces(
    traceIds: readonly string[],
    signal?: AbortSignal,
    held?: HeldBytes,
  ): Promise<ReadonlyMap<string, readonly SpanRow[]>>;
  /** Ids of the traces whose id ends in these 16 lower-case hex digits, sorted; all ids are looked through for it. */
  traceIdsEndingIn(end: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** A page of summaries of matching traces, newest first. */
  search(query: TraceQuery, page: TracePageRequest): Promise<TracePage>;
  /** Whole matching traces, newest first, until the consumer stops or `limit` traces are given. */
  scan(query: TraceQuery, options: TraceScan): AsyncIterable<TraceRows>;
  /**
   * Whole traces, newest first: every one that matches the query and meets `where`, and others, so that what comes has to
   * be asked again.
   */
  scanViews(query: TraceQuery, options: ViewScan): AsyncIterable<TraceInView>;
  /** As {@link TraceReader.scan}, with the durations of the spans and nothing else of them. */
  scanDurations(query: TraceQuery, options: DurationScan): AsyncIterable<TraceDurations>;
}
