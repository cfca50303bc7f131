/** What if an operation were faster, over the newest traces a filter finds. */

import type { ClockOptions } from "../analysis/trace-clocks.ts";
import type { WhatIfTarget } from "../analysis/what-if/what-if.ts";
import type { WhatIfDistribution } from "../analysis/what-if/what-if-traces.ts";
import { WhatIfCollector } from "../analysis/what-if/what-if-traces.ts";
import { HeldPart } from "../base/held-bytes.ts";
import { TimeSlice } from "../base/time-slice.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { CoveredRange, TraceFilter } from "./trace-filter.ts";
import { coveredRange, timeRangeFrom, traceQueryFrom } from "./trace-filter.ts";
import { whatIfOfRows } from "./trace-questions.ts";

/** Two durations of each trace, and once more while they are sorted. */
const TRACE_BYTES = 32;

/** What becomes faster in which traces. */
export interface WhatIfOverRequest extends ClockOptions {
  readonly filter: TraceFilter;
  readonly target: WhatIfTarget;
}

/** The distribution, and whether all matching traces are in it. */
export interface WhatIfOverAnswer {
  readonly distribution: WhatIfDistribution;
  /** True when more traces match than were analysed (`distribution.totalTraces`). */
  readonly truncated: boolean;
  /** Traces in which the clock of a host was set. */
  readonly correctedTraces: number;
  readonly range: CoveredRange;
}

/**
 * How durations of the matching traces would be distributed, newest first, up to the limits on traces and spans of one
 * answer.
 *
 * @throws TracAggError `invalid_argument` when the filter's range or durations make no sense.
 */
export async function whatIfOver(
  context: QueryContext,
  { filter, ...question }: WhatIfOverRequest,
  { signal, held }: RunningQuery,
): Promise<WhatIfOverAnswer> {
  const { maxTracesAnalysed, maxSpansAnalysed } = context.answerLimits;
  const nowMillis = context.clock.nowMillis();
  const range = timeRangeFrom(filter, nowMillis);
  const collector = new WhatIfCollector();
  let traces = 0;
  let spans = 0;
  let correctedTraces = 0;
  let truncated = false;
  let latestStart = 0n;
  const slice = new TimeSlice(signal);
  // One trace more than is analysed says whether there are more.
  const options = { limit: maxTracesAnalysed + 1, signal, held };
  for await (const { summary, rows } of context.reader.scan(traceQueryFrom(filter, range), options)) {
    spans += rows.length;
    truncated = traces === maxTracesAnalysed || (spans > maxSpansAnalysed && traces > 0);
    if (truncated) break;
    traces++;
    if (summary.startTimeUnixNano > latestStart) latestStart = summary.startTimeUnixNano;
    held.add(TRACE_BYTES);
    const forThisTrace = new HeldPart(held);
    try {
      const answer = await whatIfOfRows(context, { rows, ...question }, { signal, held: forThisTrace });
      collector.add(answer);
      if (answer.clocks.length > 0) correctedTraces++;
    } finally {
      forThisTrace.release();
    }
    if (slice.isOver(rows.length)) await slice.rest();
  }
  return {
    distribution: collector.distribution(),
    truncated,
    correctedTraces,
    range: coveredRange(range, nowMillis, latestStart),
  };
}
