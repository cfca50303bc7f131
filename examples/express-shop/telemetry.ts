/**
 * OpenTelemetry for the shop: load it before the program, as in
 *
 *   OTEL_EXPORTER_OTLP_PROTOCOL=grpc node --import ./dist/examples/express-shop/telemetry.js dist/examples/express-shop/app.js
 *
 * The protocol is grpc, http/protobuf (default) or http/json; the endpoints are TracAgg's defaults unless
 * OTEL_EXPORTER_OTLP_ENDPOINT says otherwise. With SPAN_FILE every span is also written to that file as a JSON line.
 */

import { appendFileSync } from "node:fs";
import { register } from "node:module";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { ExpressInstrumentation } from "@opentelemetry/instrumentation-express";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { NodeSDK } from "@opentelemetry/sdk-node";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

// Modules imported as ES modules are only seen by instrumentations through this hook.
register("@opentelemetry/instrumentation/hook.mjs", import.meta.url);

function exporterFor(protocol: string): SpanExporter {
  if (protocol === "grpc") return new GrpcExporter();
  return protocol === "http/json" ? new JsonExporter() : new ProtobufExporter();
}

/** Writes what the SDK made, so that it can be compared with what the backend gives back. */
function fileExporter(path: string): SpanExporter {
  return {
    export: (spans, done) => {
      for (const span of spans) appendFileSync(path, `${JSON.stringify(plainSpan(span))}\n`);
      done({ code: 0 });
    },
    shutdown: async () => {},
  };
}

function plainSpan(span: ReadableSpan) {
  const nanos = ([seconds, rest]: readonly [number, number]) =>
    BigInt(seconds) * 1_000_000_000n + BigInt(rest);
  return {
    ...span.spanContext(),
    parentSpanId: span.parentSpanContext?.spanId,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(nanos(span.startTime)),
    endTimeUnixNano: String(nanos(span.endTime)),
    attributes: span.attributes,
    status: span.status.code,
    events: span.events.map(({ name, attributes }) => ({ name, attributes })),
    scope: span.instrumentationScope.name,
    serviceName: span.resource.attributes["service.name"],
  };
}

const spanFile = process.env["SPAN_FILE"];
const exporters = [exporterFor(process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] ?? "http/protobuf")];
if (spanFile !== undefined) exporters.push(fileExporter(spanFile));

const sdk = new NodeSDK({
  serviceName: "shop",
  spanProcessors: exporters.map(
    (exporter) => new BatchSpanProcessor(exporter, { scheduledDelayMillis: 200 }),
  ),
  instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
});
sdk.start();

process.once("SIGTERM", () => {
  void sdk.shutdown().finally(() => process.exit(0));
});
