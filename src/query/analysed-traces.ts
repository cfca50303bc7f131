/** Going through the newest traces a filter finds, for answers over many whole traces. */

import { TimeSlice } from "../base/time-slice.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import type { TracePageRequest, TraceRows } from "../store/trace-reader.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TraceFilter } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom, traceQueryFrom } from "./trace-filter.ts";

/** Which traces an answer is over. */
export interface AnalysedTraces {
  /** True when more traces match than were analysed. */
  readonly truncated: boolean;
  readonly range: CoveredRange;
}

/**
 * Gives the matching traces to `take`, newest first, up to the limits on traces and spans of one answer; a single trace
 * is given whatever its size. Others run in between.
 *
 * @throws TracAggError `invalid_argument` when the filter's range or durations make no sense.
 */
export function analyseTraces(
  context: QueryContext,
  filter: TraceFilter,
  running: RunningQuery,
  take: (trace: TraceRows, slice: TimeSlice) => void | Promise<void>,
): Promise<AnalysedTraces> {
  const scan: Scan<TraceRows> = (query, options) => context.reader.scan(query, options);
  return analyseScanned(context, filter, running, { scan, take });
}

type Scan<T> = (query: TraceQuery, options: Omit<TracePageRequest, "after">) => AsyncIterable<T>;

/** {@link analyseTraces} of whatever a scan gives of each trace. @throws what {@link analyseTraces} throws. */
export async function analyseScanned<T extends { readonly summary: TraceSummary }>(
  { answerLimits, clock }: QueryContext,
  filter: TraceFilter,
  { signal, held }: RunningQuery,
  {
    scan,
    take,
  }: { readonly scan: Scan<T>; readonly take: (trace: T, slice: TimeSlice) => void | Promise<void> },
): Promise<AnalysedTraces> {
  const { maxTracesAnalysed, maxSpansAnalysed } = answerLimits;
  const nowMillis = clock.nowMillis();
  const range = timeRangeFrom(filter, nowMillis);
  let traces = 0;
  let spans = 0;
  let truncated = false;
  let latestStart = 0n;
  const slice = new TimeSlice(signal);
  const query = traceQueryFrom(filter, range);
  // One trace more than is analysed says whether there are more.
  for await (const trace of scan(query, { limit: maxTracesAnalysed + 1, signal, held })) {
    const { spanCount, startTimeUnixNano } = trace.summary;
    spans += spanCount;
    truncated = traces === maxTracesAnalysed || (spans > maxSpansAnalysed && traces > 0);
    if (truncated) break;
    traces++;
    if (startTimeUnixNano > latestStart) latestStart = startTimeUnixNano;
    await take(trace, slice);
    if (slice.isOver(spanCount)) await slice.rest();
  }
  return { truncated, range: coveredRange(range, nowMillis, latestStart) };
}
