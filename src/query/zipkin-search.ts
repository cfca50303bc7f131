/** Zipkin's search: the newest traces that meet its criteria, each written as soon as it is found. */

import type { Steps } from "../base/time-slice.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import type { TraceFact } from "../filter/evaluator/trace-facts.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import type { Span } from "../model/span.ts";
import type { TraceInView } from "../store/trace-reader.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { ZipkinCandidates, ZipkinCriteria } from "./zipkin-criteria.ts";
import { zipkinCandidates } from "./zipkin-criteria.ts";
import { traceIdsAlike } from "./zipkin-trace.ts";

/**
 * How long before the range a trace may begin whose root lies in it: clocks that differ by more are broken, and a store
 * that had to look at everything older would be slow for all.
 */
const MAX_EARLY_START_NANOS = 3_600_000_000_000n;
/** Traces that stores read beyond those expected: whole spans are dear, so as many are read as are wanted. */
const READ_BEYOND = 8;
/** Traces looked at in which a span has no time: reports of tracers that lost the beginning, so they are few. */
const MAX_UNDATED_TRACES = 1_000;

/** A trace as Zipkin writes it. */
export interface ZipkinTraceText {
  /** Spans as JSON, in pieces to be joined. */
  readonly pieces: readonly string[];
  /** Of the root, else of the earliest span. */
  readonly timestampMicros: number;
}

/** Which traces, and how they are asked and written. */
export interface ZipkinSearchRequest {
  readonly criteria: ZipkinCriteria;
  /** Last millisecond of the range, inclusive. */
  readonly endTsMillis: number;
  /** Length of the range in milliseconds. */
  readonly lookbackMillis: number;
  /** Most traces given, 1 or more. */
  readonly limit: number;
  /** False: traces whose ids end in the same 16 digits are one. */
  readonly isStrict: boolean;
  /** Span attributes, one of which names the other side of every span that has one. */
  readonly remoteKeys: readonly string[];
  /** Asks a whole trace exactly, and writes it when it matches. Work that can be done in slices. */
  read(spans: readonly Span[]): Steps<ZipkinTraceText | undefined>;
}

/**
 * Finds traces, the newest first.
 *
 * The store passes over what cannot match; of the rest each is asked as a whole. Of two traces of one range the limit
 * keeps the one whose first span is later; the answer is in the order of roots.
 */
export async function searchZipkin(
  context: QueryContext,
  request: ZipkinSearchRequest,
  running: RunningQuery,
): Promise<readonly ZipkinTraceText[]> {
  const { criteria, limit, remoteKeys } = request;
  const candidates = await zipkinCandidates(context, criteria, { remoteKeys, signal: running.signal });
  const { dated, undated } = rangesOf(request);
  const search: RunningSearch = { ...request, context, candidates, running, seen: new Set(), found: [] };
  await findIn(search, { ...dated, maxFound: limit, maxTraces: Number.MAX_SAFE_INTEGER });
  if (undated !== undefined) {
    const maxFound = search.found.length + MAX_UNDATED_TRACES;
    await findIn(search, { ...undated, maxFound, maxTraces: MAX_UNDATED_TRACES });
  }
  return search.found.sort((one, other) => other.timestampMicros - one.timestampMicros).slice(0, limit);
}

interface RunningSearch extends ZipkinSearchRequest {
  readonly context: QueryContext;
  readonly candidates: ZipkinCandidates;
  readonly running: RunningQuery;
  /** Ends of the ids that were looked at. */
  readonly seen: Set<string>;
  readonly found: ZipkinTraceText[];
}

/** Where is looked, and how much at most. */
interface Place {
  readonly range: TraceQuery;
  /** Traces found, those from before among them. */
  readonly maxFound: number;
  readonly maxTraces: number;
}

async function findIn(search: RunningSearch, { range, maxFound, maxTraces }: Place): Promise<void> {
  const { context, candidates, running, found } = search;
  const { signal, held } = running;
  const scan = context.reader.scanViews(
    { ...candidates.query, ...range },
    {
      where: candidates.where,
      needs: { fields: [], facts: new Set<TraceFact>(["wholeSpans"]) },
      limit: maxTraces,
      expected: Math.max(1, Math.min(search.limit, maxTraces) - READ_BEYOND),
      signal,
      held,
    },
  );
  const slice = new TimeSlice(signal);
  for await (const trace of scan) {
    const spans = await wholeTrace(search, trace);
    const text = spans && (await inSlices(search.read(spans), slice));
    if (text !== undefined) {
      held.add(text.pieces.reduce((bytes, piece) => bytes + piece.length, 0));
      found.push(text);
      if (found.length >= maxFound) return;
    }
    if (slice.isOver(trace.view.spanCount)) await slice.rest();
  }
}

/** Traces that begin in the range, and those that begin at no known time since a span of theirs has none. */
function rangesOf({ endTsMillis, lookbackMillis }: ZipkinSearchRequest): {
  readonly dated: { readonly range: TraceQuery };
  readonly undated: { readonly range: TraceQuery } | undefined;
} {
  const end = BigInt(endTsMillis) * 1_000_000n;
  const start = end - BigInt(lookbackMillis) * 1_000_000n;
  const earliest = start - MAX_EARLY_START_NANOS;
  const range: TraceQuery = {
    // The last microsecond of the range is in it, whatever its nanoseconds.
    endTimeUnixNano: end + 1_000n,
    ...(start <= 0n ? {} : { minEndTimeUnixNano: start }),
  };
  if (earliest <= 0n) return { dated: { range }, undated: undefined };
  return {
    dated: { range: { ...range, startTimeUnixNano: earliest } },
    undated: { range: { ...range, endTimeUnixNano: 1n } },
  };
}

/** Undefined for a trace that was looked at already, as a part of another one. */
async function wholeTrace(
  { context: { reader }, isStrict, seen, running: { signal, held } }: RunningSearch,
  { traceId, view }: Pick<TraceInView, "traceId" | "view">,
): Promise<readonly Span[] | undefined> {
  const spans = Array.from({ length: view.spanCount }, (_, span) => view.analysed(span));
  if (isStrict) return spans;
  const end = traceId.slice(16);
  if (seen.has(end)) return undefined;
  seen.add(end);
  for (const id of await traceIdsAlike(reader, traceId, signal)) {
    if (id === traceId) continue;
    const rows = await reader.trace(id, signal, held);
    spans.push(...rows.map((row) => lazySpan(row)));
  }
  return spans;
}
