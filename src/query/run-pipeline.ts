/** Running pipelines of a query over stored traces; what cannot be worked out is told with its place in the query. */

import { TracAggError } from "../base/errors.ts";
import type { Steps, TimeSlice } from "../base/time-slice.ts";
import { inSlices } from "../base/time-slice.ts";
import type { CompiledPipeline, TraceMatch } from "../filter/evaluator/pipeline.ts";
import { FilterError } from "../filter/filter-error.ts";
import type { TraceInView } from "../store/trace-reader.ts";
import { lineAndColumn } from "../traceql/traceql-error.ts";

/** Spans of a trace that self times and critical paths are still worked out of: a tenth of a second without a pause. */
const MAX_ANALYSED_SPANS = 100_000;

/**
 * Runs a pipeline over one trace; undefined when it does not match.
 *
 * @param q - the text that the pipeline was read from
 * @throws TracAggError `invalid_argument` for what cannot be worked out; `too_large` when self times of too many spans
 * are asked for.
 */
export async function matchOf(
  q: string,
  { facts, run }: Pick<CompiledPipeline, "facts" | "run">,
  { traceId, view }: Pick<TraceInView, "traceId" | "view">,
  slice: TimeSlice,
): Promise<TraceMatch | undefined> {
  if (view.spanCount > MAX_ANALYSED_SPANS && (facts.has("selfTimes") || facts.has("criticalPath"))) {
    throw new TracAggError(
      "too_large",
      `q: trace ${traceId} has ${view.spanCount} spans; selfTime and criticalPath are worked out of at most ` +
        `${MAX_ANALYSED_SPANS}; leave them out, or exclude the trace by its time`,
      { field: "q" },
    );
  }
  return await stepsInTextOf(q, run(view), slice);
}

/** Does work in slices; what cannot be worked out is told as by {@link inTextOf}. */
export async function stepsInTextOf<T>(q: string, steps: Steps<T>, slice: TimeSlice): Promise<T> {
  try {
    return await inSlices(steps, slice);
  } catch (thrown) {
    throw placedError(q, thrown);
  }
}

/** Does work; what cannot be worked out is told with its place, as errors of the language have it. */
export function inTextOf<T>(q: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw placedError(q, thrown);
  }
}

function placedError(q: string, thrown: unknown): unknown {
  if (!(thrown instanceof FilterError)) return thrown;
  const { line, column } = lineAndColumn(q, thrown.start);
  const message = `line ${line}, column ${column}: ${thrown.reason}`;
  return new TracAggError("invalid_argument", message, { field: "q", cause: thrown });
}
