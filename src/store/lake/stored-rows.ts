/** Rows of `spans.parquet` back into span rows: the OTLP request they came in, written again and decoded. */

import type { DuckDBDataChunk } from "@duckdb/node-api";
import { DuckDBBlobVector } from "@duckdb/node-api";
import { TracAggError } from "../../base/errors.ts";
import type { SpanRow } from "../../batch/span-batch.ts";
import type { OtlpRequestDecoder } from "../../codec/otlp-protobuf/request-decoder.ts";
import { ByteSink, varintLength } from "./byte-sink.ts";
import type { SegmentOrigins } from "./segment-origins.ts";

/** The select list {@link StoredRows.add} expects, over `spans.parquet`. */
export const STORED_ROW_COLUMNS: string =
  "trace_id, span_id, parent_span_id, start_time_unix_nano, duration_nanos, end_time_unix_nano, kind, " +
  "encode(name), resource_id, scope_id, rest";

const Column = Object.freeze({
  TRACE_ID: 0,
  SPAN_ID: 1,
  PARENT: 2,
  START: 3,
  DURATION: 4,
  END: 5,
  KIND: 6,
  NAME: 7,
  RESOURCE_ID: 8,
  SCOPE_ID: 9,
  REST: 10,
});

const EMPTY = new Uint8Array(0);

interface StoredScope {
  readonly resourceId: number;
  readonly scopeId: number;
  /** Numbers of the rows under it, in the order they were added. */
  readonly rows: number[];
}

/** Collects stored rows, then decodes them all at once; rows come out in the order they went in. */
export class StoredRows {
  readonly #decoder: OtlpRequestDecoder;
  readonly #bodies = new ByteSink();
  #ends: number[] = [];
  #scopes = new Map<string, StoredScope>();

  constructor(decoder: OtlpRequestDecoder) {
    this.#decoder = decoder;
  }

  /** Rows collected so far. */
  get count(): number {
    return this.#ends.length;
  }

  /** Bytes collected so far. */
  get byteSize(): number {
    return this.#bodies.length;
  }

  /** Takes the rows of a chunk in. */
  add(chunk: DuckDBDataChunk): void {
    const traceIds = blobs(chunk, Column.TRACE_ID);
    const names = blobs(chunk, Column.NAME);
    const rests = blobs(chunk, Column.REST);
    const numbers = (column: number) => chunk.getColumnVector(column);
    const spanIds = numbers(Column.SPAN_ID);
    const parents = numbers(Column.PARENT);
    const starts = numbers(Column.START);
    const durations = numbers(Column.DURATION);
    const ends = numbers(Column.END);
    const kinds = numbers(Column.KIND);
    const resourceIds = numbers(Column.RESOURCE_ID);
    const scopeIds = numbers(Column.SCOPE_ID);
    for (let row = 0; row < chunk.rowCount; row++) {
      const start = starts.getItem(row) as bigint;
      this.#appendSpan({
        traceId: traceIds.getItemBytes(row) ?? EMPTY,
        spanId: spanIds.getItem(row) as bigint,
        parentSpanId: (parents.getItem(row) ?? 0n) as bigint,
        name: names.getItemBytes(row) ?? EMPTY,
        kind: kinds.getItem(row) as number,
        start,
        end: (ends.getItem(row) ?? start + (durations.getItem(row) as bigint)) as bigint,
        rest: rests.getItemBytes(row) ?? EMPTY,
      });
      this.#noteScope(resourceIds.getItem(row) as number, scopeIds.getItem(row) as number);
    }
  }

  /** Ids of the resources and scopes that {@link StoredRows.decode} will ask for. */
  originIds(): { resourceIds: readonly number[]; scopeIds: readonly number[] } {
    const scopes = [...this.#scopes.values()];
    return {
      resourceIds: [...new Set(scopes.map(({ resourceId }) => resourceId))],
      scopeIds: [...new Set(scopes.map(({ scopeId }) => scopeId))],
    };
  }

  /** Decodes what was collected and starts anew. */
  decode(origins: SegmentOrigins): SpanRow[] {
    const scopes = [...this.#scopes.values()];
    const payload = this.#payload(scopes, origins);
    const rows = new Array<SpanRow>(this.count);
    const { batch } = this.#decoder.decode(payload);
    if (batch.rowCount !== rows.length) {
      throw new TracAggError(
        "data_corrupt",
        `stored spans: expected ${rows.length} to decode, ${batch.rowCount} did`,
      );
    }
    let decoded = 0;
    for (const scope of scopes) for (const row of scope.rows) rows[row] = { batch, row: decoded++ };
    this.#bodies.clear();
    this.#ends = [];
    this.#scopes = new Map();
    return rows;
  }

  #noteScope(resourceId: number, scopeId: number): void {
    const key = `${resourceId}/${scopeId}`;
    let scope = this.#scopes.get(key);
    if (scope === undefined) {
      scope = { resourceId, scopeId, rows: [] };
      this.#scopes.set(key, scope);
    }
    scope.rows.push(this.#ends.length);
    this.#ends.push(this.#bodies.length);
  }

  #appendSpan(span: StoredSpan): void {
    const sink = this.#bodies;
    appendField(sink, 0x0a, span.traceId);
    sink.appendByte(0x12);
    sink.appendByte(8);
    sink.appendBigEndian64(span.spanId);
    if (span.parentSpanId !== 0n) {
      sink.appendByte(0x22);
      sink.appendByte(8);
      sink.appendBigEndian64(span.parentSpanId);
    }
    appendField(sink, 0x2a, span.name);
    if (span.kind !== 0) {
      sink.appendByte(0x30);
      sink.appendVarint(span.kind);
    }
    sink.appendByte(0x39);
    sink.appendFixed64(span.start);
    sink.appendByte(0x41);
    sink.appendFixed64(span.end);
    sink.append(span.rest);
  }

  /** `ExportTraceServiceRequest`: one `ResourceSpans` with one `ScopeSpans` for each pair of resource and scope. */
  #payload(scopes: readonly StoredScope[], origins: SegmentOrigins): Uint8Array {
    const sink = new ByteSink(this.#bodies.length + this.count * 6 + scopes.length * 1_024 + 64);
    for (const { resourceId, scopeId, rows } of scopes) {
      const resource = origins.resource(resourceId);
      const scope = origins.scope(scopeId);
      let spansLength = 0;
      for (const row of rows) spansLength += fieldLength(this.#ends[row]! - this.#startOf(row));
      const scopeSpansLength =
        fieldLength(scope.bytes.length) + spansLength + fieldLength(scope.schemaUrl.length);
      const length =
        fieldLength(resource.bytes.length) +
        fieldLength(scopeSpansLength) +
        fieldLength(resource.schemaUrl.length);
      sink.appendByte(0x0a);
      sink.appendVarint(length);
      appendField(sink, 0x0a, resource.bytes);
      sink.appendByte(0x12);
      sink.appendVarint(scopeSpansLength);
      appendField(sink, 0x0a, scope.bytes);
      for (const row of rows) {
        const start = this.#startOf(row);
        sink.appendByte(0x12);
        sink.appendVarint(this.#ends[row]! - start);
        sink.append(this.#bodies.bytes, start, this.#ends[row]!);
      }
      appendField(sink, 0x1a, scope.schemaUrl);
      appendField(sink, 0x1a, resource.schemaUrl);
    }
    return sink.copy();
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : this.#ends[row - 1]!;
  }
}

interface StoredSpan {
  readonly traceId: Uint8Array;
  readonly spanId: bigint;
  readonly parentSpanId: bigint;
  readonly name: Uint8Array;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly rest: Uint8Array;
}

function appendField(sink: ByteSink, tag: number, bytes: Uint8Array): void {
  sink.appendByte(tag);
  sink.appendVarint(bytes.length);
  sink.append(bytes);
}

/** Bytes of a length-delimited field with a tag of one byte. */
function fieldLength(bytes: number): number {
  return 1 + varintLength(bytes) + bytes;
}

/** The cells of a BLOB column. */
export function blobs(chunk: DuckDBDataChunk, column: number): DuckDBBlobVector {
  const vector = chunk.getColumnVector(column);
  if (vector instanceof DuckDBBlobVector) return vector;
  throw new TracAggError("data_corrupt", `stored spans: column ${column} is no BLOB`);
}
