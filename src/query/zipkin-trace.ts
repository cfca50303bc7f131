/** Traces by id as Zipkin's clients know them: of 64 bits, of 128, or of 128 where only the lower 64 count. */

import { TimeSlice } from "../base/time-slice.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { TraceReader } from "../store/trace-reader.ts";
import type { QueryContext } from "./query-context.ts";
import type { RunningQuery } from "./query-limiter.ts";
import { tooManySpans } from "./stored-trace.ts";

/** Which trace. */
export interface ZipkinTraceRequest {
  /** 32 lower-case hex digits; zeros in front for an id of 64 bits. */
  readonly traceId: string;
  /** False: traces whose ids end in the same 16 digits are one. */
  readonly isStrict: boolean;
}

/**
 * Reads all spans of a trace; none for an id that is not known.
 *
 * @throws TracAggError `too_large` when there are more than one answer may hold.
 */
export async function zipkinTrace(
  { reader, answerLimits: { maxSpansPerAnswer } }: QueryContext,
  { traceId, isStrict }: ZipkinTraceRequest,
  { signal, held }: RunningQuery,
): Promise<readonly SpanRow[]> {
  const ids = isStrict ? [traceId] : await traceIdsAlike(reader, traceId, signal);
  const slice = new TimeSlice(signal);
  const all: SpanRow[] = [];
  for (const id of ids) {
    for (const row of await reader.trace(id, signal, held)) {
      all.push(row);
      if (slice.isOver()) await slice.rest();
    }
    if (all.length > maxSpansPerAnswer) throw tooManySpans(traceId, all.length, maxSpansPerAnswer);
  }
  return all;
}

/** Ids that end as this one does, itself among them when it is stored. */
export function traceIdsAlike(
  reader: TraceReader,
  traceId: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return reader.traceIdsEndingIn(traceId.slice(16), signal);
}
