import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../helpers/trace-builder.ts";

/** Appends one batch of `spans` spans of the trace with that name. */
function appendTrace(feed: BatchFeed, name: string, spans = 1): void {
  feed.append(
    ...Array.from({ length: spans }, (_, at) => buildSpan(name, { id: `${name}-${at}`, at: [at, 9] })),
  );
}

async function tracesIn(store: TraceStore): Promise<Set<string>> {
  const { summaries } = await store.search({}, { limit: 1_000 });
  return new Set(summaries.map((summary) => summary.traceId));
}

describe("the memory store", () => {
  it("keeps at most its cap of spans: the oldest go first, a share at a time, and are counted", async () => {
    const store = createMemoryStore({ maxSpans: 80 });
    const feed = new BatchFeed(store);
    for (let at = 0; at < 8; at++) appendTrace(feed, `t${at}`, 10);
    expect(store.gauges()).toMatchObject({ hot_spans: 80, evicted_spans: 0 });
    appendTrace(feed, "t8");
    expect(store.gauges()).toMatchObject({ hot_spans: 71, evicted_spans: 10 });
    const traces = await tracesIn(store);
    expect(traces.has(traceIdOf("t0"))).toBe(false);
    expect(traces.size).toBe(8);
    expect(await store.trace(traceIdOf("t0"))).toEqual([]);
  });

  it("keeps at most its cap of bytes and one request", () => {
    const maxBytes = 1024 * 1024;
    const store = createMemoryStore({ maxBytes });
    const feed = new BatchFeed(store);
    for (let at = 0; at < 30; at++) {
      appendTrace(feed, `t${at}`, 300);
      expect(store.gauges()["hot_bytes"]).toBeLessThanOrEqual(maxBytes);
    }
    const { hot_spans: held = 0, evicted_spans: evicted = 0 } = store.gauges();
    expect(evicted).toBeGreaterThan(0);
    expect(held + evicted).toBe(9_000);
  });

  it("keeps a request that is larger than the cap until the next one comes", async () => {
    const store = createMemoryStore({ maxSpans: 8 });
    const feed = new BatchFeed(store);
    appendTrace(feed, "large", 50);
    expect(await store.trace(traceIdOf("large"))).toHaveLength(50);
    appendTrace(feed, "next");
    expect(await store.trace(traceIdOf("large"))).toEqual([]);
    expect(await store.trace(traceIdOf("next"))).toHaveLength(1);
  });

  it("removes spans by their arrival once they are too old, without another append", async () => {
    const time = { nowMillis: 100_000 };
    const store = createMemoryStore({
      retentionAgeMillis: 8_000,
      clock: { nowMillis: () => time.nowMillis },
    });
    const feed = new BatchFeed(store, time.nowMillis);
    appendTrace(feed, "old");
    time.nowMillis += 2_000;
    feed.arrivalUnixMillis = time.nowMillis;
    appendTrace(feed, "young");
    time.nowMillis += 6_000;
    expect(await tracesIn(store)).toEqual(new Set(["old", "young"].map(traceIdOf)));
    time.nowMillis += 1;
    expect(await tracesIn(store)).toEqual(new Set([traceIdOf("young")]));
    time.nowMillis += 2_000;
    expect(await store.trace(traceIdOf("young"))).toEqual([]);
    expect(store.gauges()).toMatchObject({ hot_spans: 0, hot_bytes: 0, expired_spans: 2 });
  });

  it("lets the log forget everything it was given", () => {
    const store = createMemoryStore();
    const feed = new BatchFeed(store);
    expect(store.coveredPosition()).toBe(-1);
    appendTrace(feed, "a");
    appendTrace(feed, "b");
    expect(store.coveredPosition()).toBe(1);
  });
});
