/** The port receivers hand decoded requests to. */

/** Room kept for one request while it is in flight; counted in bytes of uncompressed payload. */
export interface Reservation {
  /** Asks for more room as a body grows. Throws `overloaded` when there is none; the reservation stays as it was. */
  grow(toBytes: number): void;
  /** Gives the room back; may be called more than once. */
  release(): void;
}

/** One request, decompressed and, where it was not OTLP protobuf, transcoded to it. */
export interface IngestRequest {
  /** `ExportTraceServiceRequest`, uncompressed protobuf. Belongs to the sink from here on. */
  readonly payload: Uint8Array;
  /** The body as it came, when it was this very payload under gzip: the log keeps the smaller form. */
  readonly gzipPayload?: Uint8Array;
  /** "otlp_grpc", "otlp_http_protobuf", "otlp_http_json", ...: label of the counters. */
  readonly transport: string;
}

/** What became of a request whose good spans are now durable and searchable. */
export interface IngestResult {
  readonly acceptedSpans: number;
  readonly rejectedSpans: number;
  /** Says field and reason of the first refusals; "" when nothing was refused. */
  readonly errorMessage: string;
}

/** Where receivers put spans. */
export interface SpanSink {
  /**
   * Asks for room before a body is read.
   *
   * @throws TracAggError `overloaded` (too much in flight) or `unavailable` (shutting down, disk full), both retryable.
   */
  reserve(bytes: number): Reservation;
  /**
   * Decodes, checks, logs durably, makes searchable; resolves only then.
   *
   * @throws TracAggError `invalid_argument` when the payload cannot be decoded, `unavailable` when the log refuses.
   */
  submit(request: IngestRequest): Promise<IngestResult>;
}
