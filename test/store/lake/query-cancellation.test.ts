import { tmpdir } from "node:os";
import { describe, expect, it, onTestFinished } from "vitest";
import { createQueries } from "../../../src/query/queries.ts";
import { ReaderPool } from "../../../src/store/lake/reader-pool.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { RecordingMetrics } from "../../ingest/recording-metrics.ts";
import { LakeFolder } from "./lake-fixture.ts";

const cancelled = { status: "rejected", reason: expect.objectContaining({ code: "cancelled" }) };

async function openPool(): Promise<ReaderPool> {
  const pool = await ReaderPool.open({
    directory: tmpdir(),
    temporaryDirectory: tmpdir(),
    memoryLimitBytes: 64 * 1024 * 1024,
    threads: 1,
    concurrency: 1,
    maxWaiting: 4,
  });
  onTestFinished(() => pool.close());
  return pool;
}

describe("a pool of database connections", () => {
  it("lets one who waits leave the line at once, and the next have his turn", async () => {
    const pool = await openPool();
    let finish = () => {};
    const first = pool.use(undefined, () => new Promise<void>((resolve) => (finish = resolve)));
    const leaving = new AbortController();
    const second = pool.use(leaving.signal, () => Promise.resolve("second"));
    const third = pool.use(undefined, () => Promise.resolve("third"));
    await Promise.resolve();
    expect(pool.waiting).toBe(2);
    leaving.abort();
    expect((await Promise.allSettled([second]))[0]).toEqual(cancelled);
    expect(pool.waiting).toBe(1);
    finish();
    await first;
    expect(await third).toBe("third");
  });

  it("interrupts a statement whose caller leaves", async () => {
    const pool = await openPool();
    const leaving = new AbortController();
    const endless = pool.use(leaving.signal, (connection) =>
      connection.rows("SELECT count(*) FROM range(1000000000) a, range(1000000000) b", []),
    );
    setTimeout(() => leaving.abort(), 50);
    expect((await Promise.allSettled([endless]))[0]).toEqual(cancelled);
    expect(await pool.use(undefined, (connection) => connection.rows("SELECT 1", []))).toEqual([[1]]);
  });
});

describe("cancelled queries over segments", () => {
  it("give back their places, rows and segments, and the next are answered", async () => {
    const folder = await LakeFolder.create();
    const store = await folder.open({ queryConcurrency: 1 });
    const feed = new BatchFeed(store);
    for (let request = 0; request < 12; request++) {
      const spans = Array.from({ length: 1_000 }, (_, at) =>
        buildSpan("large", { id: `${request}-${at}`, service: "s", at: [at, at + 1] }),
      );
      feed.append(...spans);
      if (request === 5) await store.flush();
    }
    await store.flush();
    const metrics = new RecordingMetrics();
    const clock = { nowMillis: () => 1_700_000_000_000 };
    const queries = createQueries({ reader: store, catalogue: store, statistics: store, metrics, clock });
    const leaving = new AbortController();
    const caller = { signal: leaving.signal, end: () => {} };
    const large = traceIdOf("large");
    const asked = Promise.allSettled([
      queries.getTrace(large, caller),
      queries.searchTraces({ filter: { attributes: [{ key: "k", value: "v" }] } }, caller),
      queries.performance({}, caller),
      queries.dependencies({}, caller),
    ]);
    while (store.gauges()["held_segments"] === 0) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort();
    expect(await asked).toEqual([cancelled, cancelled, cancelled, cancelled]);
    // What was at work ends a moment later; the test's own time limit ends what never comes.
    const isBusy = (): boolean =>
      metrics.gaugeValue("tracagg_queries_running") > 0 ||
      metrics.gaugeValue("tracagg_query_held_bytes") > 0 ||
      store.gauges()["held_segments"] !== 0;
    while (isBusy()) await new Promise((resolve) => setImmediate(resolve));
    const { rows, summary } = await queries.getTrace(large);
    expect([rows.length, summary.spanCount]).toEqual([12_000, 12_000]);
    expect(metrics.gaugeValue("tracagg_query_held_bytes")).toBe(0);
  });
});
