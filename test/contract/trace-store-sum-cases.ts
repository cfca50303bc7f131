/** Cases of the store contract about names and sums: catalogue, service statistics, dependencies. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { naiveStatistics } from "../helpers/naive-store.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { buildSpan, unixNanoAt } from "../helpers/trace-builder.ts";
import { ALL_SPANS, CHECKOUT, CHECKOUT_OK } from "./trace-store-dataset.ts";
import type { OpenStore, Placement, StoreHandle } from "./trace-store-handle.ts";
import { PLACEMENTS, place } from "./trace-store-handle.ts";

/** Sums with every span sent twice, for each placement. */
export function describeSums(open: OpenStore): void {
  describe.each(PLACEMENTS)("sums, spans %s", (placement: Placement) => {
    let handle: StoreHandle;
    let store: TraceStore;
    beforeAll(async () => {
      handle = await open();
      store = handle.store;
      const feed = await place(handle, [...ALL_SPANS, ...CHECKOUT], placement);
      feed.append(...CHECKOUT_OK, ...CHECKOUT.slice(0, 2));
    });
    afterAll(() => handle.close());

    it("lists services by name and operations by name and kind", async () => {
      expect(await store.services()).toEqual(["catalog", "cron", "mail", "odd", "pay", "shop", "tied"]);
      expect(await store.operations("mail")).toEqual([
        { name: "render", kind: "INTERNAL" },
        { name: "send", kind: "CONSUMER" },
      ]);
      expect(await store.operations("shop")).toEqual([
        { name: "POST /charge", kind: "CLIENT" },
        { name: "browse", kind: "SERVER" },
        { name: "checkout", kind: "SERVER" },
        { name: "first content", kind: "INTERNAL" },
        { name: "second content", kind: "INTERNAL" },
      ]);
      expect(await store.operations("nobody")).toEqual([]);
    });

    it("counts every distinct span once for its service", async () => {
      expect(await store.serviceStatistics({ serviceName: "pay" })).toEqual([
        {
          serviceName: "pay",
          spanCount: 2,
          errorCount: 1,
          totalDurationNanos: 240_000_000n,
          operations: ["charge"],
          operationsTruncated: false,
        },
      ]);
      expect(await store.serviceStatistics({})).toEqual(naiveStatistics(ALL_SPANS, {}));
      expect(await store.serviceStatistics({ serviceName: "nobody" })).toEqual([]);
    });

    it("counts a span that ends before it starts with no duration", async () => {
      const [odd] = await store.serviceStatistics({ serviceName: "odd" });
      expect(odd).toMatchObject({ spanCount: 3, totalDurationNanos: 1n });
    });

    it("counts spans in the trace they belong to: its start lies in the range or not", async () => {
      const during = { startTimeUnixNano: unixNanoAt(1_005), endTimeUnixNano: unixNanoAt(1_999) };
      expect(await store.serviceStatistics(during)).toEqual([]);
      const exact = { startTimeUnixNano: unixNanoAt(1_000), endTimeUnixNano: unixNanoAt(1_000) + 1n };
      expect(await store.serviceStatistics(exact)).toEqual(naiveStatistics(CHECKOUT, {}));
      expect(await store.serviceStatistics({ endTimeUnixNano: unixNanoAt(1_000) })).toMatchObject([
        { serviceName: "odd", spanCount: 1 },
      ]);
    });

    it("adds up the calls between services once for each trace", async () => {
      const call = { fromService: "shop", toService: "pay", type: "rpc" };
      const all = await store.dependencies({});
      expect(all).toContainEqual({ ...call, callCount: 2, errorCount: 1 });
      const keys = all.map(({ fromService, toService, type }) =>
        JSON.stringify([fromService, toService, type]),
      );
      expect(keys).toEqual([...new Set(keys)].sort());
      const exact = { startTimeUnixNano: unixNanoAt(1_000), endTimeUnixNano: unixNanoAt(1_000) + 1n };
      expect(await store.dependencies(exact)).toEqual([{ ...call, callCount: 1, errorCount: 1 }]);
      const during = { startTimeUnixNano: unixNanoAt(1_005), endTimeUnixNano: unixNanoAt(1_999) };
      expect(await store.dependencies(during)).toEqual([]);
    });
  });

  describe("long lists", () => {
    let handle: StoreHandle;
    beforeEach(async () => {
      handle = await open();
    });
    afterEach(() => handle.close());

    it("names 1,000 operations of a service in statistics and says when there are more", async () => {
      const feed = new BatchFeed(handle.store);
      const names = Array.from({ length: 1_001 }, (_, index) => `operation ${index + 1_000}`);
      const spans = names.map((name) => buildSpan(name, { id: name, service: "many", at: [0, 1] }));
      feed.append(...spans.slice(0, 1_000));
      const [exact] = await handle.store.serviceStatistics({});
      expect(exact).toMatchObject({ spanCount: 1_000, operationsTruncated: false });
      expect(exact?.operations).toEqual(names.slice(0, 1_000));
      await handle.flush();
      feed.append(...spans.slice(1_000));
      const [over] = await handle.store.serviceStatistics({});
      expect(over).toMatchObject({ spanCount: 1_001, operationsTruncated: true });
      expect(over?.operations).toHaveLength(1_000);
      expect(await handle.store.operations("many")).toHaveLength(1_001);
    });
  });
}
