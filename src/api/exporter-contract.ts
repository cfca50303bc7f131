/** What `/api/v1/exporters` answers. */

/** A failure and when it was. */
export interface ExporterErrorJson {
  /** ISO 8601. */
  readonly time: string;
  readonly message: string;
}

/** One exporter; counts are since the server started. */
export interface ExporterJson {
  readonly name: string;
  /** `otlp-grpc`, `otlp-http`, `zipkin`, `jaeger-grpc`, `file`. */
  readonly protocol: string;
  /** URL or path. */
  readonly target: string;
  /** TraceQL; "" when all spans are sent. */
  readonly filter: string;
  /** `idle`: nothing to send; `sending`; `retrying`: the last try failed. */
  readonly state: "idle" | "sending" | "retrying";
  readonly sentSpans: number;
  /** Refused one by one by the destination, which took the rest of their batch. */
  readonly refusedSpans: number;
  readonly droppedSpans: {
    /** In batches that the destination will not take. */
    readonly refused: number;
    /** Passed over, since the destination was away for too long. */
    readonly behind: number;
  };
  /** Kept back by the filter. */
  readonly filteredSpans: number;
  readonly lostRecords: {
    /** The log had to let go of them. */
    readonly released: number;
    /** They are no OTLP. */
    readonly unreadable: number;
  };
  /** Deliveries that failed and were tried again. */
  readonly retries: number;
  /** What the log holds for it. */
  readonly lag: {
    readonly records: number;
    readonly bytes: number;
    /** Since the oldest record that is not delivered came. */
    readonly seconds: number;
  };
  readonly lastError: ExporterErrorJson | null;
  /** ISO 8601; null before the first. */
  readonly lastSuccessTime: string | null;
}

/** `GET /api/v1/exporters`. */
export interface ExporterListJson {
  readonly exporters: readonly ExporterJson[];
}
