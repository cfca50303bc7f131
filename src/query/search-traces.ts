/** Search: a page of summaries, newest first. */

import { TracAggError } from "../base/errors.ts";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from "../base/limits.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TraceFilter } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom, traceQueryFrom } from "./trace-filter.ts";

/** Which page of which search. */
export interface SearchRequest {
  readonly filter: TraceFilter;
  /** 1 to 1,000, default 20. */
  readonly pageSize?: number;
  /** `nextPageToken` of the page before; absent or "" for the first page. */
  readonly pageToken?: string;
}

/** One page. */
export interface SearchAnswer {
  /** Start descending, then trace id descending. */
  readonly summaries: readonly TraceSummary[];
  /** "" when nothing further matches. */
  readonly nextPageToken: string;
  readonly range: CoveredRange;
}

/**
 * Finds a page of traces.
 *
 * Pages follow one another by key, not by number: traces that arrive meanwhile shift nothing, and a range given
 * relative to now stays what it was on the first page.
 *
 * @throws TracAggError `invalid_argument` for a page size out of range, a token of another search, a range that ends
 * before it starts.
 */
export async function searchTraces(
  context: QueryContext,
  request: SearchRequest,
  { signal, held }: RunningQuery,
): Promise<SearchAnswer> {
  const { filter, pageSize = DEFAULT_PAGE_SIZE, pageToken = "" } = request;
  checkPageSize(pageSize);
  const nowMillis = context.clock.nowMillis();
  const position = pageToken === "" ? undefined : decodePageToken(filter, pageToken);
  const range = position?.range ?? timeRangeFrom(filter, nowMillis);
  const page = await context.reader.search(traceQueryFrom(filter, range), {
    limit: pageSize,
    ...(position === undefined ? {} : { after: position.after }),
    signal,
    held,
  });
  const last = page.summaries.at(-1);
  const hasNext = page.hasMore && last !== undefined;
  return {
    summaries: page.summaries,
    nextPageToken: hasNext ? encodePageToken(filter, { after: keyOf(last), range }) : "",
    range: coveredRange(range, nowMillis, page.summaries[0]?.startTimeUnixNano),
  };
}

function keyOf(summary: TraceSummary): { startTimeUnixNano: bigint; traceId: string } {
  return { startTimeUnixNano: summary.startTimeUnixNano, traceId: summary.traceId };
}

/** @throws TracAggError `invalid_argument` for a page size out of range. */
export function checkPageSize(pageSize: number): void {
  if (Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= MAX_PAGE_SIZE) return;
  throw new TracAggError(
    "invalid_argument",
    `pageSize: expected a whole number from 1 to ${MAX_PAGE_SIZE}, got ${pageSize}`,
    { field: "pageSize" },
  );
}
