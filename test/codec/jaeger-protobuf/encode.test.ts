import { join } from "node:path";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { jaegerSpanBytes } from "../../../src/codec/jaeger-protobuf/encode.ts";
import type { SpanParts } from "../../../src/model/make-span.ts";
import { makeSpan } from "../../../src/model/make-span.ts";
import type { SpanLink } from "../../../src/model/span.ts";
import { EMPTY_RESOURCE, EMPTY_SCOPE } from "../../../src/model/span.ts";

const TRACE_ID = "5b8efff798038103d269b633813fc60c";
const SPAN_ID = "eee19b7ec3c1b174";
const PARENT_ID = "eee19b7ec3c1b173";
const OTHER_TRACE_ID = "000000000000000000f067aa0ba902b7";

const MODEL = join(import.meta.dirname, "../../../proto/jaeger/api_v2/model.proto");
const Span = new protobuf.Root().loadSync(MODEL, { keepCase: true }).lookupType("jaeger.api_v2.Span");

/** What a client that has the messages reads; bytes as hex, 64-bit numbers as text. */
function readSpan(parts: Partial<SpanParts>): Record<string, unknown> {
  const span = makeSpan({
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    name: "GET /cart",
    startTimeUnixNano: 1_700_000_000_000_000_123n,
    endTimeUnixNano: 1_700_000_001_500_000_124n,
    ...parts,
  });
  const message = Span.toObject(Span.decode(jaegerSpanBytes(span)), {
    longs: String,
    enums: String,
    defaults: false,
  });
  return readable(message) as Record<string, unknown>;
}

function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, readable(each)]));
}

function link(parts: Partial<SpanLink>): SpanLink {
  return {
    traceId: OTHER_TRACE_ID,
    spanId: PARENT_ID,
    traceState: "",
    attributes: {},
    droppedAttributesCount: 0,
    flags: 0,
    ...parts,
  };
}

test("a span keeps its ids as 16 and 8 bytes and its times to the nanosecond", () => {
  expect(readSpan({})).toMatchObject({
    trace_id: TRACE_ID,
    span_id: SPAN_ID,
    operation_name: "GET /cart",
    start_time: { seconds: "1700000000", nanos: 123 },
    duration: { seconds: "1", nanos: 500_000_001 },
  });
});

test("a span that ends before it starts lasts no time", () => {
  expect(readSpan({ endTimeUnixNano: 5n })["duration"]).toEqual({ seconds: "0", nanos: 0 });
});

test("tags come as scope, attributes, kind, status, error, description and trace state, each with its type", () => {
  const span = readSpan({
    scope: { ...EMPTY_SCOPE, name: "http", version: "1.2", attributes: { lost: true } },
    attributes: {
      text: "a",
      flag: false,
      whole: 9_007_199_254_740_993n,
      part: 0.5,
      raw: Uint8Array.of(1, 255),
      list: [1n, "b"],
    },
    kind: "SERVER",
    status: "ERROR",
    statusMessage: "no stock",
    traceState: "a=b",
  });
  expect(span["tags"]).toEqual([
    { key: "otel.scope.name", v_str: "http" },
    { key: "otel.scope.version", v_str: "1.2" },
    { key: "text", v_str: "a" },
    { key: "flag", v_type: "BOOL", v_bool: false },
    { key: "whole", v_type: "INT64", v_int64: "9007199254740993" },
    { key: "part", v_type: "FLOAT64", v_float64: 0.5 },
    { key: "raw", v_type: "BINARY", v_binary: "01ff" },
    { key: "list", v_str: '[1,"b"]' },
    { key: "span.kind", v_str: "server" },
    { key: "otel.status_code", v_str: "ERROR" },
    { key: "error", v_type: "BOOL", v_bool: true },
    { key: "otel.status_description", v_str: "no stock" },
    { key: "w3c.tracestate", v_str: "a=b" },
  ]);
});

test("an OK status is a code without an error, an unset one and a kind nobody gave are no tags", () => {
  expect(readSpan({ status: "OK" })["tags"]).toEqual([{ key: "otel.status_code", v_str: "OK" }]);
  expect(readSpan({})["tags"]).toBeUndefined();
});

test("the parent is the first reference, links follow from theirs unless they say child_of", () => {
  const span = readSpan({
    parentSpanId: PARENT_ID,
    links: [
      link({ attributes: { "opentracing.ref_type": "child_of", other: 1n } }),
      link({ spanId: SPAN_ID }),
    ],
  });
  expect(span["references"]).toEqual([
    { trace_id: TRACE_ID, span_id: PARENT_ID },
    { trace_id: OTHER_TRACE_ID, span_id: PARENT_ID },
    { trace_id: OTHER_TRACE_ID, span_id: SPAN_ID, ref_type: "FOLLOWS_FROM" },
  ]);
});

test("a link to the parent says of which type the parent is", () => {
  const span = readSpan({
    parentSpanId: PARENT_ID,
    links: [link({ traceId: TRACE_ID, attributes: { "opentracing.ref_type": "follows_from" } })],
  });
  expect(span["references"]).toEqual([{ trace_id: TRACE_ID, span_id: PARENT_ID, ref_type: "FOLLOWS_FROM" }]);
});

test("events are logs with their name in the field event, unless an attribute has that key", () => {
  const event = { timeUnixNano: 2_000_000_005n, attributes: { at: 1n }, droppedAttributesCount: 3 };
  const span = readSpan({
    events: [
      { ...event, name: "retry" },
      { ...event, name: "retry", attributes: { event: "own" } },
    ],
  });
  const timestamp = { seconds: "2", nanos: 5 };
  expect(span["logs"]).toEqual([
    {
      timestamp,
      fields: [
        { key: "event", v_str: "retry" },
        { key: "at", v_type: "INT64", v_int64: "1" },
      ],
    },
    { timestamp, fields: [{ key: "event", v_str: "own" }] },
  ]);
});

test("the process has the service name and the other attributes of the resource", () => {
  const attributes = { "service.name": "cart", "host.name": "a1" };
  expect(readSpan({ resource: { ...EMPTY_RESOURCE, attributes } })["process"]).toEqual({
    service_name: "cart",
    tags: [{ key: "host.name", v_str: "a1" }],
  });
});

test("a resource without a service name is named as Jaeger names it", () => {
  expect(readSpan({})["process"]).toEqual({ service_name: "OTLPResourceNoServiceName" });
  const resource = { ...EMPTY_RESOURCE, attributes: { "host.name": "a1" } };
  expect(readSpan({ resource })["process"]).toMatchObject({ service_name: "missing-service-name" });
});

test("warnings that came as an attribute are warnings of the span and no tag", () => {
  const span = readSpan({ attributes: { "@jaeger@warnings": ["late", "skewed"] } });
  expect(span["warnings"]).toEqual(["late", "skewed"]);
  expect(span["tags"]).toBeUndefined();
});
