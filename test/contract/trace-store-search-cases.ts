/** Cases of the store contract that only read: which traces a search finds and in what order. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spanFromRow } from "../../src/batch/span-from-row.ts";
import type { TraceQuery } from "../../src/filter/trace-query.ts";
import type { TraceStore } from "../../src/store/trace-store.ts";
import { BUILDER_START_UNIX_NANO, traceIdOf, unixNanoAt } from "../helpers/trace-builder.ts";
import { ALL_SPANS, CHECKOUT, CONFLICT } from "./trace-store-dataset.ts";
import type { OpenStore, Placement, StoreHandle } from "./trace-store-handle.ts";
import { durationsOf, idsOf, PLACEMENTS, place, scanAll, searchAll, spansOf } from "./trace-store-handle.ts";

const MILLI = 1_000_000n;
const TIE_IDS = ["tie-1", "tie-2", "tie-3"].map(traceIdOf).sort().reverse();
const NEWEST_FIRST = [
  ...["future", "conflict", "backwards", "two-roots", "orphan"].map(traceIdOf),
  ...TIE_IDS,
  ...["checkout-ok", "mixed", "checkout", "zero"].map(traceIdOf),
];

/** Query and the traces it finds, newest first. */
const SEARCHES: readonly (readonly [string, TraceQuery, readonly string[]])[] = [
  ["a service", { serviceName: "pay" }, ["checkout-ok", "checkout"]],
  ["a service nobody knows", { serviceName: "payments" }, []],
  ["an operation", { operationName: "charge" }, ["checkout-ok", "checkout"]],
  ["service and operation of one span", { serviceName: "shop", operationName: "browse" }, ["mixed"]],
  ["service and operation of different spans", { serviceName: "shop", operationName: "list" }, []],
  ["an error", { hasErrors: true }, ["checkout"]],
  ["an error on a span of the service", { serviceName: "pay", hasErrors: true }, ["checkout"]],
  ["an error on a span of another service", { serviceName: "shop", hasErrors: true }, []],
  [
    "no error anywhere in the trace",
    { serviceName: "shop", hasErrors: false },
    ["conflict", "checkout-ok", "mixed"],
  ],
  ["root service", { rootServiceName: "shop" }, ["conflict", "checkout-ok", "mixed", "checkout"]],
  ["a service that is not the root's", { rootServiceName: "pay" }, []],
  ["root operation", { rootOperationName: "checkout" }, ["checkout-ok", "checkout"]],
  ["the earlier of two roots", { rootOperationName: "first" }, ["two-roots"]],
  ["the later of two roots", { rootOperationName: "second" }, []],
  ["a span without a parent in an orphan trace", { rootServiceName: "mail" }, []],
  [
    "least duration, inclusive",
    { serviceName: "shop", minDurationNanos: 100n * MILLI },
    ["checkout-ok", "checkout"],
  ],
  [
    "least duration, one nanosecond more",
    { serviceName: "shop", minDurationNanos: 100n * MILLI + 1n },
    ["checkout-ok"],
  ],
  [
    "greatest duration, inclusive",
    { serviceName: "shop", maxDurationNanos: 100n * MILLI },
    ["conflict", "mixed", "checkout"],
  ],
  [
    "greatest duration, one nanosecond less",
    { serviceName: "shop", maxDurationNanos: 100n * MILLI - 1n },
    ["conflict", "mixed"],
  ],
  [
    "a duration of the trace, not of the span",
    { serviceName: "pay", minDurationNanos: 90n * MILLI },
    ["checkout-ok", "checkout"],
  ],
  ["no duration at all", { serviceName: "odd", maxDurationNanos: 0n }, ["backwards", "zero"]],
  [
    "a range that starts with the trace",
    { startTimeUnixNano: unixNanoAt(7_000) },
    ["future", "conflict", "backwards"],
  ],
  [
    "a range that starts a nanosecond later",
    { startTimeUnixNano: unixNanoAt(7_000) + 1n },
    ["future", "conflict"],
  ],
  ["a range that ends with the trace's start", { endTimeUnixNano: unixNanoAt(1_000) }, ["zero"]],
  ["a range that ends a nanosecond later", { endTimeUnixNano: unixNanoAt(1_000) + 1n }, ["checkout", "zero"]],
  [
    "a range that only later spans of a trace lie in",
    {
      startTimeUnixNano: unixNanoAt(1_005),
      endTimeUnixNano: unixNanoAt(1_999),
    },
    [],
  ],
  ["a range in the far future", { startTimeUnixNano: 18_000_000_000_000_000_000n }, ["future"]],
  ["a range that ends at zero", { endTimeUnixNano: 0n }, []],
  [
    "conditions of span and trace together",
    {
      serviceName: "pay",
      rootServiceName: "shop",
      hasErrors: true,
      minDurationNanos: 1n,
      startTimeUnixNano: BUILDER_START_UNIX_NANO,
    },
    ["checkout"],
  ],
  ["one condition of several that fails", { serviceName: "pay", rootServiceName: "pay" }, []],
];

/** Attribute, text, whether the failed checkout is found. */
const ATTRIBUTES: readonly (readonly [string, string, string, boolean])[] = [
  ["text", "card.kind", "visa", true],
  ["text in another case", "card.kind", "Visa", false],
  ["part of a text", "card.kind", "vis", false],
  ["a key nobody sent", "card.color", "visa", false],
  ["a text that looks like a number, as text", "digits", "42.0", true],
  ["a text that looks like a number, as a number", "digits", "42", false],
  ["an integer", "http.response.status_code", "500", true],
  ["an integer written as a decimal", "http.response.status_code", "500.0", true],
  ["another integer", "http.response.status_code", "501", false],
  ["an integer above 2^53", "order.id", "9007199254740993", true],
  ["its neighbour, which a double cannot tell apart", "order.id", "9007199254740992", false],
  ["a double", "amount", "12.5", true],
  ["a double written otherwise", "amount", "1.25e1", true],
  ["a whole double", "ratio", "3", true],
  ["a bool", "retried", "true", true],
  ["the other bool", "retried", "false", false],
  ["an element of an array", "tags", "gold", true],
  ["a number in an array", "tags", "7", true],
  ["no element of an array", "tags", "silver", false],
  ["bytes as base64", "blob", "APr/", true],
  ["other bytes", "blob", "APr+", false],
  ["a value inside a map", "details", "gold", false],
  ["a resource attribute", "host.name", "pay-7", true],
  ["an integer of the resource", "host.cpus", "4", true],
  ["the service name of the resource", "service.name", "pay", true],
  ["the span's own value before the resource's", "region", "own", true],
  ["a resource value that the span's own hides", "region", "eu-1", false],
  ["a resource value that an empty value hides", "nothing", "something", false],
];

/** Read-only cases, each with all spans in memory, all sealed, and traces split between both. */
export function describeSearches(open: OpenStore): void {
  describe.each(PLACEMENTS)("search, spans %s", (placement: Placement) => {
    let handle: StoreHandle;
    let store: TraceStore;
    beforeAll(async () => {
      handle = await open();
      store = handle.store;
      await place(handle, ALL_SPANS, placement);
    });
    afterAll(() => handle.close());

    it("gives every trace once, newest first, ties by id descending", async () => {
      expect(await idsOf(store, {})).toEqual(NEWEST_FIRST);
    });

    it.each(SEARCHES)("finds traces by %s", async (_name, query, names) => {
      expect(await idsOf(store, query)).toEqual(names.map(traceIdOf));
    });

    it.each(ATTRIBUTES)("compares an attribute with %s", async (_name, key, value, isFound) => {
      const expected = isFound ? [traceIdOf("checkout")] : [];
      const found = await idsOf(store, { serviceName: "pay", hasErrors: true, attributes: [{ key, value }] });
      expect(found).toEqual(expected);
    });

    it("wants all attributes on one span", async () => {
      const x = { key: "x", value: "1" };
      const y = { key: "y", value: "2" };
      expect(await idsOf(store, { attributes: [x] })).toEqual([traceIdOf("mixed")]);
      expect(await idsOf(store, { attributes: [y] })).toEqual([traceIdOf("mixed")]);
      expect(await idsOf(store, { attributes: [x, y] })).toEqual([]);
    });

    it("summarises a whole trace", async () => {
      expect(await searchAll(store, { hasErrors: true })).toEqual([
        {
          traceId: traceIdOf("checkout"),
          rootServiceName: "shop",
          rootOperationName: "checkout",
          startTimeUnixNano: unixNanoAt(1_000),
          endTimeUnixNano: unixNanoAt(1_100),
          spanCount: 3,
          errorCount: 1,
          services: [
            { name: "pay", spanCount: 1, errorCount: 1 },
            { name: "shop", spanCount: 2, errorCount: 0 },
          ],
        },
      ]);
    });

    it("summarises a trace without a root and one that ends before it starts", async () => {
      const [orphan] = await searchAll(store, { serviceName: "mail" });
      expect(orphan).toMatchObject({ rootServiceName: "", rootOperationName: "", spanCount: 2 });
      const [backwards] = await searchAll(store, { operationName: "backwards" });
      expect(backwards).toMatchObject({
        startTimeUnixNano: unixNanoAt(7_000),
        endTimeUnixNano: unixNanoAt(7_000),
      });
    });

    it.each([1, 2, 3, 5, 12])("pages of %i have neither gaps nor repeats", async (pageSize) => {
      const ids = (await searchAll(store, {}, pageSize)).map((summary) => summary.traceId);
      expect(ids).toEqual(NEWEST_FIRST);
    });

    it("pages a filtered search", async () => {
      const ids = (await searchAll(store, { serviceName: "shop" }, 1)).map((summary) => summary.traceId);
      expect(ids).toEqual(["conflict", "checkout-ok", "mixed", "checkout"].map(traceIdOf));
    });

    it("says that there is more only when there is", async () => {
      const exact = await store.search({ serviceName: "pay" }, { limit: 2 });
      expect(exact).toMatchObject({ hasMore: false });
      const first = await store.search({ serviceName: "pay" }, { limit: 1 });
      expect(first).toMatchObject({ hasMore: true, summaries: [{ traceId: traceIdOf("checkout-ok") }] });
    });

    it("starts a page after a place where no trace is", async () => {
      const after = { startTimeUnixNano: unixNanoAt(2_500), traceId: "f".repeat(32) };
      const { summaries } = await store.search({}, { limit: 2, after });
      expect(summaries.map((summary) => summary.traceId)).toEqual(["mixed", "checkout"].map(traceIdOf));
    });

    it("gives all spans of a trace by start, as they were sent", async () => {
      expect(await spansOf(store, traceIdOf("checkout"))).toEqual(CHECKOUT);
    });

    it("keeps both spans of one id with different content", async () => {
      expect(await spansOf(store, traceIdOf("conflict"))).toEqual(CONFLICT);
    });

    it("gives no span for an unknown trace", async () => {
      expect(await store.trace("0123456789abcdef0123456789abcdef")).toEqual([]);
    });

    it("gives several traces at once, those that it has, each as it gives one", async () => {
      const ids = ["conflict", "checkout", "mixed"].map(traceIdOf);
      const unknown = ["0123456789abcdef0123456789abcdef", "nonsense"];
      const found = await store.traces([...ids, ...unknown, traceIdOf("checkout")]);
      expect([...found.keys()].sort()).toEqual([...ids].sort());
      for (const [traceId, rows] of found) {
        expect(rows.map(spanFromRow)).toEqual((await store.trace(traceId)).map(spanFromRow));
      }
      expect(found.get(traceIdOf("checkout"))?.map(spanFromRow)).toEqual(CHECKOUT);
      expect((await store.traces([])).size).toBe(0);
    });

    it("scans whole traces, newest first, up to the limit", async () => {
      const scanned = await scanAll(store, { serviceName: "pay" }, 1);
      expect(scanned.map(({ summary }) => summary.traceId)).toEqual([traceIdOf("checkout-ok")]);
      const all = await scanAll(store, {});
      expect(all.map(({ summary }) => summary.traceId)).toEqual(NEWEST_FIRST);
      expect(all.map(({ summary }) => summary)).toEqual(await searchAll(store, {}));
      expect(all.flatMap(({ spans }) => spans)).toHaveLength(ALL_SPANS.length);
      expect(all.find(({ summary }) => summary.errorCount > 0)?.spans).toEqual(CHECKOUT);
    });

    it("scans durations of whole traces, newest first, up to the limit", async () => {
      const one = await durationsOf(store, { serviceName: "pay" }, 1);
      expect(one.map(({ summary }) => summary.traceId)).toEqual([traceIdOf("checkout-ok")]);
      const [failed] = await durationsOf(store, { hasErrors: true });
      expect(failed?.durations).toEqual(
        CHECKOUT.map(({ serviceName, name, durationMs }) => [serviceName, name, durationMs]).sort(),
      );
      expect((await durationsOf(store, {})).map(({ summary }) => summary.traceId)).toEqual(NEWEST_FIRST);
      expect(await durationsOf(store, {}, 0)).toEqual([]);
    });
  });
}
