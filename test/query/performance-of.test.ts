import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyzeTraces } from "../../src/analysis/performance.ts";
import { silentMetrics } from "../../src/base/metrics.ts";
import type { Span } from "../../src/model/span.ts";
import { traceFromSpans } from "../../src/model/trace.ts";
import type { Queries, QueryLimits } from "../../src/query/queries.ts";
import { createQueries } from "../../src/query/queries.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";
import { LakeFolder } from "../store/lake/lake-fixture.ts";

/** Traces that start a second apart, each with a root of one service and any spans below it. */
const anyTraces: fc.Arbitrary<Span[][]> = fc
  .array(
    fc.array(
      fc.record({
        service: fc.constantFrom("shop", "pay", "größe"),
        name: fc.constantFrom("get", "put", ""),
        start: fc.nat(50),
        duration: fc.integer({ min: -2, max: 900 }),
        isError: fc.boolean(),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((traces) =>
    traces.map((spans, trace) =>
      spans.map(({ service, name, start, duration, isError }, at) =>
        buildSpan(`t${trace}`, {
          id: `s${at}`,
          ...(at === 0 ? {} : { parent: "s0" }),
          service,
          name,
          status: isError ? "ERROR" : "UNSET",
          at: [trace * 1_000 + start, trace * 1_000 + start + duration / 7],
        }),
      ),
    ),
  );

function queriesOver(store: TraceStore, limits: QueryLimits = {}): Queries {
  const clock = { nowMillis: () => 1_800_000_000_000 };
  const ports = { reader: store, catalogue: store, statistics: store };
  return createQueries({ ...ports, metrics: silentMetrics, clock, limits });
}

/** In memory, sealed, in two segments, and half of every trace in each. */
const PLACEMENTS: readonly ((store: TraceStore, traces: readonly Span[][]) => Promise<void>)[] = [
  async (store, traces) => {
    new BatchFeed(store).append(...traces.flat());
  },
  async (store, traces) => {
    new BatchFeed(store).append(...traces.flat());
    await store.flush();
  },
  async (store, traces) => {
    const feed = new BatchFeed(store);
    feed.append(...traces.slice(0, 3).flat());
    await store.flush();
    feed.append(...traces.slice(3).flat());
    await store.flush();
  },
  async (store, traces) => {
    const feed = new BatchFeed(store);
    feed.append(...traces.flat().filter((_, at) => at % 2 === 0));
    await store.flush();
    feed.append(...traces.flat().filter((_, at) => at % 2 === 1));
  },
];

describe("performance over stored traces", () => {
  it("is that of the spans themselves, wherever they lie", async () => {
    const property = fc.asyncProperty(anyTraces, fc.nat(3), async (traces, placement) => {
      const folder = await LakeFolder.create();
      const store = await folder.open();
      await PLACEMENTS[placement]?.(store, traces);
      const all = traces.map(traceFromSpans);
      const queries = queriesOver(store);
      expect((await queries.performance({})).performance).toEqual(analyzeTraces(all));
      const ofPay = all.filter(({ spans }) => spans.some(({ serviceName }) => serviceName === "pay"));
      expect((await queries.performance({ serviceName: "pay" })).performance).toEqual(analyzeTraces(ofPay));
      await store.stop();
    });
    await fc.assert(property, { numRuns: 12, interruptAfterTimeLimit: 25_000 });
  });

  it("is that of the newest traces up to the limits on traces and spans", async () => {
    const folder = await LakeFolder.create();
    const store = await folder.open();
    const traces = [1, 2, 3, 4].map((start) => [
      buildSpan(`t${start}`, { id: "r", name: "get", at: [start * 1_000, start * 1_000 + start] }),
      buildSpan(`t${start}`, { id: "c", parent: "r", name: "put", at: [start * 1_000, start * 1_000 + 1] }),
    ]);
    new BatchFeed(store).append(...traces.flat());
    await store.flush();
    const newest = (count: number) => analyzeTraces(traces.slice(-count).map(traceFromSpans));
    const byTraces = await queriesOver(store, { maxTracesAnalysed: 2 }).performance({});
    expect(byTraces).toMatchObject({ truncated: true, performance: newest(2) });
    const bySpans = await queriesOver(store, { maxSpansAnalysed: 6 }).performance({});
    expect(bySpans).toMatchObject({ truncated: true, performance: newest(3) });
    const all = await queriesOver(store, { maxTracesAnalysed: 4 }).performance({});
    expect(all).toMatchObject({ truncated: false, performance: newest(4) });
  });
});
