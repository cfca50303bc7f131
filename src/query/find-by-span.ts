/** Search by a condition on single spans: every trace in which one span meets it, as outlines or whole. */

import { TracAggError } from "../base/errors.ts";
import { HeldPart } from "../base/held-bytes.ts";
import type { Steps } from "../base/time-slice.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { boundedCondition } from "../filter/conditions/bounded-condition.ts";
import { candidateQuery } from "../filter/conditions/candidate-query.ts";
import type { SpanCondition } from "../filter/conditions/condition.ts";
import { someSpan } from "../filter/conditions/condition.ts";
import type { TraceView } from "../filter/evaluator/trace-view.ts";
import type { TraceQuery } from "../filter/trace-query.ts";
import type { TraceInView, ViewNeeds } from "../store/trace-reader.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { TraceOutline } from "./trace-outline.ts";
import { bytesOfOutline, outlineOf } from "./trace-outline.ts";

/** Spans asked between two chances for others to run. */
const SPANS_PER_STEP = 256;

/** What is asked of single spans. */
export interface SpanQuestion {
  /** True of a span that is looked for; `span` is its number in the view. */
  readonly test: (view: TraceView, span: number) => boolean;
  /** Holds on every span that `test` is true of. */
  readonly where: SpanCondition;
  /** What `test` reads of a span besides its ids, name, service, kind, status and times. */
  readonly needs: ViewNeeds;
}

/** Which traces are looked for. */
export interface FindBySpanRequest {
  readonly question: SpanQuestion;
  /** The span that meets the question starts at or after this moment; absent: at any time. */
  readonly startTimeUnixNano?: bigint | undefined;
  /** It starts before this moment. */
  readonly endTimeUnixNano?: bigint | undefined;
  /** Most traces, 1 or more. */
  readonly maxTraces: number;
}

/** {@link findWholeTraces} with somebody to tell. */
export interface FindWholeTracesRequest extends FindBySpanRequest {
  /**
   * Takes the rows of one trace after the other; the search goes on when the promise resolves, so that a slow reader
   * slows it down. Absent: the answer has all of them.
   */
  readonly onTrace?: (rows: readonly SpanRow[]) => Promise<void>;
}

/**
 * Outlines of the newest traces in which one span meets a question, newest first.
 *
 * @example
 * await findTraceOutlines(context, { question, startTimeUnixNano: 0n, maxTraces: 20 }, running);
 */
export async function findTraceOutlines(
  context: QueryContext,
  request: FindBySpanRequest,
  running: RunningQuery,
): Promise<readonly TraceOutline[]> {
  const slice = new TimeSlice(running.signal);
  const outlines: TraceOutline[] = [];
  for await (const { view } of matchingTraces(context, request, running)) {
    const outline = await inSlices(outlineOf(view), slice);
    running.held.add(bytesOfOutline(outline));
    outlines.push(outline);
    if (outlines.length === request.maxTraces) break;
  }
  return outlines;
}

/**
 * The newest traces in which one span meets a question, whole, newest first.
 *
 * @returns the rows of each trace, by start, then span id; none where `onTrace` was told.
 * @throws TracAggError `too_large` when the traces have more spans than one answer may hold.
 */
export async function findWholeTraces(
  context: QueryContext,
  request: FindWholeTracesRequest,
  running: RunningQuery,
): Promise<readonly (readonly SpanRow[])[]> {
  const { onTrace, maxTraces } = request;
  const traceIds: string[] = [];
  for await (const { traceId } of matchingTraces(context, request, running)) {
    traceIds.push(traceId);
    if (traceIds.length === maxTraces) break;
  }
  if (onTrace === undefined) return await readAll(context, traceIds, running);
  for (const traceId of traceIds) {
    const held = new HeldPart(running.held);
    const rows = await context.reader.trace(traceId, running.signal, held);
    if (rows.length > 0) await onTrace(rows);
    held.release();
  }
  return [];
}

async function readAll(
  { reader, answerLimits: { maxSpansPerAnswer } }: QueryContext,
  traceIds: readonly string[],
  { signal, held }: RunningQuery,
): Promise<readonly (readonly SpanRow[])[]> {
  const found = await reader.traces(traceIds, signal, held);
  const traces: (readonly SpanRow[])[] = [];
  let spans = 0;
  for (const traceId of traceIds) {
    const rows = found.get(traceId) ?? [];
    spans += rows.length;
    if (spans > maxSpansPerAnswer) {
      throw new TracAggError(
        "too_large",
        `the first ${traces.length + 1} traces have ${spans} spans; one answer holds at most ${maxSpansPerAnswer}; ask for fewer traces`,
      );
    }
    if (rows.length > 0) traces.push(rows);
  }
  return traces;
}

async function* matchingTraces(
  { reader }: QueryContext,
  request: FindBySpanRequest,
  { signal, held }: RunningQuery,
): AsyncGenerator<TraceInView, void> {
  const { question, maxTraces } = request;
  const where = boundedCondition(someSpan(question.where));
  const slice = new TimeSlice(signal);
  const scan = reader.scanViews(candidatesOf(request, candidateQuery(where)), {
    needs: question.needs,
    where,
    limit: Number.MAX_SAFE_INTEGER,
    expected: maxTraces,
    signal,
    held,
  });
  for await (const trace of scan) {
    if (await inSlices(hasSpan(trace.view, request), slice)) yield trace;
    if (slice.isOver(1)) await slice.rest();
  }
}

/** A trace with a span that starts in the range reaches into the range. */
function candidatesOf(
  { startTimeUnixNano, endTimeUnixNano }: FindBySpanRequest,
  query: TraceQuery,
): TraceQuery {
  return {
    ...query,
    ...(startTimeUnixNano === undefined ? {} : { minEndTimeUnixNano: startTimeUnixNano }),
    ...(endTimeUnixNano === undefined ? {} : { endTimeUnixNano }),
  };
}

function* hasSpan(
  view: TraceView,
  { question: { test }, startTimeUnixNano, endTimeUnixNano }: FindBySpanRequest,
): Steps<boolean> {
  for (let span = 0; span < view.spanCount; span++) {
    const start = view.startTimeUnixNano(span);
    // The spans of a view are in the order of their starts.
    if (endTimeUnixNano !== undefined && start >= endTimeUnixNano) return false;
    const isInRange = startTimeUnixNano === undefined || start >= startTimeUnixNano;
    if (isInRange && test(view, span)) return true;
    if (span % SPANS_PER_STEP === SPANS_PER_STEP - 1) yield SPANS_PER_STEP;
  }
  return false;
}
