/** What a person who sees no traces wants to know: how much came in, and why the last request did not. */

import type { Clock } from "../base/clock.ts";
import type { ErrorCode } from "../base/errors.ts";
import { ERROR_TABLE, errorFrom } from "../base/errors.ts";
import type { IngestResult, SpanSink } from "./span-sink.ts";

/** The last refusal. */
export interface LastIngestError {
  readonly atUnixMillis: number;
  readonly message: string;
  /** What to do about it; "" when the message says it all. */
  readonly fix: string;
}

const FIXES: Readonly<Partial<Record<ErrorCode, string>>> = Object.freeze({
  invalid_argument:
    "Check that protocol and port belong together (gRPC: 4317, HTTP: 4318 with /v1/traces) and that ids are 16 and 8 bytes.",
  too_large: "Send smaller batches, or raise receivers.otlp.maxRequestBytes.",
  unsupported_media_type:
    "Send application/x-protobuf or application/json, plain or under gzip (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf).",
  method_not_allowed: "Send traces with POST to /v1/traces.",
  unimplemented: "Only traces are stored: set OTEL_METRICS_EXPORTER=none and OTEL_LOGS_EXPORTER=none.",
  not_found: "Traces go to /v1/traces; set OTEL_EXPORTER_OTLP_ENDPOINT without a path.",
  overloaded: "Exporters retry by themselves; if it lasts, send less or raise ingest.maxInFlightBytes.",
  unavailable: "Exporters retry by themselves; if it lasts, look at the disk under data.dir.",
});

/** Counts and the last refusal since the start. */
export class IngestFacts {
  readonly #clock: Clock;
  #receivedSpans = 0;
  #refusedSpans = 0;
  #lastError: LastIngestError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Spans stored. */
  get receivedSpans(): number {
    return this.#receivedSpans;
  }

  /** Spans of otherwise good requests that were refused. */
  get refusedSpans(): number {
    return this.#refusedSpans;
  }

  /** Undefined as long as everything was taken. */
  get lastError(): LastIngestError | undefined {
    return this.#lastError;
  }

  /** Notes a refusal that never became a decoded request, such as a wrong path. */
  refused(code: ErrorCode): void {
    const isFresh =
      this.#lastError !== undefined && this.#clock.nowMillis() - this.#lastError.atUnixMillis < 100;
    // The sink has just said the same with more detail.
    if (isFresh) return;
    this.#note(code, ERROR_TABLE[code].meaning);
  }

  /** The same sink, watched. */
  watch(sink: SpanSink): SpanSink {
    const taken = (result: IngestResult): IngestResult => this.#taken(result);
    const failed = (thrown: unknown): never => {
      throw this.#failed(thrown);
    };
    return {
      reserve: (bytes) => {
        try {
          return sink.reserve(bytes);
        } catch (thrown) {
          throw this.#failed(thrown);
        }
      },
      submit: (request) => sink.submit(request).then(taken, failed),
    };
  }

  #taken(result: IngestResult): IngestResult {
    this.#receivedSpans += result.acceptedSpans;
    this.#refusedSpans += result.rejectedSpans;
    if (result.rejectedSpans > 0) this.#note("invalid_argument", result.errorMessage);
    return result;
  }

  #failed(thrown: unknown): Error {
    const error = errorFrom(thrown);
    this.#note(error.code, error.message);
    return error;
  }

  #note(code: ErrorCode, message: string): void {
    this.#lastError = { atUnixMillis: this.#clock.nowMillis(), message, fix: FIXES[code] ?? "" };
  }
}
