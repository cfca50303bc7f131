/** One trace by id. */

import { TracAggError } from "../base/errors.ts";
import { inSlices, TimeSlice } from "../base/time-slice.ts";
import { rowSummary } from "../batch/row-summary.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { TraceSummary } from "../model/trace-summary.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";

/** A trace as the store holds it; spans are decoded by whoever needs them. */
export interface StoredTrace {
  readonly summary: TraceSummary;
  /** By start, then span id; equal spans once; at least one. */
  readonly rows: readonly SpanRow[];
}

/**
 * Trace ids as people paste them: 32 hex digits in either case, or 16, which are padded with zeros on the left (a
 * 64-bit id of an older tracer).
 *
 * @throws TracAggError `invalid_argument` for anything else, and for the id of zeros, which no trace has.
 */
export function traceIdFrom(text: string): string {
  const isId = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/i.test(text) && !/^0+$/.test(text);
  if (isId) return text.toLowerCase().padStart(32, "0");
  const expected = "32 hex digits, not all zero (or 16, for a 64-bit id)";
  throw new TracAggError("invalid_argument", `traceId: expected ${expected}, got "${text}"`, {
    field: "traceId",
  });
}

/**
 * Reads a whole trace.
 *
 * @throws TracAggError `invalid_argument` for a malformed id, `not_found` for an unknown one, `too_large` when the trace
 * has more spans than one answer may hold.
 */
export async function storedTrace(
  context: QueryContext,
  traceId: string,
  { signal, held }: RunningQuery,
): Promise<StoredTrace> {
  const { rows } = await traceRows(context, { traceId, cutLarge: false }, { signal, held });
  return { summary: await inSlices(rowSummary(rows), new TimeSlice(signal)), rows };
}

/** Rows of a trace, all of them unless `cut` says why not. */
export interface TraceRowsRead {
  readonly rows: readonly SpanRow[];
  readonly cut: string | undefined;
}

/**
 * Reads the rows of a whole trace, with `cutLarge` the first ones of a trace that has too many.
 *
 * @throws what {@link storedTrace} throws, `too_large` only without `cutLarge`.
 */
export async function traceRows(
  { reader, answerLimits: { maxSpansPerAnswer } }: QueryContext,
  { traceId, cutLarge }: { readonly traceId: string; readonly cutLarge: boolean },
  { signal, held }: RunningQuery,
): Promise<TraceRowsRead> {
  const id = traceIdFrom(traceId);
  const rows = await reader.trace(id, signal, held);
  if (rows.length === 0) {
    const hint = "it may not have arrived yet, or retention has removed it";
    throw new TracAggError("not_found", `no trace ${id} is stored; ${hint}`, { field: "traceId" });
  }
  if (rows.length <= maxSpansPerAnswer) return { rows, cut: undefined };
  const error = tooManySpans(id, rows.length, maxSpansPerAnswer);
  if (cutLarge) return { rows: rows.slice(0, maxSpansPerAnswer), cut: error.message };
  throw error;
}

/** `too_large`, for a trace of more spans than one answer may hold. */
export function tooManySpans(traceId: string, spanCount: number, maxSpansPerAnswer: number): TracAggError {
  const message = `trace ${traceId} has ${spanCount} spans; one answer holds at most ${maxSpansPerAnswer}`;
  return new TracAggError("too_large", message, { field: "traceId" });
}
