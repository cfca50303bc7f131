import { describe, expect, it } from "vitest";
import { hasSpanConditions, matchesSpan, matchesSummary } from "../../src/filter/evaluate.ts";
import type { TraceQuery } from "../../src/filter/trace-query.ts";
import type { TraceSummary } from "../../src/model/trace-summary.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const ROW = {
  batch: batchOf([
    buildSpan("t", {
      id: "s",
      service: "shop",
      name: "buy",
      at: [0, 1],
      status: "ERROR",
      attributes: { color: "red", none: null },
      resourceAttributes: { color: "blue", none: "some", host: "h1" },
    }),
  ]),
  row: 0,
};

const SUMMARY: TraceSummary = {
  traceId: "00000000000000000000000000000001",
  rootServiceName: "shop",
  rootOperationName: "buy",
  startTimeUnixNano: 100n,
  endTimeUnixNano: 300n,
  spanCount: 2,
  errorCount: 1,
  services: [{ name: "shop", spanCount: 2, errorCount: 1 }],
};

function attribute(key: string, value: string): TraceQuery {
  return { attributes: [{ key, value }] };
}

const SPAN_CASES: readonly (readonly [TraceQuery, boolean])[] = [
  [{}, true],
  [{ serviceName: "shop" }, true],
  [{ serviceName: "Shop" }, false],
  [{ operationName: "buy" }, true],
  [{ operationName: "bu" }, false],
  [{ hasErrors: true }, true],
  [{ hasErrors: false }, true],
  [attribute("color", "red"), true],
  [attribute("color", "blue"), false],
  [attribute("none", "some"), false],
  [attribute("host", "h1"), true],
  [attribute("service.name", "shop"), true],
  [attribute("constructor", "x"), false],
  [{ serviceName: "shop", operationName: "sell" }, false],
  [{ attributes: [] }, true],
];

const SUMMARY_CASES: readonly (readonly [TraceQuery, boolean])[] = [
  [{}, true],
  [{ rootServiceName: "shop", rootOperationName: "buy" }, true],
  [{ rootServiceName: "pay" }, false],
  [{ rootOperationName: "sell" }, false],
  [{ hasErrors: false }, false],
  [{ hasErrors: true }, true],
  [{ serviceName: "unknown" }, true],
  [{ minDurationNanos: 200n, maxDurationNanos: 200n }, true],
  [{ minDurationNanos: 201n }, false],
  [{ maxDurationNanos: 199n }, false],
  [{ startTimeUnixNano: 100n, endTimeUnixNano: 101n }, true],
  [{ startTimeUnixNano: 101n }, false],
  [{ endTimeUnixNano: 100n }, false],
  [{ minEndTimeUnixNano: 300n }, true],
  [{ minEndTimeUnixNano: 301n }, false],
];

describe("a query", () => {
  it.each(SPAN_CASES)("asks a span for its own conditions only: %o -> %s", (query, expected) => {
    expect(matchesSpan(query, ROW)).toBe(expected);
  });

  it.each(SUMMARY_CASES)("asks a trace for its own conditions only: %o -> %s", (query, expected) => {
    expect(matchesSummary(query, SUMMARY)).toBe(expected);
  });

  it("knows whether it asks anything of a span", () => {
    expect(hasSpanConditions({ hasErrors: false, rootServiceName: "a", minDurationNanos: 1n })).toBe(false);
    expect(hasSpanConditions({ attributes: [] })).toBe(false);
    expect(hasSpanConditions({ hasErrors: true })).toBe(true);
    expect(hasSpanConditions({ serviceName: "" })).toBe(true);
    expect(hasSpanConditions({ operationName: "" })).toBe(true);
    expect(hasSpanConditions(attribute("a", ""))).toBe(true);
  });
});
