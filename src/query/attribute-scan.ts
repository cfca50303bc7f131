/** Counts attributes of the spans that a query asks for. */

import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { AttributeCounter } from "../batch/attribute-counter.ts";
import type { AttributeCounts } from "../batch/attribute-counts.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { candidateQuery } from "../filter/conditions/candidate-query.ts";
import { conditionsOf } from "../filter/conditions/conditions-of.ts";
import type { CompiledPipeline } from "../filter/evaluator/pipeline.ts";
import { compilePipeline } from "../filter/evaluator/pipeline.ts";
import { rowTraceView } from "../filter/evaluator/row-trace-view.ts";
import { unitedSpans } from "../filter/evaluator/spanset.ts";
import { FilterError } from "../filter/filter-error.ts";
import type { Pipeline } from "../filter/query-model.ts";
import type { TraceReader, TraceRows } from "../store/trace-reader.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { TimeRange } from "./trace-filter.ts";

/** Traces read in one go at first: most questions are over once a few hundred were looked at. */
const TRACES_EXPECTED = 200;

/** Which spans are counted. */
export interface MatchingSpans {
  readonly pipeline: Pipeline;
  readonly range: TimeRange;
  /** Spans of whole traces that are looked at, newest first; the trace that reaches it is the last. */
  readonly maxSpans: number;
}

/** What was counted. */
export interface MatchingCounts {
  readonly counts: AttributeCounts;
  /** False when not all spans were looked at. */
  readonly isWhole: boolean;
  readonly spansExamined: number;
}

/** Runs a query over whole traces, newest first, and counts what the matching spans have. */
export async function countMatching(
  reader: TraceReader,
  { pipeline, range, maxSpans }: MatchingSpans,
  { signal, held }: RunningQuery,
): Promise<MatchingCounts> {
  const counts = new AttributeCounter({ countsRoots: false });
  const compiled = compiledOf(pipeline);
  if (compiled === undefined) return { counts, isWhole: true, spansExamined: 0 };
  const candidates = { ...candidateQuery(conditionsOf(pipeline)), ...range };
  const slice = new TimeSlice(signal);
  let spansExamined = 0;
  const scan = reader.scan(candidates, {
    limit: Number.MAX_SAFE_INTEGER,
    expected: TRACES_EXPECTED,
    signal,
    held,
  });
  for await (const trace of scan) {
    if (spansExamined >= maxSpans) return { counts, isWhole: false, spansExamined };
    spansExamined += trace.rows.length;
    await countTrace(counts, compiled, trace, slice);
    if (slice.isOver(trace.rows.length)) await slice.rest();
  }
  return { counts, isWhole: true, spansExamined };
}

/** Undefined for what cannot be worked out: nothing matches it. */
function compiledOf(pipeline: Pipeline): CompiledPipeline | undefined {
  try {
    return compilePipeline(pipeline);
  } catch (thrown) {
    if (thrown instanceof FilterError) return undefined;
    throw thrown;
  }
}

async function countTrace(
  counts: AttributeCounter,
  { run }: CompiledPipeline,
  { summary, rows }: TraceRows,
  slice: TimeSlice,
): Promise<void> {
  try {
    const match = await inSlices(run(rowTraceView(rows)), slice);
    if (match === undefined) return;
    for (const span of unitedSpans(match.spansets)) {
      counts.addRow(rows[span] as SpanRow);
      if (slice.isOver()) await slice.rest();
    }
    counts.addRoot(summary.rootOperationName, summary.rootServiceName, 1);
  } catch (thrown) {
    // A number divided by zero, say: the trace does not match.
    if (!(thrown instanceof FilterError)) throw thrown;
  }
}
