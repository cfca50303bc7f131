import fc from "fast-check";
import { expect, test } from "vitest";
import { alwaysKeepErrors, probabilitySampler, TraceAggregator } from "../../src/index.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildSpan, traceIdOf } from "../helpers/trace-builder.ts";

const span = (trace: string, id: string, more: Partial<SpanSketch> = {}) =>
  buildSpan(trace, { id, at: [0, 10], ...more });

function completed(...spans: ReturnType<typeof span>[]): TraceAggregator {
  const aggregator = new TraceAggregator();
  aggregator.ingestSpans(spans);
  for (const each of spans) aggregator.completeTrace(each.traceId);
  return aggregator;
}

const names = (traces: readonly { spans: readonly { name: string }[] }[]): string[] =>
  traces.map((trace) => trace.spans[0]?.name ?? "");

test("spans of one trace id, in any order, complete into one trace", () => {
  const aggregator = new TraceAggregator();
  aggregator.ingestSpan(span("t", "child", { parent: "root", service: "db", at: [2, 5] }));
  aggregator.ingestSpan(span("other", "x"));
  aggregator.ingestSpan(span("t", "root", { service: "web" }));
  expect(aggregator.completedTraces).toEqual([]);
  const trace = aggregator.completeTrace(traceIdOf("t"));
  expect(trace).toMatchObject({ spanCount: 2, services: ["db", "web"], durationMs: 10 });
  expect(trace?.rootSpan?.name).toBe("root");
  expect(aggregator.completedTraces).toEqual([trace]);
});

test("an unknown trace id completes to nothing", () => {
  expect(new TraceAggregator().completeTrace(traceIdOf("t"))).toBeUndefined();
});

test("late spans join their completed trace, which is then another object", () => {
  const aggregator = completed(span("t", "root"));
  const before = aggregator.completedTraces[0];
  expect(aggregator.completedTraces[0]).toBe(before);
  aggregator.ingestSpan(span("t", "late", { parent: "root", at: [5, 30] }));
  const after = aggregator.completedTraces[0];
  expect(after).toMatchObject({ spanCount: 2, durationMs: 30 });
  expect(before?.spanCount).toBe(1);
  expect(aggregator.completeTrace(traceIdOf("t"))).toBe(after);
});

test("an equal span counts once, a different one with the same id twice", () => {
  const aggregator = completed(span("t", "a"), span("t", "a"), span("t", "a", { status: "ERROR" }));
  expect(aggregator.completedTraces[0]?.spanCount).toBe(2);
  expect(aggregator.counters).toMatchObject({ ingestedSpans: 3, duplicateSpans: 1, heldSpans: 2 });
  expect(aggregator.getServiceStatistics()["service"]?.spanCount).toBe(2);
});

test("queries give completed traces that meet all conditions, newest first", () => {
  const aggregator = completed(
    span("1", "old", { service: "web", at: [0, 100] }),
    span("2", "new", { service: "web", at: [50, 60], status: "ERROR" }),
    span("3", "mid", { service: "api", at: [20, 520] }),
  );
  aggregator.ingestSpan(span("4", "open", { service: "web", at: [90, 95] }));
  expect(names(aggregator.queryTraces())).toEqual(["new", "mid", "old"]);
  expect(names(aggregator.queryTraces({ serviceName: "web" }))).toEqual(["new", "old"]);
  expect(names(aggregator.queryTraces({ operationName: "mid" }))).toEqual(["mid"]);
  expect(names(aggregator.queryTraces({ serviceName: "web", operationName: "mid" }))).toEqual([]);
  expect(names(aggregator.queryTraces({ minDurationMs: 100 }))).toEqual(["mid", "old"]);
  expect(names(aggregator.queryTraces({ maxDurationMs: 100 }))).toEqual(["new", "old"]);
  expect(names(aggregator.queryTraces({ hasErrors: true }))).toEqual(["new"]);
  expect(names(aggregator.queryTraces({ hasErrors: false }))).toEqual(["mid", "old"]);
  expect(names(aggregator.queryTraces({ limit: 1 }))).toEqual(["new"]);
});

test("service and operation must be those of one span", () => {
  const aggregator = completed(
    span("t", "a", { service: "web", name: "GET" }),
    span("t", "b", { service: "db", name: "SELECT" }),
  );
  expect(aggregator.queryTraces({ serviceName: "web", operationName: "SELECT" })).toEqual([]);
  expect(aggregator.queryTraces({ serviceName: "db", operationName: "SELECT" })).toHaveLength(1);
});

test("a query without limit gives at most 100 traces", () => {
  const spans = Array.from({ length: 101 }, (_, index) => span(`t${index}`, "x"));
  expect(completed(...spans).queryTraces()).toHaveLength(100);
});

test.each([0, -1, 1.5, Number.NaN])("%d is no bound", (bound) => {
  expect(() => new TraceAggregator({ maxTraces: bound })).toThrow("maxTraces: expected a whole number");
  expect(() => new TraceAggregator({ maxSpans: bound })).toThrow("maxSpans: expected a whole number");
  expect(() => new TraceAggregator().queryTraces({ limit: bound })).toThrow("limit: expected a whole number");
});

test("beyond maxTraces the trace first seen longest ago goes, and is counted", () => {
  const aggregator = new TraceAggregator({ maxTraces: 2 });
  aggregator.ingestSpans([span("1", "a"), span("2", "b"), span("1", "c"), span("3", "d")]);
  expect(aggregator.completeTrace(traceIdOf("1"))).toBeUndefined();
  expect(aggregator.completeTrace(traceIdOf("2"))?.spanCount).toBe(1);
  expect(aggregator.counters).toMatchObject({
    evictedTraces: 1,
    evictedSpans: 2,
    heldTraces: 2,
    heldSpans: 2,
  });
});

test("beyond maxSpans the oldest traces go, but never the one that grows; alone it refuses spans", () => {
  const aggregator = new TraceAggregator({ maxSpans: 3 });
  aggregator.ingestSpans([span("1", "a"), span("2", "b")]);
  aggregator.ingestSpans([span("1", "c"), span("1", "d"), span("1", "e")]);
  expect(aggregator.completeTrace(traceIdOf("1"))?.spanCount).toBe(3);
  expect(aggregator.completeTrace(traceIdOf("2"))).toBeUndefined();
  expect(aggregator.counters).toMatchObject({ evictedSpans: 1, refusedSpans: 1, heldSpans: 3 });
});

test("statistics say what happened, also to spans that are held no longer", () => {
  const aggregator = new TraceAggregator({ maxTraces: 1 });
  aggregator.ingestSpans([
    span("1", "a", { service: "web", name: "GET", at: [0, 10], status: "ERROR" }),
    span("2", "b", { service: "web", name: "PUT", at: [0, 30] }),
    span("3", "c", { service: "api", name: "run", at: [0, 5] }),
  ]);
  const web = {
    spanCount: 2,
    errorCount: 1,
    avgDurationMs: 20,
    totalDurationMs: 40,
    operations: ["GET", "PUT"],
  };
  const api = { spanCount: 1, errorCount: 0, avgDurationMs: 5, totalDurationMs: 5, operations: ["run"] };
  expect(aggregator.getServiceStatistics()).toEqual({ api, web });
  expect(aggregator.getServiceStatistics("web")).toEqual({ web });
  expect(aggregator.getServiceStatistics("nobody")).toEqual({});
});

test("what the sampler does not want is returned once but not kept", () => {
  const aggregator = new TraceAggregator({ sampler: alwaysKeepErrors(probabilitySampler(0)) });
  aggregator.ingestSpans([span("fine", "a"), span("failed", "b", { status: "ERROR" })]);
  expect(aggregator.completeTrace(traceIdOf("fine"))?.spanCount).toBe(1);
  aggregator.completeTrace(traceIdOf("failed"));
  expect(names(aggregator.completedTraces)).toEqual(["b"]);
  expect(aggregator.counters).toMatchObject({ sampledOutTraces: 1, sampledOutSpans: 1, heldSpans: 1 });
  expect(aggregator.getServiceStatistics()["service"]?.spanCount).toBe(2);
});

test("every span ingested is held, duplicate, refused, evicted or sampled out", () => {
  const step = fc.record({
    trace: fc.nat(5),
    id: fc.nat(4),
    complete: fc.boolean(),
    status: fc.constantFrom<"ERROR" | "UNSET">("ERROR", "UNSET"),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 8 }),
      (steps, maxTraces, maxSpans) => {
        const aggregator = new TraceAggregator({ maxTraces, maxSpans, sampler: alwaysKeepErrors() });
        for (const { trace, id, complete, status } of steps) {
          aggregator.ingestSpan(span(`t${trace}`, `s${id}`, { status }));
          if (complete) aggregator.completeTrace(traceIdOf(`t${trace}`));
        }
        const counters = aggregator.counters;
        expect(counters.heldTraces).toBeLessThanOrEqual(maxTraces);
        expect(counters.heldSpans).toBeLessThanOrEqual(maxSpans);
        expect(
          counters.heldSpans +
            counters.duplicateSpans +
            counters.refusedSpans +
            counters.evictedSpans +
            counters.sampledOutSpans,
        ).toBe(steps.length);
      },
    ),
  );
});
