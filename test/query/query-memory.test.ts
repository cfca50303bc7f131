import { describe, expect, it } from "vitest";
import { TracAggError } from "../../src/base/errors.ts";
import { HeldPart } from "../../src/base/held-bytes.ts";
import { createQueries } from "../../src/query/queries.ts";
import type { QueryHold } from "../../src/query/query-memory.ts";
import { QueryMemory } from "../../src/query/query-memory.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../helpers/trace-builder.ts";
import { RecordingMetrics } from "../ingest/recording-metrics.ts";

const HELD = "tracagg_query_held_bytes";

/** A query ended at work holds its rows until it notices; the test's own time limit ends what never comes. */
async function nothingHeld(metrics: RecordingMetrics): Promise<void> {
  while (metrics.gaugeValue(HELD) > 0) await new Promise((resolve) => setImmediate(resolve));
}

function memoryOf(maxHeldBytes: number) {
  const metrics = new RecordingMetrics();
  const memory = new QueryMemory({ maxHeldBytes, metrics });
  const ended: string[] = [];
  const open = (name: string): QueryHold => {
    const hold = memory.open();
    hold.onEnd = ({ code }) => ended.push(`${name} ${code}`);
    return hold;
  };
  return { metrics, open, ended };
}

describe("the memory of queries", () => {
  it("ends a query that alone holds more than all may", () => {
    const { metrics, open, ended } = memoryOf(1_000);
    const hold = open("huge");
    hold.add(1_000);
    expect(() => hold.add(1)).toThrow(TracAggError);
    expect(() => hold.add(1)).toThrow("holds 1001 bytes of spans, all queries together may hold 1000");
    expect(ended).toEqual(["huge too_large"]);
    expect(metrics.sum("tracagg_queries_ended_for_memory_total")).toBe(1);
    hold.close();
    expect(metrics.gaugeValue(HELD)).toBe(0);
  });

  it("ends the one that holds most when a small one needs room, and no other while that one lets go", () => {
    const { metrics, open, ended } = memoryOf(1_000);
    const [large, middle, small] = [open("large"), open("middle"), open("small")];
    large.add(600);
    middle.add(300);
    small.add(200);
    expect(ended).toEqual(["large overloaded"]);
    middle.add(100);
    expect(() => large.add(1)).toThrow("more than any other");
    expect(metrics.gaugeValue(HELD)).toBe(1_200);
    large.close();
    expect(metrics.gaugeValue(HELD)).toBe(600);
    expect(ended).toHaveLength(1);
  });

  it("counts what was given back as free", () => {
    const { open, ended } = memoryOf(1_000);
    const hold = open("scan");
    for (let page = 0; page < 10; page++) {
      const part = new HeldPart(hold);
      part.add(900);
      part.release();
    }
    expect(ended).toEqual([]);
  });
});

describe("queries within a memory limit", () => {
  function setUp(maxHeldBytes: number) {
    const store = createMemoryStore();
    const feed = new BatchFeed(store);
    for (let at = 0; at < 8; at++) {
      const spans = Array.from({ length: 1_000 }, (_, n) =>
        buildSpan("large", { id: `l${at}-${n}`, at: [n, n + 1] }),
      );
      feed.append(...spans);
    }
    feed.append(buildSpan("small", { id: "s", at: [0, 5] }));
    const metrics = new RecordingMetrics();
    const limits = { maxHeldBytes };
    const clock = { nowMillis: () => 1_700_000_000_000 };
    const ports = { reader: store, catalogue: store, statistics: store };
    return { metrics, queries: createQueries({ ...ports, metrics, clock, limits }) };
  }

  it("refuses what reads a trace that is too large, answers others, and holds nothing afterwards", async () => {
    const { metrics, queries } = setUp(500_000);
    const large = traceIdOf("large");
    const answers = await Promise.allSettled([
      queries.getTrace(large),
      queries.getTrace(traceIdOf("small")),
      queries.criticalPathOf({ traceId: large }),
      queries.bottlenecksOf(large, 0),
      queries.searchTraces({ filter: {} }),
      queries.dependencies({}),
      queries.serviceStatistics({}),
      queries.performance({}),
    ]);
    const codes = answers.map((answer) => (answer.status === "rejected" ? answer.reason.code : "ok"));
    expect(codes.filter((code) => code === "ok")).toEqual(["ok"]);
    expect(codes[1]).toBe("ok");
    expect(answers[0]).toMatchObject({ reason: { message: expect.stringContaining("query.maxHeldBytes") } });
    await nothingHeld(metrics);
    expect(metrics.gaugeValue("tracagg_queries_running")).toBe(0);
  });

  it("counts the rows of an answer until its reader has had it, and may end it until then", async () => {
    const { metrics, queries } = setUp(2_400_000);
    const reader = new AbortController();
    const ended: TracAggError[] = [];
    const caller = { signal: reader.signal, end: (error: TracAggError) => ended.push(error) };
    await queries.getTrace(traceIdOf("large"), caller);
    const held = metrics.gaugeValue(HELD);
    expect(held).toBeGreaterThan(8_000 * 110);
    expect(held).toBeLessThan(2_400_000);
    const others = ["first", "second", "third"].map(() => queries.getTrace(traceIdOf("large"), caller));
    const codes = (await Promise.allSettled(others)).map(({ status }) => status);
    expect(ended.length + codes.filter((status) => status === "rejected").length).toBeGreaterThan(0);
    reader.abort();
    await nothingHeld(metrics);
  });
});
