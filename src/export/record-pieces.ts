/** From records of the log to pieces that exporters take. */

import type { SpanRow } from "../batch/span-batch.ts";
import { OtlpRequestDecoder } from "../codec/otlp-protobuf/request-decoder.ts";
import { spanCountOf } from "../codec/otlp-protobuf/span-count.ts";
import { gunzipBounded } from "../io/gunzip.ts";
import type { LogEntry } from "../log/ingest-log.ts";
import type { BatchLimits, ExportPiece } from "./export-batch.ts";
import { allRows, bytesOf } from "./export-batch.ts";
import type { SpanFilter } from "./span-filter.ts";

/** Only keeps a damaged record from asking for all memory. */
const MAX_RECORD_BYTES = 1024 * 1024 * 1024;

/** What one record gives. */
export interface RecordPieces {
  readonly pieces: readonly ExportPiece[];
  /** Spans that the filter keeps back. */
  readonly filteredSpans: number;
}

/** Reads records for one exporter. */
export class RecordReader {
  readonly #decoder = new OtlpRequestDecoder();
  readonly #limits: BatchLimits;
  readonly #filter: SpanFilter | undefined;

  constructor(limits: BatchLimits, filter: SpanFilter | undefined) {
    this.#limits = limits;
    this.#filter = filter;
  }

  /**
   * The spans of a record, in pieces that keep the limits. They are decoded only when a filter or a limit asks for it.
   *
   * @throws TracAggError `invalid_argument` or `too_large` for a record that cannot be read.
   */
  async read(entry: LogEntry): Promise<RecordPieces> {
    const isGzip = entry.encoding === "gzip";
    const payload = isGzip
      ? await gunzipBounded(entry.payload, { maxBytes: MAX_RECORD_BYTES })
      : entry.payload;
    const spanCount = spanCountOf(payload);
    const whole: ExportPiece = {
      spanCount,
      bytes: payload.length,
      payload,
      ...(isGzip && { gzipPayload: entry.payload }),
    };
    const isTooLarge = spanCount > this.#limits.maxSpans || payload.length > this.#limits.maxBytes;
    if (this.#filter === undefined && !isTooLarge) {
      return { pieces: spanCount === 0 ? [] : [whole], filteredSpans: 0 };
    }
    const all = allRows(this.#decoder, payload);
    const wanted = this.#filter === undefined ? all : all.filter(this.#filter);
    const filteredSpans = all.length - wanted.length;
    if (filteredSpans === 0 && !isTooLarge && all.length > 0) {
      return { pieces: [{ ...whole, rows: all }], filteredSpans };
    }
    return { pieces: slicesOf(wanted, this.#limits), filteredSpans };
  }
}

function slicesOf(rows: readonly SpanRow[], { maxSpans, maxBytes }: BatchLimits): ExportPiece[] {
  const slices: ExportPiece[] = [];
  let slice: SpanRow[] = [];
  let bytes = 0;
  const close = (): void => {
    if (slice.length > 0) slices.push({ spanCount: slice.length, bytes, rows: slice });
    slice = [];
    bytes = 0;
  };
  for (const row of rows) {
    const rowBytes = bytesOf([row]);
    if (slice.length >= maxSpans || bytes + rowBytes > maxBytes) close();
    slice.push(row);
    bytes += rowBytes;
  }
  close();
  return slices;
}
