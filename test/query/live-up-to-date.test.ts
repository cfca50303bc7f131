import { expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { TracAggError } from "../../src/base/errors.ts";
import { silentMetrics } from "../../src/base/metrics.ts";
import type { Queries } from "../../src/query/queries.ts";
import { createQueries } from "../../src/query/queries.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { createMemoryStore } from "../../src/store/memory/memory-store.ts";

async function queriesThatWaitFor(liveUpToDate: () => Promise<void>): Promise<Queries> {
  const store = createMemoryStore();
  await store.start();
  const live = new LiveStatistics();
  return createQueries({
    reader: store,
    catalogue: store,
    statistics: store,
    live: () => live,
    liveUpToDate,
    metrics: silentMetrics,
    clock: systemClock,
  });
}

test("what is asked of live statistics waits until they have everything, and what is asked of traces does not", async () => {
  let bringUpToDate = (): void => {};
  const upToDate = new Promise<void>((resolve) => {
    bringUpToDate = resolve;
  });
  const queries = await queriesThatWaitFor(() => upToDate);
  let answered = 0;
  const asked = [queries.graph({}), queries.red({}), queries.topology({})].map((answer) =>
    answer.then(() => answered++),
  );
  expect((await queries.searchTraces({ filter: {} })).summaries).toEqual([]);
  expect(answered).toBe(0);
  bringUpToDate();
  await Promise.all(asked);
  expect(answered).toBe(3);
});

test("statistics that could not be brought up to date say so", async () => {
  const fault = new TracAggError("unavailable", "statistics could not be brought up to date");
  const queries = await queriesThatWaitFor(() => Promise.reject(fault));
  await expect(queries.graph({})).rejects.toMatchObject({ code: "unavailable" });
});
