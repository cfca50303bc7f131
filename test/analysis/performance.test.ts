import { expect, test } from "vitest";
import { identifyBottlenecks } from "../../src/analysis/bottlenecks.ts";
import { analyzeTraces } from "../../src/analysis/performance.ts";
import { quantileOfSorted, sampleStandardDeviation } from "../../src/analysis/quantile.ts";
import { ServiceStatisticsCollector } from "../../src/analysis/service-statistics.ts";
import type { Trace } from "../../src/model/trace.ts";
import { buildTrace } from "../helpers/trace-builder.ts";

function lasting(millis: number, status: "ERROR" | "UNSET" = "UNSET"): Trace {
  return buildTrace(`t${millis}`, { id: "r", service: "web", name: "GET /", at: [0, millis], status });
}

test("performance over known durations is exact", () => {
  const traces = [40, 10, 30, 20].map((millis) => lasting(millis, millis === 30 ? "ERROR" : "UNSET"));
  const result = analyzeTraces(traces);
  expect(result).toMatchObject({
    totalTraces: 4,
    errorRate: 0.25,
    minDurationMs: 10,
    maxDurationMs: 40,
    avgDurationMs: 25,
    medianDurationMs: 25,
  });
  expect(result.p95DurationMs).toBeCloseTo(38.5, 10);
  expect(result.p99DurationMs).toBeCloseTo(39.7, 10);
  expect(result.stdDevDurationMs).toBeCloseTo(Math.sqrt(500 / 3), 10);
  expect(result.slowestOperations).toHaveLength(1);
  expect(result.slowestOperations[0]).toMatchObject({
    operation: "GET /",
    service: "web",
    count: 4,
    avgMs: 25,
    maxMs: 40,
  });
  expect(result.slowestOperations[0]?.p95Ms).toBeCloseTo(38.5, 10);
});

test("performance of nothing is all zeros", () => {
  expect(analyzeTraces([])).toEqual({
    totalTraces: 0,
    errorRate: 0,
    minDurationMs: 0,
    maxDurationMs: 0,
    avgDurationMs: 0,
    medianDurationMs: 0,
    p95DurationMs: 0,
    p99DurationMs: 0,
    stdDevDurationMs: 0,
    slowestOperations: [],
  });
});

test("operations come by p95, slowest first, and the same name in two services is two operations", () => {
  const trace = buildTrace(
    "ops",
    { id: "1", service: "a", name: "op", at: [0, 10] },
    { id: "2", service: "b", name: "op", at: [0, 30] },
    { id: "3", service: "b", name: "other", at: [0, 30] },
    { id: "4", service: "a", name: "slow", at: [0, 90] },
  );
  const told = analyzeTraces([trace]).slowestOperations.map((each) => `${each.service} ${each.operation}`);
  expect(told).toEqual(["a slow", "b op", "b other", "a op"]);
  expect(analyzeTraces([trace], { maxOperations: 2 }).slowestOperations).toHaveLength(2);
});

test("quantiles interpolate between the ranks around them", () => {
  expect(quantileOfSorted([1, 2, 3, 4, 5], 0.5)).toBe(3);
  expect(quantileOfSorted([1, 2], 0.25)).toBe(1.25);
  expect(quantileOfSorted([7], 0.99)).toBe(7);
  expect(quantileOfSorted([], 0.5)).toBe(0);
  expect(sampleStandardDeviation([5])).toBe(0);
  expect(sampleStandardDeviation([1e9, 1e9 + 1, 1e9 + 2])).toBe(1);
});

test("bottlenecks are the spans longer than the threshold, longest first, with their share of the trace", () => {
  const trace = buildTrace(
    "slow",
    { id: "root", service: "web", at: [0, 200] },
    { id: "mid", service: "api", parent: "root", at: [10, 110] },
    { id: "long", service: "db", parent: "mid", at: [20, 170] },
  );
  expect(identifyBottlenecks(trace, 100).map(({ spanId, ...rest }) => rest)).toEqual([
    { service: "web", operation: "root", durationMs: 200, percentageOfTrace: 100 },
    { service: "db", operation: "long", durationMs: 150, percentageOfTrace: 75 },
  ]);
  expect(identifyBottlenecks(trace, 100)[0]?.spanId).toBe(trace.rootSpan?.spanId);
});

test("a trace without duration has no share to divide by", () => {
  expect(identifyBottlenecks(lasting(0), -1)[0]?.percentageOfTrace).toBe(0);
});

test("service statistics add up spans, errors and durations", () => {
  const collector = new ServiceStatisticsCollector();
  const spans = buildTrace(
    "stats",
    { id: "1", service: "web", name: "b", at: [0, 10] },
    { id: "2", service: "web", name: "a", at: [0, 30], status: "ERROR" },
    { id: "3", service: "api", name: "c", at: [5, 3] },
  ).spans;
  for (const span of spans) collector.add(span);
  const web = { spanCount: 2, errorCount: 1, avgDurationMs: 20, totalDurationMs: 40, operations: ["a", "b"] };
  const api = { spanCount: 1, errorCount: 0, avgDurationMs: 0, totalDurationMs: 0, operations: ["c"] };
  expect(collector.statistics()).toEqual({ api, web });
  expect(collector.statistics("web")).toEqual({ web });
  expect(collector.statistics("nobody")).toEqual({});
});

test("service statistics stay bounded whatever names come, and count what they leave out", () => {
  const collector = new ServiceStatisticsCollector({ maxServices: 1, maxOperationsPerService: 1 });
  const spans = buildTrace(
    "many",
    { id: "1", service: "web", name: "a", at: [0, 1] },
    { id: "2", service: "web", name: "b", at: [1, 2] },
    { id: "3", service: "api", name: "c", at: [2, 3] },
  ).spans;
  for (const span of spans) collector.add(span);
  expect(collector.statistics()["web"]).toMatchObject({ spanCount: 2, operations: ["a"] });
  expect([collector.uncountedSpans, collector.unlistedOperationSpans]).toEqual([1, 1]);
});
