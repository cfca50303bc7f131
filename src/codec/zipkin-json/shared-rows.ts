/** {@link spansForOtlp} for the rows of a whole trace, of which nearly all stay as they are, byte for byte. */

import type { Steps } from "../../base/time-slice.ts";
import { repeatedCallIds } from "../../batch/repeated-call-ids.ts";
import { parentSpanIdOf, spanIdOf } from "../../batch/row-ids.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import { spanFromRow } from "../../batch/span-from-row.ts";
import type { Span } from "../../model/span.ts";
import { encodeSpans } from "../otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../otlp-protobuf/request-decoder.ts";
import { spansForOtlp } from "./shared-spans.ts";

/** Rows looked at between two chances for others to run. */
const ROWS_PER_STEP = 1_024;
/** What decoding a span costs beside looking at its columns. */
const DECODE_STEPS = 32;

/**
 * The rows of a trace as other backends can take them, in their order: where a server has the id of its client, the
 * server, and the spans of its service that name that id, are made anew. A trace in which no two calls have one id comes
 * back as it is, after a look at its ids. Work that can be done in slices.
 */
export function* rowsForOtlp(rows: readonly SpanRow[]): Steps<readonly SpanRow[]> {
  const ids = yield* repeatedCallIds(rows);
  if (ids.size === 0) return rows;
  const touched = yield* rowsWithIds(rows, ids);
  const spans: Span[] = [];
  for (const index of touched) {
    spans.push(spanFromRow(rows[index] as SpanRow));
    if (spans.length % 64 === 0) yield 64 * DECODE_STEPS;
  }
  const separated = spansForOtlp(spans);
  if (separated === spans) return rows;
  const decoder = new OtlpRequestDecoder();
  const result = [...rows];
  for (const [at, span] of separated.entries()) {
    if (span === spans[at]) continue;
    result[touched[at] as number] = { batch: decoder.decode(encodeSpans([span])).batch, row: 0 };
    if (at % 64 === 63) yield 64 * DECODE_STEPS;
  }
  return result;
}

/** Indexes of the rows that have one of the ids, or name one as their parent. */
function* rowsWithIds(rows: readonly SpanRow[], ids: ReadonlySet<string>): Steps<number[]> {
  const found: number[] = [];
  for (const [index, row] of rows.entries()) {
    if (ids.has(spanIdOf(row)) || ids.has(parentSpanIdOf(row) ?? "")) found.push(index);
    if (index % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
  }
  return found;
}
