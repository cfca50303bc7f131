import { expect, test } from "vitest";
import { spanJson, traceJson } from "../../src/model/span-json.ts";
import { buildSpan, buildTrace, spanIdOf, traceIdOf, unixNanoAt } from "../helpers/trace-builder.ts";

test("a span becomes JSON that says all of it", () => {
  const span = buildSpan("json", {
    id: "child",
    parent: "root",
    service: "api",
    name: "GET /",
    kind: "SERVER",
    at: [1, 2.5],
    status: "ERROR",
    attributes: {
      text: "x",
      flag: true,
      whole: 3n,
      huge: 2n ** 63n - 1n,
      half: 0.5,
      nan: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      bytes: Uint8Array.of(255, 0),
      empty: null,
      list: [1n, { deep: Number.POSITIVE_INFINITY }],
    },
    events: [{ name: "e", timeUnixNano: unixNanoAt(2), attributes: { k: 1n }, droppedAttributesCount: 4 }],
    links: ["elsewhere/other"],
    tags: { team: "a" },
  });
  expect(JSON.parse(JSON.stringify(spanJson(span)))).toEqual({
    traceId: traceIdOf("json"),
    spanId: spanIdOf("child"),
    parentSpanId: spanIdOf("root"),
    name: "GET /",
    kind: "SERVER",
    startTime: "2023-11-14T22:13:20.001000000Z",
    endTime: "2023-11-14T22:13:20.002500000Z",
    startTimeUnixNano: "1700000000001000000",
    endTimeUnixNano: "1700000000002500000",
    durationMs: 1.5,
    durationNanos: "1500000",
    status: "ERROR",
    statusMessage: "",
    serviceName: "api",
    operationName: "GET /",
    attributes: {
      text: "x",
      flag: true,
      whole: 3,
      huge: "9223372036854775807",
      half: 0.5,
      nan: "NaN",
      infinite: "-Infinity",
      bytes: "/wA=",
      empty: null,
      list: [1, { deep: "Infinity" }],
    },
    events: [
      {
        name: "e",
        time: "2023-11-14T22:13:20.002000000Z",
        timeUnixNano: "1700000000002000000",
        attributes: { k: 1 },
        droppedAttributesCount: 4,
      },
    ],
    links: [
      {
        traceId: traceIdOf("elsewhere"),
        spanId: spanIdOf("other"),
        traceState: "",
        attributes: {},
        droppedAttributesCount: 0,
        flags: 0,
      },
    ],
    tags: { team: "a" },
    resource: { attributes: { "service.name": "api" }, droppedAttributesCount: 0, schemaUrl: "" },
    scope: { name: "", version: "", attributes: {}, droppedAttributesCount: 0, schemaUrl: "" },
    traceState: "",
    flags: 0,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  });
});

test("a trace becomes JSON with its spans and the id of its root", () => {
  const trace = buildTrace("json", { id: "root", service: "web", at: [0, 2] });
  expect(traceJson(trace)).toEqual({
    traceId: traceIdOf("json"),
    rootSpanId: spanIdOf("root"),
    startTime: "2023-11-14T22:13:20.000000000Z",
    endTime: "2023-11-14T22:13:20.002000000Z",
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000002000000",
    durationMs: 2,
    durationNanos: "2000000",
    serviceCount: 1,
    spanCount: 1,
    errorCount: 0,
    services: ["web"],
    spans: trace.spans.map(spanJson),
  });
});

test("a span that ends before it starts lasts 0 nanoseconds, and a root has no parent id", () => {
  const json = spanJson(buildSpan("json", { id: "back", at: [5, 3] }));
  expect([json.durationNanos, json.parentSpanId]).toEqual(["0", null]);
  expect(traceJson(buildTrace("json", { id: "x", parent: "gone", at: [0, 1] })).rootSpanId).toBeNull();
});
