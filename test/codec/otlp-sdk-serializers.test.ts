import type { Link, SpanContext } from "@opentelemetry/api";
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import { otlpProtobufFromJson } from "../../src/codec/otlp-json/decode.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import type { Span } from "../../src/model/span.ts";
import { allRows } from "../helpers/rows.ts";

const LINKED: SpanContext = {
  traceId: "0102030405060708090a0b0c0d0e0f10",
  spanId: "1112131415161718",
  traceFlags: TraceFlags.SAMPLED,
};

/** A root and its child, with everything the SDK's API can set. */
function sdkSpans(): ReadableSpan[] {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": "sdk-shop", "process.pid": 42 }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer("checkout", "1.2.3");
  const links: Link[] = [{ context: LINKED, attributes: { reason: "batch" } }];
  const root = tracer.startSpan("root", {
    kind: SpanKind.SERVER,
    links,
    startTime: [1_700_000_000, 123_456_789],
  });
  root.setAttributes({ text: "ünï", whole: 42, half: 0.5, yes: true, texts: ["a", "b"], numbers: [1, 2.5] });
  root.addEvent("event", { "exception.type": "TypeError" }, [1_700_000_000, 200_000_000]);
  root.setStatus({ code: SpanStatusCode.ERROR, message: "card declined" });
  const child = tracer.startSpan(
    "child",
    { kind: SpanKind.CLIENT, startTime: [1_700_000_000, 150_000_000] },
    trace.setSpan(ROOT_CONTEXT, root),
  );
  child.end([1_700_000_000, 250_000_000]);
  root.end([1_700_000_001, 1]);
  return exporter.getFinishedSpans();
}

const decode = (payload: Uint8Array): Span[] =>
  allRows(new OtlpRequestDecoder().decode(payload).batch).map(spanFromRow);

const FORMS: readonly [string, (spans: ReadableSpan[]) => Span[]][] = [
  ["protobuf", (spans) => decode(ProtobufTraceSerializer.serializeRequest(spans) as Uint8Array)],
  [
    "JSON",
    (spans) =>
      decode(otlpProtobufFromJson(JsonTraceSerializer.serializeRequest(spans) as Uint8Array).payload),
  ],
];

describe.each(FORMS)("spans of the OpenTelemetry SDK, sent as %s", (_form, transport) => {
  test("arrive as the SDK made them", () => {
    const sent = sdkSpans();
    const received = transport(sent);
    expect(received.map(({ name }) => name)).toEqual(["child", "root"]);
    const [child, root] = received as [Span, Span];
    const rootContext = (sent[1] as ReadableSpan).spanContext();
    expect(root).toMatchObject({
      traceId: rootContext.traceId,
      spanId: rootContext.spanId,
      parentSpanId: undefined,
      kind: "SERVER",
      status: "ERROR",
      statusMessage: "card declined",
      serviceName: "sdk-shop",
      startTimeUnixNano: 1_700_000_000_123_456_789n,
      endTimeUnixNano: 1_700_000_001_000_000_001n,
      scope: { name: "checkout", version: "1.2.3" },
    });
    expect(root.resource.attributes).toMatchObject({ "service.name": "sdk-shop", "process.pid": 42n });
    expect(root.attributes).toEqual({
      text: "ünï",
      whole: 42n,
      half: 0.5,
      yes: true,
      texts: ["a", "b"],
      numbers: [1n, 2.5],
    });
    expect(root.events).toEqual([
      {
        name: "event",
        timeUnixNano: 1_700_000_000_200_000_000n,
        attributes: { "exception.type": "TypeError" },
        droppedAttributesCount: 0,
      },
    ]);
    expect(root.links).toMatchObject([
      { traceId: LINKED.traceId, spanId: LINKED.spanId, attributes: { reason: "batch" } },
    ]);
    expect(root.flags & TraceFlags.SAMPLED).toBe(TraceFlags.SAMPLED);
    expect(child).toMatchObject({
      kind: "CLIENT",
      parentSpanId: root.spanId,
      traceId: root.traceId,
      status: "UNSET",
    });
  });
});
