/** Profiles over many traces: where their time goes, and what makes the slow ones slow. */

import { adjustedCount } from "../analysis/adjusted-count.ts";
import { CallPathProfile } from "../analysis/profile/call-path-profile.ts";
import type { SlowTraceComparison } from "../analysis/profile/slow-differences.ts";
import { SlowTraceCollector } from "../analysis/profile/slow-traces.ts";
import type { ClockOptions } from "../analysis/trace-clocks.ts";
import { isAllZero } from "../base/bytes.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices } from "../base/time-slice.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import { RowColumns } from "../batch/trace-columns.ts";
import type { TraceColumns } from "../model/trace-columns.ts";
import type { AnalysedTraces } from "./analysed-traces.ts";
import { analyseTraces } from "./analysed-traces.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { TraceFilter } from "./trace-filter.ts";
import { profileFromWindows, slowTracesFromWindows } from "./window-profiles.ts";

/** Sums, sketch and exemplars of a call path. */
const PATH_BYTES = 2_048;
/** Bytes of a span in the table a large trace is handed over in. */
const TABLE_BYTES = 100;
/** Bytes kept of a trace to compare slow ones with middling ones. */
const KEPT_TRACE_BYTES = 1_024;

/** Where an answer is from: windows of time, over every trace, or stored traces, over the newest that match. */
export type ProfileSource = "windows" | "traces";

/** What answers about profiles have in common. */
export interface ProfiledTraces extends AnalysedTraces {
  readonly source: ProfileSource;
  /** Stored traces in which the clock of a host was set; undefined of windows, which take times as they were sent. */
  readonly correctedTraces: number | undefined;
}

/** Which traces are profiled, and by which times. */
export interface ProfileRequest extends ClockOptions {
  readonly filter: TraceFilter;
}

/** A profile of matching traces. */
export interface ProfileAnswer extends ProfiledTraces {
  readonly profile: CallPathProfile;
}

/** Slow traces against middling ones, of matching traces. */
export interface SlowTracesAnswer extends ProfiledTraces {
  readonly traceCount: number;
  readonly comparison: SlowTraceComparison;
}

/** What becomes of each trace. */
interface TraceTaker {
  readonly profile: CallPathProfile;
  readonly weightOf: (rows: readonly SpanRow[]) => number;
  /** True when a clock was set. */
  readonly add: (columns: TraceColumns, weight: number) => boolean;
  /** For the profile of one trace, weight included, that another thread made. */
  readonly merge: (traceId: string, one: CallPathProfile) => Steps<unknown>;
}

/**
 * The call-path profile of the matching traces: of all where the windows can answer, else of the newest stored ones, up
 * to the limits on traces and spans of one answer. A trace counts as often as the sampling threshold of its root says
 * (`ot=th` in its trace state).
 *
 * @throws TracAggError `invalid_argument` when the filter's range or durations make no sense.
 */
export async function profileOf(
  context: QueryContext,
  request: ProfileRequest,
  running: RunningQuery,
): Promise<ProfileAnswer> {
  const windowed = await profileFromWindows(context, request.filter, running);
  if (windowed !== undefined)
    return { ...windowed, truncated: false, correctedTraces: undefined, source: "windows" };
  const profile = new CallPathProfile();
  const analysed = await takeTraces(context, request, running, {
    profile,
    weightOf: weightOfRoot,
    add: (columns, weight) => profile.add(columns, weight).isCorrected,
    merge: (_traceId, one) => profile.mergeInSteps(one),
  });
  return { ...analysed, profile, source: "traces" };
}

/**
 * What the slow ones of the matching traces wait for more than the middling ones; limits as for {@link profileOf}.
 *
 * @throws TracAggError `invalid_argument` when the filter's range or durations make no sense.
 */
export async function slowTracesOf(
  context: QueryContext,
  request: ProfileRequest,
  running: RunningQuery,
): Promise<SlowTracesAnswer> {
  const windowed = await slowTracesFromWindows(context, request.filter, running);
  if (windowed !== undefined)
    return { ...windowed, truncated: false, correctedTraces: undefined, source: "windows" };
  const collector = new SlowTraceCollector();
  const analysed = await takeTraces(context, request, running, {
    profile: collector.profile,
    weightOf: () => 1,
    add: (columns) => {
      running.held.add(KEPT_TRACE_BYTES);
      return collector.add(columns);
    },
    merge: (traceId, one) => {
      running.held.add(KEPT_TRACE_BYTES);
      return collector.addProfileInSteps(traceId, one);
    },
  });
  const { traceCount } = collector.profile.totals;
  return { ...analysed, traceCount, comparison: collector.comparison(), source: "traces" };
}

/** Traces of more spans than may be looked at at once are profiled in the analysis thread, where there is one. */
async function takeTraces(
  context: QueryContext,
  { filter, clock = "corrected" }: ProfileRequest,
  running: RunningQuery,
  taker: TraceTaker,
): Promise<Omit<ProfiledTraces, "source">> {
  const { largeAnalyses } = context;
  const { profile } = taker;
  const rowColumns = new RowColumns(profile.frames, { withHosts: clock === "corrected" });
  let countedPaths = 0;
  let correctedTraces = 0;
  const analysed = await analyseTraces(context, filter, running, async ({ summary, rows }, slice) => {
    const weight = taker.weightOf(rows);
    if (largeAnalyses !== undefined && rows.length > MAX_SPANS_AT_ONCE) {
      const bytes = rows.length * TABLE_BYTES;
      running.held.add(bytes);
      const one = await largeAnalyses.profile(rows, weight, running.signal, { clock });
      running.held.add(-bytes);
      if (one.isCorrected) correctedTraces++;
      await inSlices(taker.merge(summary.traceId, one.profile), slice);
    } else if (taker.add(rowColumns.of(rows), weight)) correctedTraces++;
    running.held.add((profile.paths.count - countedPaths) * PATH_BYTES);
    countedPaths = profile.paths.count;
  });
  return { ...analysed, correctedTraces };
}

/** The earliest span without a parent is the root; a trace without one counts once. */
function weightOfRoot(rows: readonly SpanRow[]): number {
  const root = rows.find(({ batch, row }) => isAllZero(batch.parentSpanIds, row * 8, row * 8 + 8));
  return root === undefined ? 1 : adjustedCount(lazySpan(root).traceState);
}
