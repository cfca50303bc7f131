import { expect, test } from "vitest";
import { traceSummary } from "../../src/analysis/trace-summary.ts";
import { atOnce } from "../../src/base/time-slice.ts";
import type { TraceMatch } from "../../src/filter/evaluator/pipeline.ts";
import { compilePipeline } from "../../src/filter/evaluator/pipeline.ts";
import { spanTraceView } from "../../src/filter/evaluator/span-trace-view.ts";
import type { Pipeline } from "../../src/filter/query-model.ts";
import type { Span } from "../../src/model/span.ts";
import type { FoundTrace } from "../../src/query/found-traces.ts";
import { BestTraces, foundTraceReader } from "../../src/query/found-traces.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const spans: readonly Span[] = Array.from({ length: 1_500 }, (_, at) =>
  buildSpan("wide", {
    id: `${at}`,
    name: `op ${at % 150}`,
    at: [at, at + 1],
    attributes: { text: "x".repeat(1_000) },
  }),
);

function found(q: string, spansShown: number): FoundTrace {
  const compiled = compilePipeline(parseQuery(q).expression as Pipeline);
  const match = atOnce(compiled.run(spanTraceView(spans))) as TraceMatch;
  return foundTraceReader(compiled.fields, spansShown)(traceSummary(spans), match);
}

test("a trace shows a hundred spansets and a thousand spans at most, and says how many there are", () => {
  const { spansetCount, spansets } = found("{ } | by(name)", 100);
  expect([spansetCount, spansets.length]).toEqual([150, 100]);
  expect(spansets.reduce((sum, each) => sum + each.spans.length, 0)).toBe(1_000);
  expect(spansets.every(({ matched }) => matched === 10)).toBe(true);
  expect(found("{ } | by(.none)", 100).spansets[0]).toMatchObject({ matched: 1_500, spans: { length: 100 } });
});

test("the memory of an answer is counted with its texts, and what drops out of it is given back", () => {
  let held = 0;
  const best = new BestTraces(1, { add: (bytes) => (held += bytes) });
  const key = (nanos: bigint) => ({ value: { type: "duration", nanos }, direction: "desc" }) as const;
  best.add(key(1n), found("{ } | select(span.text)", 100));
  expect(held).toBeGreaterThan(100 * 2_000);
  expect(best.takes(key(2n))).toBe(true);
  best.add(key(2n), found("{ }", 0));
  expect(held).toBeLessThan(10_000);
  expect(best.traces()).toHaveLength(1);
  expect(best.takes(key(1n))).toBe(false);
});
