/** The exporters of OpenTelemetry's own SDK against the receivers: what the SDK made is what is stored. */

import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { SpanExporter } from "@opentelemetry/sdk-trace-base";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import type { System } from "./receiver-conformance-harness.ts";
import { startSystem } from "./receiver-conformance-harness.ts";

let system: System;

beforeEach(async () => {
  system = await startSystem();
});

afterEach(async () => {
  await system[Symbol.asyncDispose]();
});

/** `CompressionAlgorithm.GZIP` of a package that the exporters do not give out again. */
const GZIP = "gzip" as never;

const EXPORTERS: readonly (readonly [string, (system: System) => SpanExporter])[] = [
  ["gRPC", ({ grpcPort }) => new GrpcExporter({ url: `http://127.0.0.1:${grpcPort}` })],
  [
    "gRPC with gzip",
    ({ grpcPort }) => new GrpcExporter({ url: `http://127.0.0.1:${grpcPort}`, compression: GZIP }),
  ],
  ["HTTP/protobuf", ({ httpPort }) => new ProtobufExporter({ url: tracesUrl(httpPort) })],
  [
    "HTTP/protobuf with gzip",
    ({ httpPort }) => new ProtobufExporter({ url: tracesUrl(httpPort), compression: GZIP }),
  ],
  ["HTTP/JSON", ({ httpPort }) => new JsonExporter({ url: tracesUrl(httpPort) })],
  [
    "HTTP/JSON with gzip",
    ({ httpPort }) => new JsonExporter({ url: tracesUrl(httpPort), compression: GZIP }),
  ],
];

function tracesUrl(port: number): string {
  return `http://127.0.0.1:${port}/v1/traces`;
}

test.each(EXPORTERS)("a span made by the SDK arrives as it was made over %s", async (_, createExporter) => {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": "checkout" }),
    spanProcessors: [new SimpleSpanProcessor(createExporter(system))],
  });
  const span = provider.getTracer("shop", "1.2.3").startSpan("place order", {
    kind: SpanKind.SERVER,
    startTime: [1_700_000_000, 123_456_789],
    attributes: { "order.id": "o-1", "order.items": 3, "order.total": 12.5, "order.tags": ["a", "b"] },
    links: [{ context: { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 } }],
  });
  span.addEvent("paid", { method: "card" }, [1_700_000_000, 223_456_789]);
  span.setStatus({ code: SpanStatusCode.ERROR, message: "card refused" });
  span.end([1_700_000_001, 1]);
  await provider.forceFlush();
  const { traceId, spanId } = span.spanContext();
  const rows = await system.store.trace(traceId);
  expect(rows.map(spanFromRow)).toMatchObject([
    {
      traceId,
      spanId,
      name: "place order",
      kind: "SERVER",
      serviceName: "checkout",
      startTimeUnixNano: 1_700_000_000_123_456_789n,
      endTimeUnixNano: 1_700_000_001_000_000_001n,
      status: "ERROR",
      statusMessage: "card refused",
      attributes: { "order.id": "o-1", "order.total": 12.5, "order.tags": ["a", "b"] },
      events: [{ name: "paid", timeUnixNano: 1_700_000_000_223_456_789n, attributes: { method: "card" } }],
      links: [{ traceId: "1".repeat(32), spanId: "2".repeat(16) }],
      scope: { name: "shop", version: "1.2.3" },
    },
  ]);
  await provider.shutdown();
});

/** The gRPC exporter of this SDK leaves retrying to its channel, which is not set up for it. */
const RETRYING = EXPORTERS.filter(([name]) => name === "HTTP/protobuf" || name === "HTTP/JSON");

test.each(RETRYING)(
  "H8, H9: an exporter retries what was refused for a while over %s",
  async (_, createExporter) => {
    let refusals = 1;
    await system[Symbol.asyncDispose]();
    system = await startSystem({
      pipeline: {
        isOverloaded: () => {
          refusals--;
          return refusals >= 0;
        },
      },
    });
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(createExporter(system))],
    });
    const span = provider.getTracer("shop").startSpan("place order");
    span.end();
    await provider.forceFlush();
    expect((await system.store.trace(span.spanContext().traceId)).length).toBe(1);
    await provider.shutdown();
  },
);
