/** Searches over the whole lake: sorted streams of matching traces, merged, read only as far as the answer needs. */

import type { HeldBytes } from "../../base/held-bytes.ts";
import { HeldPart } from "../../base/held-bytes.ts";
import { inSlices, TimeSlice, throwIfAborted } from "../../base/time-slice.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { matchesTimes, spanMatcher } from "../../filter/evaluate.ts";
import type { TraceQuery } from "../../filter/trace-query.ts";
import { matchingTraces, someRow, traceMatcher } from "../../hot/hot-query.ts";
import type { TracePlace } from "../../hot/trace-heap.ts";
import { comparePlaces } from "../../hot/trace-heap.ts";
import type { TraceSummary } from "../../model/trace-summary.ts";
import type { TraceKey, TraceRows, TraceScan } from "../trace-reader.ts";
import type { LakeSnapshot } from "./lake-snapshot.ts";
import { ROW_FILES } from "./lake-snapshot.ts";
import type { SortedSource } from "./newest-first.ts";
import { mergeNewestFirst } from "./newest-first.ts";
import type { Segment } from "./segment.ts";
import type { SpanPlan } from "./segment-conditions.ts";
import { spanPlan, startRange } from "./segment-conditions.ts";
import { SegmentFile } from "./segment-format.ts";
import { candidateSummaries, resourceIdsWhere, rowsByTrace } from "./segment-queries.ts";
import type { RowSql } from "./sql-logic.ts";

/** A matching trace; rows are there when they were asked for. */
export interface FoundTrace {
  readonly summary: TraceSummary;
  readonly rows: readonly SpanRow[] | undefined;
  /** The one segment it lies in; undefined for traces that are hot or lie in several places, whose rows are there. */
  readonly segment: Segment | undefined;
}

/** What a search is told besides the query. */
export interface LakeSearchOptions {
  readonly after?: TraceKey | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Counts the rows that are looked at. */
  readonly held?: HeldBytes | undefined;
  /** About how many traces will be taken: the size of the first request to each segment. */
  readonly expected: number;
  /** Whole rows beside the summaries. */
  readonly withRows: boolean;
}

/** Traces fetched from a segment at once: at most this many summaries, or this many with rows. */
const MAX_SUMMARIES = 4_096;
const MAX_ROW_TRACES = 1_000;
/** Spans of them read at once, unless one trace has more: some ten megabytes. */
const MAX_ROWS_AT_ONCE = 8_192;
/** Shared traces read at once; doubled with each request up to the bound. */
const FIRST_SHARED = 16;
const MAX_SHARED = 256;

/** Matching traces of a snapshot, newest first: start descending, then trace id descending. */
export async function* searchLake(
  snapshot: LakeSnapshot,
  query: TraceQuery,
  options: LakeSearchOptions,
): AsyncGenerator<FoundTrace, void> {
  const { hot, shared, segments } = lakeSources(snapshot, query, options);
  const ofSegments = segments.map((segment) => ({
    newestStart: segment.meta.maxTraceStartUnixNano,
    open: () => segmentTraces(snapshot, segment, query, options),
  }));
  yield* mergeNewestFirst([hot, shared, ...ofSegments], ({ summary }) => summary);
}

/** Where traces may match: in the hot set alone, in several places, in one segment alone. */
export interface LakeSources {
  readonly hot: SortedSource<FoundTrace>;
  readonly shared: SortedSource<FoundTrace>;
  readonly segments: readonly Segment[];
}

/** The sources of a query. */
export function lakeSources(
  snapshot: LakeSnapshot,
  query: TraceQuery,
  options: LakeSearchOptions,
): LakeSources {
  const shared = sharedPlacesOf(snapshot, query, options.after);
  return {
    hot: { newestStart: undefined, open: () => hotTraces(snapshot, query, options) },
    shared: {
      newestStart: shared[0]?.startTimeUnixNano ?? 0n,
      open: () => sharedTraces(snapshot, query, shared, options),
    },
    segments: snapshot.segments.filter((segment) => mayHold(segment, query, options.after)),
  };
}

/** Whole matching traces of a snapshot, newest first, at most `limit`. */
export async function* scanLake(
  snapshot: LakeSnapshot,
  query: TraceQuery,
  { limit, expected = limit, after, signal, held }: TraceScan,
): AsyncGenerator<TraceRows, void> {
  let left = limit;
  const options = { after, signal, held, expected, withRows: true };
  for await (const { summary, rows } of searchLake(snapshot, query, options)) {
    throwIfAborted(signal);
    yield { summary, rows: rows ?? [] };
    if (--left <= 0) return;
  }
}

function mayHold(segment: Segment, query: TraceQuery, after: TraceKey | undefined): boolean {
  const { minTraceStartUnixNano, maxTraceStartUnixNano } = segment.meta;
  return (
    (query.startTimeUnixNano === undefined || maxTraceStartUnixNano >= query.startTimeUnixNano) &&
    (query.endTimeUnixNano === undefined || minTraceStartUnixNano < query.endTimeUnixNano) &&
    (after === undefined || minTraceStartUnixNano <= after.startTimeUnixNano)
  );
}

/** Traces that are hot and nowhere else. */
async function* hotTraces(
  snapshot: LakeSnapshot,
  query: TraceQuery,
  options: LakeSearchOptions,
): AsyncGenerator<FoundTrace, void> {
  for await (const found of matchingTraces(snapshot.view, query, options)) {
    if (!snapshot.shared.has(found.summary.traceId)) yield { ...found, segment: undefined };
  }
}

/** The shared traces that start in the range asked for, newest first. */
function sharedPlacesOf(
  snapshot: LakeSnapshot,
  query: TraceQuery,
  after: TraceKey | undefined,
): TracePlace[] {
  const places: TracePlace[] = [];
  for (const [traceId, segments] of snapshot.shared) {
    const startTimeUnixNano = snapshot.startOf(traceId, segments);
    if (startTimeUnixNano === undefined) continue;
    const place = { traceId, startTimeUnixNano };
    if (after !== undefined && comparePlaces(after, place) >= 0) continue;
    if (matchesTimes(startRange(query), startTimeUnixNano, startTimeUnixNano)) places.push(place);
  }
  return places.sort(comparePlaces);
}

/** Traces that lie in several places, read whole and asked in TypeScript. */
async function* sharedTraces(
  snapshot: LakeSnapshot,
  query: TraceQuery,
  places: readonly TracePlace[],
  { signal, held: whole }: LakeSearchOptions,
): AsyncGenerator<FoundTrace, void> {
  const match = traceMatcher(query);
  let count = FIRST_SHARED;
  for (let start = 0; start < places.length; count = Math.min(count * 2, MAX_SHARED)) {
    const ids = places.slice(start, start + count).map(({ traceId }) => traceId);
    start += count;
    const held = new HeldPart(whole);
    const gathered = await snapshot.gather(ids, signal, held);
    const slice = new TimeSlice(signal);
    for (const traceId of ids) {
      const found = await inSlices(match(gathered.get(traceId) ?? []), slice);
      if (found !== undefined) yield { ...found, segment: undefined };
    }
    held.release();
  }
}

/**
 * Traces that lie in one segment and nowhere else.
 *
 * @param where a further condition on a row of `traces.parquet`
 */
export async function* segmentTraces(
  snapshot: LakeSnapshot,
  segment: Segment,
  query: TraceQuery,
  options: LakeSearchOptions,
  where: RowSql = true,
): AsyncGenerator<FoundTrace, void> {
  const { reader } = snapshot;
  const plan = await spanPlan(segment, query, async (condition) => {
    const found = await reader.read(segment, [SegmentFile.RESOURCES], options.signal, (connection) =>
      resourceIdsWhere(connection, segment, condition),
    );
    return found ?? [];
  });
  if (plan === undefined) return;
  const asksSpans = plan.needsSpans || typeof where === "function";
  const files = asksSpans ? [SegmentFile.TRACES, ...plan.files] : [SegmentFile.TRACES];
  const cap = options.withRows || !plan.isExact ? MAX_ROW_TRACES : MAX_SUMMARIES;
  let limit = Math.min(options.expected + 8, cap);
  let { after } = options;
  for (;;) {
    const page = { plan, where, after, limit };
    const summaries = await reader.read(segment, files, options.signal, (connection) =>
      candidateSummaries(connection, segment, query, page),
    );
    if (summaries === undefined || summaries.length === 0) return;
    const own = summaries.filter(({ traceId }) => !snapshot.shared.has(traceId));
    for (const some of inBatches(own, options.withRows || !plan.isExact)) {
      const held = new HeldPart(options.held);
      yield* await withRows(snapshot, segment, { query, plan }, some, { ...options, held });
      held.release();
    }
    if (summaries.length < limit) return;
    after = summaries.at(-1);
    limit = Math.min(limit * 4, cap);
  }
}

/** Traces whose rows are read at once: every reading goes through the columns of the whole segment. */
function* inBatches(summaries: readonly TraceSummary[], reads: boolean): Generator<readonly TraceSummary[]> {
  if (!reads) {
    yield summaries;
    return;
  }
  let batch: TraceSummary[] = [];
  let spans = 0;
  for (const summary of summaries) {
    if (batch.length > 0 && spans + summary.spanCount > MAX_ROWS_AT_ONCE) {
      yield batch;
      batch = [];
      spans = 0;
    }
    batch.push(summary);
    spans += summary.spanCount;
  }
  yield batch;
}

/** Adds the rows where they were asked for, and drops candidates none of whose spans matches. */
async function withRows(
  snapshot: LakeSnapshot,
  segment: Segment,
  { query, plan }: { readonly query: TraceQuery; readonly plan: SpanPlan },
  summaries: readonly TraceSummary[],
  options: LakeSearchOptions & { readonly held: HeldBytes },
): Promise<FoundTrace[]> {
  const isUnsure = !plan.isExact;
  if (summaries.length === 0) return [];
  if (!isUnsure && !options.withRows) {
    return summaries.map((summary) => ({ summary, rows: undefined, segment }));
  }
  const ids = summaries.map(({ traceId }) => traceId);
  // To know whether a trace matches, its spans that may match are enough.
  const only = options.withRows ? undefined : plan;
  const files = [...ROW_FILES, ...plan.files];
  const stored = await snapshot.reader.read(segment, files, options.signal, (connection) =>
    rowsByTrace(connection, segment, ids, snapshot.reading, { only, held: options.held }),
  );
  const matches = spanMatcher(query);
  const slice = new TimeSlice(options.signal);
  const found: FoundTrace[] = [];
  for (const summary of summaries) {
    const rows = stored?.get(summary.traceId);
    if (rows === undefined) continue;
    if (isUnsure && !(await inSlices(someRow(rows, matches), slice))) continue;
    found.push({ summary, rows: options.withRows ? rows : undefined, segment });
  }
  return found;
}
