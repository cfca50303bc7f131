/** Makes batches out of plain spans the way a request does: encoded as OTLP, decoded into columns. */

import type { CommittedBatch } from "../../src/batch/committed-batch.ts";
import type { SpanBatch } from "../../src/batch/span-batch.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../src/model/span.ts";
import { durationMsBetween, isoFromUnixNano } from "../../src/model/time.ts";

/** One batch of the given spans, in their order within each resource and scope. */
export function batchOf(
  spans: readonly Span[],
  decoder: OtlpRequestDecoder = new OtlpRequestDecoder(),
): SpanBatch {
  return decoder.decode(encodeSpans(spans)).batch;
}

/** Appends spans to something in committed batches with ascending positions. */
export class BatchFeed {
  readonly #decoder: OtlpRequestDecoder = new OtlpRequestDecoder();
  readonly #target: { append(committed: CommittedBatch): void };
  /** Everything appended so far, oldest first. */
  readonly committed: CommittedBatch[] = [];
  arrivalUnixMillis: number;

  constructor(
    target: { append(committed: CommittedBatch): void },
    arrivalUnixMillis: number = 1_700_000_000_000,
  ) {
    this.#target = target;
    this.arrivalUnixMillis = arrivalUnixMillis;
  }

  /** Appends one batch; returns its position. */
  append(...spans: readonly Span[]): number {
    const position = this.committed.length;
    const committed = {
      batch: batchOf(spans, this.#decoder),
      position,
      arrivalUnixMillis: this.arrivalUnixMillis,
    };
    this.committed.push(committed);
    this.#target.append(committed);
    return position;
  }
}

/** The same span with exact times. */
export function withTimes(span: Span, startTimeUnixNano: bigint, endTimeUnixNano: bigint): Span {
  return {
    ...span,
    startTimeUnixNano,
    endTimeUnixNano,
    startTime: isoFromUnixNano(startTimeUnixNano),
    endTime: isoFromUnixNano(endTimeUnixNano),
    durationMs: durationMsBetween(startTimeUnixNano, endTimeUnixNano),
  };
}
