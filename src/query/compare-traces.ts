/** One stored trace against another, or against a typical one of its shape. */

import type { TraceDiff } from "../analysis/compare/trace-diff.ts";
import { traceDiff } from "../analysis/compare/trace-diff.ts";
import type { TraceShape } from "../analysis/compare/trace-shape.ts";
import { ShapeTable } from "../analysis/compare/trace-shape.ts";
import type { TypicalCandidate, TypicalTrace } from "../analysis/compare/typical-trace.ts";
import { typicalTrace } from "../analysis/compare/typical-trace.ts";
import { operationTemplate } from "../analysis/operation-template.ts";
import { traceTree } from "../analysis/trace-tree.ts";
import { TracAggError } from "../base/errors.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import { TimeSlice } from "../base/time-slice.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import type { StoredTrace } from "./stored-trace.ts";
import { storedTrace, traceIdFrom } from "./stored-trace.ts";

/** Traces of the same root operation that a typical one is chosen from, newest first, and their spans together. */
const MAX_CANDIDATES = 500;
const MAX_CANDIDATE_SPANS = 200_000;
/** Bytes of a span in the table an analysis is given. */
const ANALYSIS_BYTES = 100;

/** Which trace is compared with which. */
export interface CompareTracesRequest {
  readonly traceId: string;
  /** An id, or `typical`: a trace of its shape that took as long as they usually do. */
  readonly withTrace: string;
  /** Most call paths listed. */
  readonly maxNodes: number;
}

/** How a typical trace was chosen. */
export interface TypicalChoice extends TypicalTrace {
  /** True when more traces of the root operation are stored than were looked at. */
  readonly truncated: boolean;
}

/** How a trace differs from another. */
export interface TraceComparison {
  /** 32 lower-case hex digits, as `withTraceId`. */
  readonly traceId: string;
  readonly withTraceId: string;
  readonly summary: TraceSummary;
  readonly withSummary: TraceSummary;
  /** Undefined when the other trace was named. */
  readonly typical: TypicalChoice | undefined;
  readonly shape: TraceShape;
  readonly withShape: TraceShape;
  /** The other trace is the reference. */
  readonly diff: TraceDiff;
}

/**
 * Compares two stored traces.
 *
 * @throws what {@link storedTrace} throws, and TracAggError `not_found` when no other trace of the root operation is
 * stored to choose a typical one from.
 */
export async function compareTraces(
  context: QueryContext,
  { traceId, withTrace, maxNodes }: CompareTracesRequest,
  running: RunningQuery,
): Promise<TraceComparison> {
  // A malformed second id is found before the work for the first.
  const withTraceId = withTrace === "typical" ? undefined : otherIdFrom(withTrace);
  const subject = await storedTrace(context, traceId, running);
  const table = new ShapeTable();
  const shape = await shapeOf(context, subject.rows, { table, running });
  const typical =
    withTraceId === undefined ? await typicalOf(context, subject, { shape, table, running }) : undefined;
  const reference = await storedTrace(context, withTraceId ?? (typical?.traceId as string), running);
  return {
    traceId: subject.summary.traceId,
    withTraceId: reference.summary.traceId,
    summary: subject.summary,
    withSummary: reference.summary,
    typical,
    shape,
    withShape: await shapeOf(context, reference.rows, { table, running }),
    diff: await diffOf(context, { reference, subject, maxNodes }, running),
  };
}

function otherIdFrom(text: string): string {
  try {
    return traceIdFrom(text);
  } catch (cause) {
    const message = `with: expected typical or 32 hex digits, not all zero (or 16, for a 64-bit id), got "${text}"`;
    throw new TracAggError("invalid_argument", message, { cause, field: "with" });
  }
}

interface ShapeWork {
  readonly table: ShapeTable;
  readonly running: RunningQuery;
}

async function shapeOf(
  { largeAnalyses }: QueryContext,
  rows: readonly SpanRow[],
  { table, running }: ShapeWork,
): Promise<TraceShape> {
  if (largeAnalyses === undefined || rows.length <= MAX_SPANS_AT_ONCE) {
    return table.shapeOf(traceTree({ spans: rows.map(lazySpan) }));
  }
  running.held.add(rows.length * ANALYSIS_BYTES);
  const shape = await largeAnalyses.traceShape(rows, running.signal);
  running.held.add(-rows.length * ANALYSIS_BYTES);
  return shape;
}

async function diffOf(
  { largeAnalyses }: QueryContext,
  traces: { readonly reference: StoredTrace; readonly subject: StoredTrace; readonly maxNodes: number },
  { signal, held }: RunningQuery,
): Promise<TraceDiff> {
  const { maxNodes } = traces;
  const reference = traces.reference.rows;
  const subject = traces.subject.rows;
  const spanCount = reference.length + subject.length;
  if (largeAnalyses === undefined || spanCount <= MAX_SPANS_AT_ONCE) {
    return traceDiff({ spans: reference.map(lazySpan) }, { spans: subject.map(lazySpan) }, { maxNodes });
  }
  held.add(spanCount * ANALYSIS_BYTES);
  return await largeAnalyses.traceDiff({ reference, subject }, { maxNodes }, signal);
}

async function typicalOf(
  context: QueryContext,
  { summary }: StoredTrace,
  { shape, table, running }: ShapeWork & { readonly shape: TraceShape },
): Promise<TypicalChoice> {
  const { signal, held } = running;
  const candidates: TypicalCandidate[] = [];
  const slice = new TimeSlice(signal);
  const isAlike = sameRootOperation(summary);
  let spans = 0;
  let traces = 0;
  let truncated = false;
  // One trace more than is looked at says whether there are more.
  for await (const other of context.reader.scan(rootQuery(summary), {
    limit: MAX_CANDIDATES + 1,
    signal,
    held,
  })) {
    spans += other.rows.length;
    truncated = traces === MAX_CANDIDATES || (spans > MAX_CANDIDATE_SPANS && candidates.length > 0);
    if (truncated) break;
    traces++;
    if (other.summary.traceId === summary.traceId || !isAlike(other.summary)) continue;
    const { startTimeUnixNano, endTimeUnixNano, traceId } = other.summary;
    candidates.push({
      traceId,
      durationNanos: endTimeUnixNano - startTimeUnixNano,
      shape: await shapeOf(context, other.rows, { table, running }),
    });
    if (slice.isOver(other.rows.length)) await slice.rest();
  }
  const chosen = typicalTrace(shape, candidates);
  if (chosen === undefined) throw noneToChoose(summary);
  return { ...chosen, truncated };
}

/** Names with ids in them cannot be searched for, so then all traces of the service are looked at. */
function rootQuery({ rootServiceName, rootOperationName }: TraceSummary): {
  readonly rootServiceName: string;
  readonly rootOperationName?: string;
} {
  if (operationTemplate(rootOperationName) !== rootOperationName) return { rootServiceName };
  return { rootServiceName, rootOperationName };
}

function sameRootOperation({ rootOperationName }: TraceSummary): (other: TraceSummary) => boolean {
  const template = operationTemplate(rootOperationName);
  return (other) => operationTemplate(other.rootOperationName) === template;
}

function noneToChoose({ rootServiceName, rootOperationName }: TraceSummary): TracAggError {
  const root = `${rootServiceName || "?"}: ${rootOperationName || "(root not known)"}`;
  const message = `no other trace that begins with "${root}" is stored; name the one to compare with`;
  return new TracAggError("not_found", message, { field: "with" });
}
