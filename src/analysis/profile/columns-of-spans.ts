/** Spans as columns, for analyses that read columns. */

import type { Span } from "../../model/span.ts";
import { numberFromSpanKind } from "../../model/span-kind.ts";
import { SpanStatus } from "../../model/span-status.ts";
import type { FrameNumbers, TraceColumns } from "../../model/trace-columns.ts";
import type { ForestSpan } from "../span-forest.ts";
import { hostKeyOfSpan } from "../trace-clocks.ts";

const ID_BYTES = 8;
const STATUS_NUMBERS: Readonly<Record<SpanStatus, number>> = Object.freeze({
  [SpanStatus.UNSET]: 0,
  [SpanStatus.OK]: 1,
  [SpanStatus.ERROR]: 2,
});

/**
 * Columns of a trace's spans, with frame numbers of `frames`. Ids are replaced by their ranks, which keeps what is equal
 * and what comes first, so any text will do for an id.
 */
export function columnsOfSpans<S extends ForestSpan = Span>(
  trace: { readonly traceId: string; readonly spans: readonly S[] },
  frames: FrameNumbers,
): TraceColumns {
  const { traceId, spans } = trace;
  const count = spans.length;
  const ranks = ranksOf(spans);
  const columns = {
    traceId,
    rowCount: count,
    spanIds: new Uint8Array(count * ID_BYTES),
    parentSpanIds: new Uint8Array(count * ID_BYTES),
    startTimesUnixNano: new BigUint64Array(count),
    endTimesUnixNano: new BigUint64Array(count),
    kinds: new Uint8Array(count),
    statusCodes: new Uint8Array(count),
    frames: new Int32Array(count),
    hosts: spans.map(hostKeyOfSpan),
  };
  for (const [row, span] of spans.entries()) {
    const kind = numberFromSpanKind(span.kind);
    putRank(columns.spanIds, row, ranks.get(span.spanId) as number);
    if (span.parentSpanId !== undefined) {
      putRank(columns.parentSpanIds, row, ranks.get(span.parentSpanId) as number);
    }
    columns.startTimesUnixNano[row] = span.startTimeUnixNano;
    columns.endTimesUnixNano[row] = span.endTimeUnixNano;
    columns.kinds[row] = kind;
    columns.statusCodes[row] = STATUS_NUMBERS[span.status];
    columns.frames[row] = frames.numberOf(span.serviceName, span.name, kind);
  }
  return columns;
}

/** From 1: zeros stand for no parent. */
function ranksOf(spans: readonly ForestSpan[]): Map<string, number> {
  const ids = new Set<string>();
  for (const { spanId, parentSpanId } of spans) {
    ids.add(spanId);
    if (parentSpanId !== undefined) ids.add(parentSpanId);
  }
  return new Map([...ids].sort().map((id, at) => [id, at + 1]));
}

function putRank(column: Uint8Array, row: number, rank: number): void {
  const at = row * ID_BYTES + 4;
  column[at] = rank >>> 24;
  column[at + 1] = rank >>> 16;
  column[at + 2] = rank >>> 8;
  column[at + 3] = rank;
}
