/** Long requests in parts of bounded size, each a request of its own: what takes a part in is done with it soon. */

import type { SpanBatch, SpanRow } from "../../batch/span-batch.ts";
import { payloadFromRows } from "./encode-request.ts";
import type { DecodedRequest, OtlpRequestDecoder } from "./request-decoder.ts";

/** How large a part may be. */
export interface PartLimits {
  readonly maxRows: number;
  /** Bytes of span bodies; a longer span is a part by itself. */
  readonly maxBytes: number;
}

/** What came of one request, in parts. */
export interface DecodedParts extends Pick<DecodedRequest, "rejectedSpans" | "errorMessage"> {
  readonly acceptedSpans: number;
  /** Batches of the accepted spans, whose payloads hold just these; empty when there are none. */
  readonly parts: readonly SpanBatch[];
  /** True when there is one part, with the very payload that came. */
  readonly isAsItCame: boolean;
}

/**
 * Parts small enough that indexing one takes some milliseconds, and that several share a file of the log; large enough
 * that usual requests are one part.
 */
export const PART_LIMITS: PartLimits = Object.freeze({ maxRows: 16_384, maxBytes: 4 * 1024 * 1024 });

/**
 * Decodes a request. One within the limits is one part with the payload it came in.
 *
 * @throws TracAggError `invalid_argument` as the decoder does.
 */
export function decodeInParts(
  decoder: OtlpRequestDecoder,
  payload: Uint8Array,
  limits: PartLimits = PART_LIMITS,
): DecodedParts {
  const { batch, acceptedSpans, rejectedSpans, errorMessage } = decoder.decode(payload);
  const parts: SpanBatch[] = [];
  for (let start = 0; start < batch.rowCount; ) {
    const end = endOfPart(batch, start, limits);
    const isWhole = end - start === batch.rowCount && rejectedSpans === 0;
    parts.push(isWhole ? batch : decoder.decode(payloadFromRows(rowsOf(batch, start, end))).batch);
    start = end;
  }
  const isAsItCame = parts.length === 1 && parts[0]?.payload === payload;
  return { parts, acceptedSpans, rejectedSpans, errorMessage, isAsItCame };
}

function endOfPart(batch: SpanBatch, start: number, { maxRows, maxBytes }: PartLimits): number {
  const last = Math.min(batch.rowCount, start + maxRows);
  let bytes = 0;
  for (let row = start; row < last; row++) {
    bytes += (batch.spanEnds[row] as number) - (batch.spanStarts[row] as number);
    if (bytes > maxBytes && row > start) return row;
  }
  return last;
}

function* rowsOf(batch: SpanBatch, start: number, end: number): Generator<SpanRow> {
  for (let row = start; row < end; row++) yield { batch, row };
}
