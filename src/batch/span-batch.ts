/**
 * SpanBatch: the spans of one OTLP request as columns. No object per span; what is not a column stays in the
 * protobuf bytes it came in, and is decoded only for the spans somebody looks at.
 */

import type { StringDictionary } from "./string-dictionary.ts";

/** One resource of a batch. Byte ranges point into {@link SpanBatch.payload}; start = end means "not sent". */
export interface ResourceEntry {
  /** `service.name`, or `unknown_service`. */
  readonly serviceName: string;
  /** Body of the `Resource` message (without tag and length). */
  readonly start: number;
  readonly end: number;
  readonly schemaUrl: string;
}

/** One instrumentation scope of a batch. */
export interface ScopeEntry {
  /** Index into {@link SpanBatch.resources}. */
  readonly resourceIndex: number;
  /** Body of the `InstrumentationScope` message (without tag and length). */
  readonly start: number;
  readonly end: number;
  readonly schemaUrl: string;
}

/** The spans of one request; row r of every column describes span r. Nobody writes to a batch after decoding. */
export interface SpanBatch {
  readonly rowCount: number;
  /** The whole `ExportTraceServiceRequest`, uncompressed protobuf. */
  readonly payload: Uint8Array;
  /** 16 bytes a row. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes a row, all zero for a root. */
  readonly parentSpanIds: Uint8Array;
  readonly startTimesUnixNano: BigUint64Array;
  readonly endTimesUnixNano: BigUint64Array;
  /** OTLP numbers; numbers above 255 are stored as 0 (the bytes keep the original). */
  readonly kinds: Uint8Array;
  /** OTLP numbers: 0 UNSET, 1 OK, 2 ERROR. */
  readonly statusCodes: Uint8Array;
  /** Ids of {@link SpanBatch.dictionary}. */
  readonly nameIds: Uint32Array;
  /** Index into {@link SpanBatch.scopes}. */
  readonly scopeIndexes: Uint32Array;
  /** First byte of the `Span` message body (without tag and length) in the payload. */
  readonly spanStarts: Uint32Array;
  /** One past the last byte of the `Span` message body. */
  readonly spanEnds: Uint32Array;
  readonly resources: readonly ResourceEntry[];
  readonly scopes: readonly ScopeEntry[];
  readonly dictionary: StringDictionary;
}

/** One span of one batch: what stores hand round in place of span objects. */
export interface SpanRow {
  readonly batch: SpanBatch;
  readonly row: number;
}
