/** Cases of the store contract for stores that keep spans beyond the process. */

import { afterEach, beforeEach, expect, it } from "vitest";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { traceIdOf } from "../helpers/trace-builder.ts";
import { ALL_SPANS, CHECKOUT, MIXED } from "./trace-store-dataset.ts";
import type { OpenStore, StoreHandle } from "./trace-store-handle.ts";
import { searchAll, spansOf } from "./trace-store-handle.ts";

/** What a store that was flushed, stopped and started again still knows. */
export function describeDurability(open: OpenStore): void {
  let handle: StoreHandle;
  let feed: BatchFeed;
  beforeEach(async () => {
    handle = await open();
    feed = new BatchFeed(handle.store);
  });
  afterEach(() => handle.close());

  async function restart(): Promise<TraceStore> {
    const reopened = await handle.reopen?.();
    if (reopened === undefined) throw new Error("a durable store needs reopen in its handle");
    return reopened;
  }

  it("everything flushed is found, once, with the position it covers", async () => {
    feed.append(...ALL_SPANS);
    await handle.flush();
    const before = await searchAll(handle.store, {});
    const statistics = await handle.store.serviceStatistics({});
    const dependencies = await handle.store.dependencies({});
    const services = await handle.store.services();
    const operations = await handle.store.operations("shop");
    const store = await restart();
    expect(store.coveredPosition()).toBe(0);
    expect(await searchAll(store, {})).toEqual(before);
    expect(await spansOf(store, traceIdOf("checkout"))).toEqual(CHECKOUT);
    expect(await store.serviceStatistics({})).toEqual(statistics);
    expect(await store.dependencies({})).toEqual(dependencies);
    expect(await store.services()).toEqual(services);
    expect(await store.operations("shop")).toEqual(operations);
  });

  it("a log that is replayed from the start doubles nothing", async () => {
    feed.append(...CHECKOUT);
    await handle.flush();
    feed.append(...MIXED);
    const store = await restart();
    for (const committed of feed.committed) store.append(committed);
    expect((await searchAll(store, {})).map((summary) => [summary.traceId, summary.spanCount])).toEqual([
      [traceIdOf("mixed"), 2],
      [traceIdOf("checkout"), 3],
    ]);
    await store.flush();
    expect(store.coveredPosition()).toBe(1);
    expect(await searchAll(store, {})).toHaveLength(2);
    expect(await spansOf(store, traceIdOf("checkout"))).toEqual(CHECKOUT);
  });

  it("spans go on being taken", async () => {
    feed.append(...CHECKOUT.slice(0, 1));
    await handle.flush();
    const store = await restart();
    const later = new BatchFeed(store);
    later.append();
    later.append(...CHECKOUT.slice(1));
    expect(await spansOf(store, traceIdOf("checkout"))).toEqual(CHECKOUT);
    await store.flush();
    expect(await spansOf(store, traceIdOf("checkout"))).toEqual(CHECKOUT);
  });
}
