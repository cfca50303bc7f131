/** Batches for exporters, put together from pieces of the log without decoding what nobody looks at. */

import type { SpanRow } from "../batch/span-batch.ts";
import { payloadFromRows } from "../codec/otlp-protobuf/encode-request.ts";
import { OtlpRequestDecoder } from "../codec/otlp-protobuf/request-decoder.ts";
import type { ExportBatch } from "./exporter.ts";

/** A record of the log or a part of one: its bytes, or chosen rows. */
export interface ExportPiece {
  readonly spanCount: number;
  readonly bytes: number;
  /** Absent when only the rows say which spans are meant. */
  readonly payload?: Uint8Array;
  /** The payload as it came. */
  readonly gzipPayload?: Uint8Array;
  readonly rows?: readonly SpanRow[];
}

/**
 * A gzip record of so many spans goes out alone and as it is: unpacking and packing it anew costs more than the request
 * it saves. Senders of OpenTelemetry put up to 512 spans into one.
 */
const MIN_SPANS_ALONE = 256;

/** Most a batch holds; a single piece may be larger. */
export interface BatchLimits {
  readonly maxSpans: number;
  readonly maxBytes: number;
}

/** Whether a piece is sent by itself, in the form it has. */
export function goesAlone(piece: ExportPiece): boolean {
  return piece.gzipPayload !== undefined && piece.spanCount >= MIN_SPANS_ALONE;
}

/** Gathers pieces until they are a batch. */
export class BatchBuilder {
  readonly #limits: BatchLimits;
  #pieces: ExportPiece[] = [];
  #spanCount = 0;
  #bytes = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** False when the batch must go out before this piece is added. */
  fits(piece: ExportPiece): boolean {
    if (this.isEmpty) return true;
    if (goesAlone(piece) || this.#pieces.some(goesAlone)) return false;
    const { maxSpans, maxBytes } = this.#limits;
    return this.#spanCount + piece.spanCount <= maxSpans && this.#bytes + piece.bytes <= maxBytes;
  }

  add(piece: ExportPiece): void {
    this.#pieces.push(piece);
    this.#spanCount += piece.spanCount;
    this.#bytes += piece.bytes;
  }

  /** The batch of what was added since the last call. */
  take(): ExportBatch {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#spanCount = 0;
    this.#bytes = 0;
    return batchOfPieces(pieces);
  }
}

/** A batch of chosen rows. */
export function batchOfRows(rows: readonly SpanRow[]): ExportBatch {
  return batchOfPieces([{ spanCount: rows.length, bytes: bytesOf(rows), rows }]);
}

/** Bytes of the rows' span messages: what a request of them is made of, but for resources and scopes. */
export function bytesOf(rows: readonly SpanRow[]): number {
  return rows.reduce(
    (bytes, { batch, row }) => bytes + (batch.spanEnds[row] as number) - (batch.spanStarts[row] as number),
    0,
  );
}

/** A batch of all pieces. */
export function batchOfPieces(pieces: readonly ExportPiece[]): ExportBatch {
  const [first] = pieces;
  let rows: readonly SpanRow[] | undefined;
  return {
    spanCount: pieces.reduce((sum, piece) => sum + piece.spanCount, 0),
    bytes: pieces.reduce((sum, piece) => sum + piece.bytes, 0),
    gzipPayload: pieces.length === 1 ? first?.gzipPayload : undefined,
    payload: () => joined(pieces.map((piece) => piece.payload ?? payloadFromRows(piece.rows ?? []))),
    rows: () => {
      rows ??= rowsOf(pieces);
      return rows;
    },
  };
}

function rowsOf(pieces: readonly ExportPiece[]): readonly SpanRow[] {
  const decoder = new OtlpRequestDecoder();
  return pieces.flatMap((piece) => piece.rows ?? allRows(decoder, piece.payload as Uint8Array));
}

/**
 * Every row of a request.
 *
 * @throws TracAggError `invalid_argument` when it is malformed.
 */
export function allRows(decoder: OtlpRequestDecoder, payload: Uint8Array): SpanRow[] {
  const { batch } = decoder.decode(payload);
  return Array.from({ length: batch.rowCount }, (_, row) => ({ batch, row }));
}

/**
 * Requests one behind the other are one request with the resource spans of all: that is what protobuf says of repeated
 * fields.
 */
function joined(payloads: readonly Uint8Array[]): Uint8Array {
  const [first] = payloads;
  if (payloads.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(payloads.reduce((bytes, payload) => bytes + payload.length, 0));
  let offset = 0;
  for (const payload of payloads) {
    all.set(payload, offset);
    offset += payload.length;
  }
  return all;
}
