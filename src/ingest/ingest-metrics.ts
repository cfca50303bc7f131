/** What ingest counts. */

import type { Metrics } from "../base/metrics.ts";
import type { InFlight } from "./in-flight.ts";

/** Why spans of a readable request were not kept. */
export type SpanRefusal =
  /** The span itself is against the protocol; told in `partial_success`. */
  | "invalid"
  /** The log or the store refused the request; the sender was told to send again. */
  | "unavailable";

/**
 * Counters of the pipeline. Once nothing is in flight:
 * `tracagg_received_spans_total` = `tracagg_accepted_spans_total` + `tracagg_refused_spans_total`.
 * Spans of requests that could not be read are in none of them: nobody knows how many they were.
 */
export interface IngestMetrics {
  received(transport: string, spans: number, bytes: number): void;
  accepted(transport: string, spans: number): void;
  refused(reason: SpanRefusal, spans: number): void;
  /** A limit turned a request away; `store` and `log` are those two being behind. */
  overloaded(limit: "bytes" | "requests" | "store" | "log"): void;
  appended(seconds: number): void;
}

const APPEND_SECONDS_BUCKETS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2,
];

/** Registers the gauges of what is in flight. */
export function registerInFlightGauges(metrics: Metrics, inFlight: InFlight): void {
  metrics.gauge(
    { name: "tracagg_ingest_in_flight_bytes", help: "Bytes of requests between first byte and answer." },
    () => inFlight.bytes,
  );
  metrics.gauge(
    { name: "tracagg_ingest_in_flight_requests", help: "Requests between first byte and answer." },
    () => inFlight.requests,
  );
}

/** Registers the counters of one pipeline. */
export function createIngestMetrics(metrics: Metrics): IngestMetrics {
  const receivedSpans = metrics.counter({
    name: "tracagg_received_spans_total",
    help: "Spans in requests that could be read: accepted plus refused.",
    labelNames: ["transport"],
  });
  const receivedBytes = metrics.counter({
    name: "tracagg_received_bytes_total",
    help: "Uncompressed OTLP protobuf bytes of requests that could be read.",
    labelNames: ["transport"],
  });
  const acceptedSpans = metrics.counter({
    name: "tracagg_accepted_spans_total",
    help: "Spans that are durable and searchable.",
    labelNames: ["transport"],
  });
  const refusedSpans = metrics.counter({
    name: "tracagg_refused_spans_total",
    help: "Spans of readable requests that were not kept: invalid, or unavailable (the sender was told to retry).",
    labelNames: ["reason"],
  });
  const overloads = metrics.counter({
    name: "tracagg_ingest_overload_total",
    help: "Requests turned away because a limit was reached.",
    labelNames: ["limit"],
  });
  const appendSeconds = metrics.histogram({
    name: "tracagg_log_append_seconds",
    help: "Time from handing a request to the ingest log until it was durable.",
    buckets: APPEND_SECONDS_BUCKETS,
  });
  return {
    received: (transport, spans, bytes) => {
      receivedSpans.add(spans, { transport });
      receivedBytes.add(bytes, { transport });
    },
    accepted: (transport, spans) => acceptedSpans.add(spans, { transport }),
    refused: (reason, spans) => refusedSpans.add(spans, { reason }),
    overloaded: (limit) => overloads.add(1, { limit }),
    appended: (seconds) => appendSeconds.observe(seconds),
  };
}
