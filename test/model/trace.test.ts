import { expect, test } from "vitest";
import { isSameSpan } from "../../src/model/span-content.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import { buildSpan, buildTrace, traceIdOf, unixNanoAt } from "../helpers/trace-builder.ts";

test("a trace sorts its spans and tells interval, root, services and errors", () => {
  const trace = buildTrace(
    "t",
    { id: "late", parent: "root", service: "db", at: [20, 120], status: "ERROR" },
    { id: "root", service: "web", at: [10, 100] },
    { id: "mid", parent: "root", service: "web", at: [15, 30] },
  );
  expect(trace.spans.map((span) => span.name)).toEqual(["root", "mid", "late"]);
  expect({ ...trace, spans: [] }).toEqual({
    traceId: traceIdOf("t"),
    spans: [],
    rootSpan: trace.spans[0],
    startTime: "2023-11-14T22:13:20.010000000Z",
    endTime: "2023-11-14T22:13:20.120000000Z",
    startTimeUnixNano: unixNanoAt(10),
    endTimeUnixNano: unixNanoAt(120),
    durationMs: 110,
    serviceCount: 2,
    spanCount: 3,
    errorCount: 1,
    services: ["db", "web"],
  });
});

test("a trace of no spans is refused, and one that ends before it starts has no duration", () => {
  expect(() => traceFromSpans([])).toThrow(RangeError);
  expect(buildTrace("back", { id: "r", at: [5, 3] }).durationMs).toBe(0);
});

test("spans are the same when every member is equal by value", () => {
  const sketch = {
    id: "a",
    at: [0, 1] as const,
    attributes: { n: Number.NaN, i: 5n, b: Uint8Array.of(1, 2), list: ["x", { y: null }] },
  };
  expect(isSameSpan(buildSpan("t", sketch), buildSpan("t", structuredClone(sketch)))).toBe(true);
});

test.each([
  { attributes: { i: 5 } },
  { attributes: { i: 5n, more: 1 } },
  { attributes: { j: 5n } },
  { attributes: { i: [5n] } },
  { attributes: { i: Uint8Array.of(5) } },
  { attributes: { i: null } },
  { status: "OK" as const },
  { links: ["x"] },
])("spans with %o in place of an integer are not the same", (change) => {
  const sketch = { id: "a", at: [0, 1] as const, attributes: { i: 5n } };
  expect(isSameSpan(buildSpan("t", sketch), buildSpan("t", { ...sketch, ...change }))).toBe(false);
});
