import { expect, test } from "vitest";
import { traceSummary } from "../../src/analysis/trace-summary.ts";
import { buildTrace, traceIdOf, unixNanoAt } from "../helpers/trace-builder.ts";

test("a summary names the root, the interval, the errors and the share of each service", () => {
  const trace = buildTrace(
    "shop",
    { id: "root", service: "web", name: "GET /", kind: "SERVER", at: [5, 50] },
    { id: "call", parent: "root", service: "web", kind: "CLIENT", at: [10, 40], status: "ERROR" },
    { id: "serve", parent: "call", service: "api", kind: "SERVER", at: [4, 60], status: "ERROR" },
  );
  expect(traceSummary([...trace.spans].reverse())).toEqual({
    traceId: traceIdOf("shop"),
    rootServiceName: "web",
    rootOperationName: "GET /",
    startTimeUnixNano: unixNanoAt(4),
    endTimeUnixNano: unixNanoAt(60),
    spanCount: 3,
    errorCount: 2,
    services: [
      { name: "api", spanCount: 1, errorCount: 1 },
      { name: "web", spanCount: 2, errorCount: 1 },
    ],
  });
});

test("of several roots the earliest counts, and of equally early ones the smaller span id", () => {
  const trace = buildTrace(
    "roots",
    { id: "late", name: "late", at: [2, 3] },
    { id: "a", name: "first", at: [1, 3] },
    { id: "b", name: "second", at: [1, 9] },
  );
  const smaller = trace.spans[0];
  expect(["first", "second"]).toContain(smaller?.name);
  expect(traceSummary([...trace.spans].reverse()).rootOperationName).toBe(smaller?.name);
});

test("a trace without a root has empty root names", () => {
  const summary = traceSummary(buildTrace("orphan", { id: "x", parent: "gone", at: [0, 1] }).spans);
  expect([summary.rootServiceName, summary.rootOperationName]).toEqual(["", ""]);
});

test("the end is never before the start", () => {
  const summary = traceSummary(buildTrace("negative", { id: "x", at: [10, 3] }).spans);
  expect(summary.endTimeUnixNano).toBe(summary.startTimeUnixNano);
});

test("no spans make no summary", () => {
  expect(() => traceSummary([])).toThrow(RangeError);
});
