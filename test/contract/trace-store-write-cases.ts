/** Cases of the store contract that write while they look: when spans are found, once each, and what a flush changes. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ERROR_TABLE } from "../../src/base/errors.ts";
import type { Span } from "../../src/model/span.ts";
import { BatchFeed, withTimes } from "../helpers/otlp-fixture.ts";
import { buildSpan, spanIdOf, traceIdOf, unixNanoAt } from "../helpers/trace-builder.ts";
import { ALL_SPANS, CHECKOUT, CHECKOUT_OK, MIXED } from "./trace-store-dataset.ts";
import type { OpenStore, StoreHandle } from "./trace-store-handle.ts";
import { idsOf, scanAll, searchAll, spansOf } from "./trace-store-handle.ts";

const [ROOT, CALL, CHARGE] = CHECKOUT as readonly [Span, Span, Span];

/** A span with every field filled. */
const FULL: Span = {
  ...withTimes(
    buildSpan("full", { id: "full", parent: "gone", service: "full", kind: "PRODUCER", at: [0, 1] }),
    1_700_000_000_000_000_001n,
    1_700_000_000_000_000_999n,
  ),
  status: "ERROR",
  statusMessage: "it broke",
  attributes: { a: 1n, b: [1.5, "x", null, [true]], c: { d: new Uint8Array([1, 2]) }, "": "" },
  events: [
    {
      name: "e",
      timeUnixNano: 1_700_000_000_000_000_500n,
      attributes: { k: "v" },
      droppedAttributesCount: 3,
    },
  ],
  links: [
    {
      traceId: traceIdOf("other"),
      spanId: spanIdOf("other"),
      traceState: "l=1",
      attributes: { linked: true },
      droppedAttributesCount: 4,
      flags: 257,
    },
  ],
  resource: {
    attributes: { "service.name": "full", "process.pid": 7n },
    droppedAttributesCount: 5,
    schemaUrl: "https://opentelemetry.io/schemas/1.30.0",
  },
  scope: {
    name: "lib",
    version: "1.2.3",
    attributes: { scoped: 2n },
    droppedAttributesCount: 6,
    schemaUrl: "https://opentelemetry.io/schemas/1.31.0",
  },
  traceState: "vendor=value",
  flags: 769,
  droppedAttributesCount: 7,
  droppedEventsCount: 8,
  droppedLinksCount: 9,
};

/** A trace of one span that starts `millis` after the builder's start. */
function single(name: string, millis: number): Span {
  return buildSpan(name, { id: name, service: "single", at: [millis, millis + 1] });
}

/** Cases that each start with an empty store. */
export function describeWrites(open: OpenStore): void {
  describe("spans that come in", () => {
    let handle: StoreHandle;
    let feed: BatchFeed;
    beforeEach(async () => {
      handle = await open();
      feed = new BatchFeed(handle.store);
    });
    afterEach(() => handle.close());

    it("are found by every reader as soon as append returns", async () => {
      feed.append(...CHECKOUT);
      const { store } = handle;
      const answers = await Promise.all([
        spansOf(store, ROOT.traceId),
        idsOf(store, { serviceName: "pay" }),
        store.services(),
        store.operations("pay"),
        store.serviceStatistics({ serviceName: "pay" }),
      ]);
      expect(answers.slice(0, 4)).toEqual([
        CHECKOUT,
        [ROOT.traceId],
        ["pay", "shop"],
        [{ name: "charge", kind: "SERVER" }],
      ]);
      expect(answers[4]).toHaveLength(1);
    });

    it("are one span when they come twice, in one batch, in two, and across a flush", async () => {
      feed.append(ROOT, ROOT, CALL);
      expect(await spansOf(handle.store, ROOT.traceId)).toEqual([ROOT, CALL]);
      feed.append(CALL, CHARGE);
      expect(await spansOf(handle.store, ROOT.traceId)).toEqual(CHECKOUT);
      await handle.flush();
      expect(await spansOf(handle.store, ROOT.traceId)).toEqual(CHECKOUT);
      feed.append(CHARGE, ROOT, ROOT);
      expect(await spansOf(handle.store, ROOT.traceId)).toEqual(CHECKOUT);
      await handle.flush();
      expect(await spansOf(handle.store, ROOT.traceId)).toEqual(CHECKOUT);
      const summaries = await searchAll(handle.store, {});
      expect(summaries).toHaveLength(1);
      expect(summaries[0]).toMatchObject({ spanCount: 3, errorCount: 1 });
      const [scanned] = await scanAll(handle.store, {});
      expect(scanned?.spans).toEqual(CHECKOUT);
      const statistics = await handle.store.serviceStatistics({});
      expect(statistics.map(({ serviceName, spanCount }) => [serviceName, spanCount])).toEqual([
        ["pay", 1],
        ["shop", 2],
      ]);
    });

    it("are two spans when only the content differs, also across a flush", async () => {
      const other = { ...ROOT, attributes: { attempt: 2n } };
      const otherKind: Span = { ...CALL, kind: "PRODUCER" };
      feed.append(ROOT, CALL);
      await handle.flush();
      feed.append(other, otherKind, ROOT);
      const spans = await spansOf(handle.store, ROOT.traceId);
      expect(spans).toHaveLength(4);
      expect(spans).toEqual(expect.arrayContaining([ROOT, other, CALL, otherKind]));
      await handle.flush();
      expect(await spansOf(handle.store, ROOT.traceId)).toHaveLength(4);
      expect(await searchAll(handle.store, {})).toMatchObject([{ spanCount: 4 }]);
    });

    it("keep every field, before and after a flush", async () => {
      feed.append(FULL);
      expect(await spansOf(handle.store, FULL.traceId)).toEqual([FULL]);
      await handle.flush();
      expect(await spansOf(handle.store, FULL.traceId)).toEqual([FULL]);
    });

    it("join their trace when they are late: summary, conditions and order follow", async () => {
      feed.append(CALL);
      await handle.flush();
      feed.append(...MIXED);
      await handle.flush();
      expect(await idsOf(handle.store, { rootServiceName: "shop", operationName: "charge" })).toEqual([]);
      feed.append(CHARGE);
      expect(await idsOf(handle.store, { hasErrors: true })).toEqual([ROOT.traceId]);
      expect(await idsOf(handle.store, { serviceName: "shop", hasErrors: false })).toEqual([
        traceIdOf("mixed"),
      ]);
      const lateRoot = withTimes(ROOT, unixNanoAt(900), unixNanoAt(9_000));
      feed.append(lateRoot);
      for (const step of [() => Promise.resolve(), () => handle.flush()]) {
        await step();
        expect(await idsOf(handle.store, { rootServiceName: "shop", operationName: "charge" })).toEqual([
          ROOT.traceId,
        ]);
        expect(await idsOf(handle.store, { endTimeUnixNano: unixNanoAt(901) })).toEqual([ROOT.traceId]);
        expect(await idsOf(handle.store, { minDurationNanos: 8_100_000_000n })).toEqual([ROOT.traceId]);
        expect(await spansOf(handle.store, ROOT.traceId)).toEqual([lateRoot, CALL, CHARGE]);
      }
    });

    it("neither open gaps nor repeat traces when they come between the pages of a search", async () => {
      const older = Array.from({ length: 9 }, (_, index) => single(`older-${index}`, index));
      feed.append(...older.slice(0, 5));
      await handle.flush();
      feed.append(...older.slice(5));
      let round = 0;
      const summaries = await searchAll(handle.store, {}, 2, async () => {
        round++;
        feed.append(single(`newer-${round}`, 1_000 + round));
        if (round % 2 === 1) await handle.flush();
      });
      expect(round).toBe(4);
      expect(summaries.map((summary) => summary.traceId)).toEqual(
        older.map((span) => span.traceId).reverse(),
      );
    });

    it("do not disturb a scan that is under way", async () => {
      const older = Array.from({ length: 8 }, (_, index) => single(`older-${index}`, index));
      feed.append(...older);
      const ids: string[] = [];
      for await (const { summary } of handle.store.scan({}, { limit: 100 })) {
        ids.push(summary.traceId);
        feed.append(single(`newer-${ids.length}`, 1_000 + ids.length));
        if (ids.length === 3) await handle.flush();
      }
      expect(ids).toEqual(older.map((span) => span.traceId).reverse());
    });

    it("may be very many of one trace", async () => {
      const spans = Array.from({ length: 3_000 }, (_, index) =>
        buildSpan("long", { id: `s${index}`, service: `service-${index % 7}`, at: [index, index + 10] }),
      );
      for (let from = 0; from < spans.length; from += 500) {
        feed.append(...spans.slice(from, from + 500));
        if (from === 1_500) await handle.flush();
      }
      const rows = await spansOf(handle.store, traceIdOf("long"));
      expect(rows.map((span) => span.spanId)).toEqual(spans.map((span) => span.spanId));
      expect(await searchAll(handle.store, {})).toMatchObject([
        { spanCount: 3_000, endTimeUnixNano: unixNanoAt(3_009) },
      ]);
    });

    it("are covered up to the last position once flushed", async () => {
      const { store } = handle;
      expect(store.coveredPosition()).toBe(-1);
      feed.append(...CHECKOUT);
      feed.append(...MIXED);
      await handle.flush();
      expect(store.coveredPosition()).toBe(1);
      const last = feed.append(...CHECKOUT_OK);
      expect(store.coveredPosition()).toBeGreaterThanOrEqual(1);
      await handle.flush();
      expect(store.coveredPosition()).toBe(last);
      await handle.flush();
      expect(store.coveredPosition()).toBe(last);
    });

    it("are found while a flush is under way", async () => {
      feed.append(...CHECKOUT);
      const flushed = handle.flush();
      feed.append(...MIXED);
      expect(await idsOf(handle.store, {})).toEqual(["mixed", "checkout"].map(traceIdOf));
      expect(await spansOf(handle.store, ROOT.traceId)).toEqual(CHECKOUT);
      await flushed;
      expect(await idsOf(handle.store, {})).toEqual(["mixed", "checkout"].map(traceIdOf));
    });

    it("are refused as unavailable after stop, which may be called twice", async () => {
      await handle.store.stop();
      await handle.store.stop();
      expect(() => feed.append(ROOT)).toThrow(expect.objectContaining({ code: "unavailable" }));
      expect(ERROR_TABLE.unavailable.retryable).toBe(true);
    });

    it("may be none: an empty batch and an empty store answer everything", async () => {
      feed.append();
      await handle.flush();
      const { store } = handle;
      expect(await store.search({}, { limit: 10 })).toEqual({ summaries: [], hasMore: false });
      expect(await scanAll(store, {})).toEqual([]);
      expect(await store.services()).toEqual([]);
      expect(await store.serviceStatistics({})).toEqual([]);
      expect(await store.dependencies({})).toEqual([]);
      expect(Object.values(store.gauges()).every(Number.isFinite)).toBe(true);
    });

    it("stop being looked at when the caller has gone", async () => {
      feed.append(...ALL_SPANS);
      const { store } = handle;
      const { signal } = aborted();
      const cancelled = expect.objectContaining({ code: "cancelled" });
      await expect(store.search({}, { limit: 10, signal })).rejects.toEqual(cancelled);
      await expect(store.trace(ROOT.traceId, signal)).rejects.toEqual(cancelled);
      await expect(store.serviceStatistics({ signal })).rejects.toEqual(cancelled);
      await expect(store.dependencies({ signal })).rejects.toEqual(cancelled);
      await expect(store.scan({}, { limit: 10, signal })[Symbol.asyncIterator]().next()).rejects.toEqual(
        cancelled,
      );
      const leaving = new AbortController();
      const scan = store.scan({}, { limit: 10, signal: leaving.signal })[Symbol.asyncIterator]();
      await scan.next();
      leaving.abort();
      await expect(scan.next()).rejects.toEqual(cancelled);
    });
  });
}

function aborted(): AbortController {
  const controller = new AbortController();
  controller.abort();
  return controller;
}
