/** Going through the newest traces a filter finds, for answers over many whole traces. */

import { TimeSlice } from "../base/time-slice.ts";
import type { TraceRows } from "../store/trace-reader.ts";
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
export async function analyseTraces(
  context: QueryContext,
  filter: TraceFilter,
  { signal, held }: RunningQuery,
  take: (trace: TraceRows, slice: TimeSlice) => void | Promise<void>,
): Promise<AnalysedTraces> {
  const { maxTracesAnalysed, maxSpansAnalysed } = context.answerLimits;
  const nowMillis = context.clock.nowMillis();
  const range = timeRangeFrom(filter, nowMillis);
  let traces = 0;
  let spans = 0;
  let truncated = false;
  let latestStart = 0n;
  const slice = new TimeSlice(signal);
  const query = traceQueryFrom(filter, range);
  // One trace more than is analysed says whether there are more.
  for await (const trace of context.reader.scan(query, { limit: maxTracesAnalysed + 1, signal, held })) {
    const { summary, rows } = trace;
    spans += rows.length;
    truncated = traces === maxTracesAnalysed || (spans > maxSpansAnalysed && traces > 0);
    if (truncated) break;
    traces++;
    if (summary.startTimeUnixNano > latestStart) latestStart = summary.startTimeUnixNano;
    await take(trace, slice);
    if (slice.isOver(rows.length)) await slice.rest();
  }
  return { truncated, range: coveredRange(range, nowMillis, latestStart) };
}
