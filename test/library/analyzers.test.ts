import fc from "fast-check";
import { expect, test } from "vitest";
import {
  criticalPath,
  dependencyLinks,
  TraceDependencyAnalyzer,
  TracePerformanceAnalyzer,
} from "../../src/index.ts";
import { buildTrace } from "../helpers/trace-builder.ts";

const order = buildTrace(
  "order",
  { id: "api", service: "api-gateway", name: "GET /orders", kind: "SERVER", at: [0, 500] },
  { id: "auth", parent: "api", service: "auth-service", name: "verify_token", at: [0, 50] },
  { id: "order", parent: "api", service: "order-service", name: "get_orders", kind: "SERVER", at: [60, 360] },
  {
    id: "db",
    parent: "order",
    service: "order-service",
    name: "SELECT orders",
    kind: "CLIENT",
    at: [70, 270],
    attributes: { "db.system": "postgresql" },
  },
  { id: "pay", parent: "order", service: "payment-service", name: "check", kind: "CLIENT", at: [270, 350] },
);

test("dependencies are direct parents and children of different services, added up over traces", () => {
  const analyzer = new TraceDependencyAnalyzer();
  analyzer.analyzeTrace(order);
  analyzer.analyzeTrace(order);
  expect(analyzer.getDependencies()).toEqual([
    { fromService: "api-gateway", toService: "auth-service", callCount: 2 },
    { fromService: "api-gateway", toService: "order-service", callCount: 2 },
    { fromService: "order-service", toService: "payment-service", callCount: 2 },
  ]);
  expect(analyzer.getServiceGraph()).toEqual({
    "api-gateway": ["auth-service", "order-service"],
    "order-service": ["payment-service"],
  });
});

test("the number of pairs is bounded and what is left out is counted", () => {
  const analyzer = new TraceDependencyAnalyzer({ maxDependencies: 2 });
  analyzer.analyzeTrace(order);
  analyzer.analyzeTrace(order);
  expect(analyzer.getDependencies()).toHaveLength(2);
  expect(analyzer.uncountedCalls).toBe(2);
});

test("the original critical path follows the largest summed duration", () => {
  const path = new TraceDependencyAnalyzer().findCriticalPath(order);
  expect(path.map((span) => span.name)).toEqual(["GET /orders", "get_orders", "SELECT orders"]);
  expect(path[0]).toBe(order.rootSpan);
});

test("the sum over a path counts, not the longest single child", () => {
  const trace = buildTrace(
    "sum",
    { id: "r", at: [0, 100] },
    { id: "wide", parent: "r", at: [0, 60] },
    { id: "deep", parent: "r", at: [0, 40] },
    { id: "deeper", parent: "deep", at: [0, 30] },
  );
  const path = new TraceDependencyAnalyzer().findCriticalPath(trace);
  expect(path.map((span) => span.name)).toEqual(["r", "deep", "deeper"]);
});

test("no chain from the root is longer than the original critical path", () => {
  const shape = fc.array(fc.record({ up: fc.nat(19), duration: fc.nat(50) }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(shape, (drafts) => {
      const sketches = drafts.map((draft, index) => ({
        id: `${index}`,
        at: [index, index + draft.duration] as const,
        ...(index === 0 ? {} : { parent: `${draft.up % index}` }),
      }));
      const trace = buildTrace("chains", ...sketches);
      const sumTo = (index: number): number =>
        (drafts[index]?.duration ?? 0) + (index === 0 ? 0 : sumTo((drafts[index]?.up ?? 0) % index));
      const path = new TraceDependencyAnalyzer().findCriticalPath(trace);
      const sum = path.reduce((total, span) => total + span.durationMs, 0);
      expect(sum).toBe(Math.max(...drafts.map((_, index) => sumTo(index))));
    }),
  );
});

test("a trace without a root has no original critical path, and a deep one does not overflow", () => {
  const analyzer = new TraceDependencyAnalyzer();
  expect(analyzer.findCriticalPath(buildTrace("o", { id: "x", parent: "gone", at: [0, 1] }))).toEqual([]);
  const chain = Array.from({ length: 20_000 }, (_, index) => ({
    id: `${index}`,
    at: [index, 40_000 - index] as const,
    ...(index === 0 ? {} : { parent: `${index - 1}` }),
  }));
  expect(analyzer.findCriticalPath(buildTrace("deep", ...chain))).toHaveLength(20_000);
});

test("the exact answers are there beside the original ones", () => {
  const analyzer = new TraceDependencyAnalyzer();
  expect(analyzer.dependencyLinks(order)).toEqual(dependencyLinks(order));
  expect(analyzer.criticalPath(order)).toEqual(criticalPath(order));
  expect(analyzer.getDependencies()).toEqual([]);
  expect(
    dependencyLinks(order).map((link) => `${link.fromService} > ${link.toService} ${link.type}`),
  ).toEqual([
    "api-gateway > auth-service rpc",
    "api-gateway > order-service rpc",
    "order-service > payment-service rpc",
    "order-service > postgresql database",
  ]);
});

test("performance answers are remembered for the same traces and made anew for others", () => {
  const analyzer = new TracePerformanceAnalyzer();
  const other = buildTrace("other", { id: "r", at: [0, 5] });
  const first = analyzer.analyzeTraces([order, other]);
  expect(analyzer.analyzeTraces([order, other])).toBe(first);
  expect(analyzer.analyzeTraces([order])).not.toBe(first);
  expect(analyzer.analyzeTraces([order, { ...other }])).toEqual(first);
  expect(analyzer.analyzeTraces([order, { ...other }])).not.toBe(first);
  expect(first).toMatchObject({ totalTraces: 2, errorRate: 0, maxDurationMs: 500, minDurationMs: 5 });
});

test("the oldest answer is forgotten beyond the bound", () => {
  const analyzer = new TracePerformanceAnalyzer({ maxCachedAnswers: 1 });
  const first = analyzer.analyzeTraces([order]);
  analyzer.analyzeTraces([]);
  expect(analyzer.analyzeTraces([order])).not.toBe(first);
});

test("bottlenecks are remembered by trace and threshold", () => {
  const analyzer = new TracePerformanceAnalyzer({ maxCachedAnswers: 2 });
  const over100 = analyzer.identifyBottlenecks(order, 100);
  expect(over100.map((each) => `${each.service} ${each.operation} ${each.durationMs}`)).toEqual([
    "api-gateway GET /orders 500",
    "order-service get_orders 300",
    "order-service SELECT orders 200",
  ]);
  expect(analyzer.identifyBottlenecks(order, 100)).toBe(over100);
  expect(analyzer.identifyBottlenecks(order, 250)).toHaveLength(2);
  expect(analyzer.identifyBottlenecks(order, 400)).toHaveLength(1);
  expect(analyzer.identifyBottlenecks(order, 100)).not.toBe(over100);
});
