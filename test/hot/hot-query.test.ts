import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Steps } from "../../src/base/time-slice.ts";
import { atOnce } from "../../src/base/time-slice.ts";
import type { SpanRow } from "../../src/batch/span-batch.ts";
import { matchingTraces, traceMatcher, tracesInAnyOrder } from "../../src/hot/hot-query.ts";
import { HotSet } from "../../src/hot/hot-set.ts";
import type { HotTraceRef } from "../../src/hot/hot-view.ts";
import { comparePlaces, TraceHeap } from "../../src/hot/trace-heap.ts";
import { BatchFeed } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

function manyTraces(count: number): HotSet {
  const hotSet = new HotSet();
  const spans = Array.from({ length: count }, (_, at) => buildSpan(`t${at}`, { id: "s", at: [at, at + 1] }));
  new BatchFeed(hotSet).append(...spans);
  return hotSet;
}

describe("long searches", () => {
  it("let other events run in between and end when the caller leaves", async () => {
    const view = manyTraces(30_000).view();
    const leaving = new AbortController();
    setImmediate(() => leaving.abort());
    const drain = async (): Promise<void> => {
      // Goes over the traces again and again: without a pause for other events it would never end.
      for (;;) {
        for await (const _ of matchingTraces(view, { operationName: "none" }, leaving));
      }
    };
    await expect(drain()).rejects.toMatchObject({ code: "cancelled" });
  });

  it("of one large trace let other events run in between", () => {
    const hotSet = new HotSet();
    const spans = Array.from({ length: 9_000 }, (_, at) =>
      buildSpan("large", { id: `s${at}`, at: [at, at + 1] }),
    );
    new BatchFeed(hotSet).append(...spans);
    const [trace] = [...hotSet.view().traces()];
    const rows = atOnce(trace!.rows());
    const asked = traceMatcher({ operationName: "none" })(rows);
    expect([...trace!.rows()]).toEqual([2_048, 2_048, 2_048, 2_048]);
    expect([...asked].length).toBe(17);
    const found = [...traceMatcher({})(rows)];
    expect(Math.max(...found)).toBeLessThanOrEqual(2_048);
    expect(found.length).toBeGreaterThan(20);
  });

  it("of sums let other events run in between too", async () => {
    const view = manyTraces(30_000).view();
    const leaving = new AbortController();
    setImmediate(() => leaving.abort());
    const drain = async (): Promise<void> => {
      for (;;) for await (const _ of tracesInAnyOrder(view, {}, leaving));
    };
    await expect(drain()).rejects.toMatchObject({ code: "cancelled" });
  });
});

const noRows = (): Steps<SpanRow[]> => new HotSet().rowsOf("");

describe("a trace heap", () => {
  it("gives traces by start descending, then id descending", async () => {
    const anyTrace = fc.record({
      startTimeUnixNano: fc.bigInt({ min: 0n, max: 3n }),
      traceId: fc.string({ maxLength: 3 }),
    });
    await fc.assert(
      fc.property(fc.array(anyTrace), (places) => {
        const refs = places.map(
          (place): HotTraceRef => ({ ...place, endTimeUnixNano: 0n, hasError: false, rows: noRows }),
        );
        const heap = new TraceHeap([...refs]);
        const taken = refs.map(() => heap.take());
        expect(taken).toEqual(refs.toSorted(comparePlaces));
        expect(heap.take()).toBeUndefined();
      }),
    );
  });
});
